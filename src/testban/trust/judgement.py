"""Judging without answering the other's answer: commit, then reveal; and draws that nobody can steer.

Rules: a commitment is SHA-256(purpose, subject, party, value, salt) with a salt of 32 bytes; nobody reveals before all have
committed; a draw takes every party's share, so that one honest party makes it fair; candidates are ranked by a hash of all
shares and their name (ties cannot occur, order of the list does not matter).
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from testban.trust import checks, notes
from testban.trust.bodies import kind_of
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import Commitment, Reveal
from testban.trust.registry import Treaty


class Refusal(msgspec.Struct, frozen=True):
    """An entry of the log that speaks of a question and does not count."""

    index: int
    party: str
    reason: Reason
    detail: str


def digest(reveal: Reveal) -> bytes:
    """What a commitment to this reveal says."""
    parts = (reveal.purpose, reveal.subject, reveal.party, reveal.value)
    data = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts) + reveal.salt
    return hashlib.sha256(b"testban/commitment@v1\n" + data).digest()


def commit(reveal: Reveal) -> Commitment:
    """The commitment to a finding or a share."""
    return Commitment(
        party=reveal.party, purpose=reveal.purpose, subject=reveal.subject, digest=digest(reveal)
    )


class Board:
    """One question: who has committed, who has revealed. Entries come in the log's order."""

    def __init__(self, purpose: str, subject: str, parties: Sequence[str]) -> None:
        self.purpose, self.subject, self.parties = purpose, subject, tuple(parties)
        self.commitments: dict[str, Commitment] = {}
        self.reveals: dict[str, Reveal] = {}

    def commit(self, c: Commitment) -> None:
        """Take a commitment; the first of a party counts, a second is refused."""
        self._ours(c.purpose, c.subject, c.party)
        first = self.commitments.setdefault(c.party, c)
        checks.require(first == c, Reason.COMMITMENT, f"a second commitment of {c.party}")

    def reveal(self, r: Reveal) -> None:
        """Take a reveal once all have committed; it must be what was committed to."""
        self._ours(r.purpose, r.subject, r.party)
        complete = all(p in self.commitments for p in self.parties)
        checks.require(complete, Reason.REVEAL_EARLY, f"{r.party} reveals before all have committed")
        committed = self.commitments.get(r.party)
        same = committed is not None and committed.digest == digest(r)
        checks.require(same, Reason.COMMITMENT, f"{r.party} reveals something else")
        self.reveals[r.party] = r

    def _ours(self, purpose: str, subject: str, party: str) -> None:
        ours = (purpose, subject) == (self.purpose, self.subject) and party in self.parties
        checks.require(ours, Reason.COMMITMENT, f"not for {self.purpose} {self.subject}")

    @property
    def complete(self) -> bool:
        """True where everyone has revealed."""
        return all(p in self.reveals for p in self.parties)

    def draw(self, candidates: Sequence[str], count: int) -> tuple[str, ...]:
        """`count` of the candidates, chosen by all shares together."""
        checks.require(self.complete, Reason.REVEAL_EARLY, "a draw before all have revealed")
        shares = b"".join(digest(self.reveals[p]) for p in self.parties)
        ranked = sorted(set(candidates), key=lambda c: (hashlib.sha256(shares + c.encode()).digest(), c))
        return tuple(ranked[:count])


def read(
    entries: Iterable[bytes], purpose: str, subject: str, treaty: Treaty
) -> tuple[Board, tuple[Refusal, ...]]:
    """The board of one question as a log's entries give it; what does not count is said, with who said it."""
    board = Board(purpose, subject, tuple(treaty.parties))
    refused: list[Refusal] = []
    for index, entry in enumerate(entries):
        if not entry.startswith((b"testban/commitment@v1\n", b"testban/reveal@v1\n")):
            continue
        party = ""
        try:
            note = notes.parse(entry)
            said = (Commitment if kind_of(note.text) == "commitment" else Reveal).parse(note.text)
            if (said.purpose, said.subject) != (purpose, subject):
                continue
            party = said.party
            signed = party in treaty.signers(note)
            checks.require(signed, Reason.APPROVALS, f"not signed by {party}, in whose name it speaks")
            board.commit(said) if isinstance(said, Commitment) else board.reveal(said)
        except Rejected as exc:
            refused.append(Refusal(index, party, exc.reason, exc.detail))
    return board, tuple(refused)
