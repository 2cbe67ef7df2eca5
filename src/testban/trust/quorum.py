"""Who must have signed: C2SP tlog-policy text (logs, witnesses, groups, one quorum), read strictly.

Rules: names refer only backwards; a name is a member of one group at most; no public key stands twice under two names;
exactly one quorum line. Lines `#testban party NAME VKEY` are comments to other tools: they name the keys that sign
releases and approvals, so that one file is enough for a third party.
"""

import re
from collections.abc import Sequence

import msgspec

from testban.trust import checkpoints, checks, keys, notes
from testban.trust.checkpoints import Checkpoint
from testban.trust.checks import Reason
from testban.trust.notes import Note, Verifier

MAX_POLICY_BYTES = 1 << 18
MAX_MEMBERS = 256
_COUNT = re.compile(r"[1-9][0-9]{0,3}")


class Group(msgspec.Struct, frozen=True):
    """`need` of the members must have signed."""

    need: int
    members: tuple[str, ...]


class Verified(msgspec.Struct, frozen=True):
    """A checkpoint that satisfies a policy. times: POSIX seconds of the cosignatures by witness name."""

    checkpoint: Checkpoint
    note: Note
    witnesses: tuple[str, ...]
    times: tuple[int, ...]


class Quorum(msgspec.Struct, frozen=True):
    """A parsed policy."""

    logs: tuple[Verifier, ...]
    witnesses: dict[str, Verifier]
    groups: dict[str, Group]
    quorum: str
    parties: dict[str, Verifier]

    def satisfied(self, signed: Sequence[str], name: str | None = None) -> bool:
        """True where these witnesses (by their names here) are enough."""
        name = self.quorum if name is None else name
        if name == "none":
            return True
        group = self.groups.get(name)
        if group is None:
            return name in signed
        return sum(self.satisfied(signed, m) for m in group.members) >= group.need

    def check(self, data: bytes) -> Verified:
        """The checkpoint in these bytes; Rejected unless a known log and a quorum signed it."""
        head, note = checkpoints.parse(data)
        logs = [v for v in self.logs if v.name == head.origin]
        checks.require(bool(logs) or not self.logs, Reason.ORIGIN, f"no log {head.origin!r} in the policy")
        by_log = any(note.signed_by(v) for v in logs)
        checks.require(by_log or not self.logs, Reason.LOG_SIGNATURE, "no signature of the log")
        notes.signers_of(note, logs)
        known = {(v.name, v.key_id) for v in (*logs, *self.witnesses.values())}
        lines = [(s.name, s.key_id) for s in note.signatures if (s.name, s.key_id) in known]
        once = len(lines) == len(set(lines))
        checks.require(once, Reason.SIGNATURE_LINES, "a known key has two signature lines")
        signed = [n for n, v in self.witnesses.items() if note.signed_by(v)]
        notes.signers_of(note, [self.witnesses[n] for n in signed])
        enough = self.satisfied(signed)
        checks.require(enough, Reason.QUORUM, f"cosigned only by {', '.join(signed) or 'nobody'}")
        times = tuple(_time(note, self.witnesses[n]) for n in signed)
        return Verified(head, note, tuple(signed), times)

    def smallest(self, note: Note) -> Note:
        """The note with no more signatures than the policy needs, in the policy's order: every byte left counts."""
        logs = [s for v in self.logs if (s := note.signed_by(v)) is not None][:1]
        names = [n for n, v in self.witnesses.items() if note.signed_by(v)]
        for n in list(names)[::-1]:
            if self.satisfied([k for k in names if k != n]):
                names.remove(n)
        kept = [s for n in names if (s := note.signed_by(self.witnesses[n])) is not None]
        return Note(note.text, (*logs, *kept))


def _time(note: Note, verifier: Verifier) -> int:
    signature = note.signed_by(verifier)
    return keys.timestamp(signature.signature) if signature else 0


class _Parser:
    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: dict[str, Verifier] = {}
        self.groups: dict[str, Group] = {}
        self.used: set[str] = set()
        self.quorum: str | None = None
        self.parties: dict[str, Verifier] = {}

    def line(self, words: list[str]) -> None:
        kind = words[0]
        if kind == "log" and len(words) in (2, 3):
            self.logs.append(_fresh(words[1], self.logs, (keys.ED25519, keys.MLDSA44, keys.OTHER)))
        elif kind == "witness" and len(words) in (3, 4):
            known = list(self.witnesses.values())
            self._free(words[1])
            self.witnesses[words[1]] = _fresh(words[2], known, (keys.COSIGNATURE, keys.MLDSA44))
        elif kind == "group" and len(words) >= 4:
            self._group(words[1], words[2], words[3:])
        elif kind == "quorum" and len(words) == 2:
            checks.require(self.quorum is None, Reason.POLICY_FORM, "two quorum lines")
            known_name = words[1] == "none" or words[1] in self.witnesses or words[1] in self.groups
            checks.require(known_name, Reason.POLICY_FORM, f"quorum {words[1]!r} is not defined")
            self.quorum = words[1]
        else:
            raise checks.Rejected(Reason.POLICY_FORM, f"not a line of a policy: {' '.join(words)[:60]!r}")

    def _free(self, name: str) -> None:
        taken = name == "none" or name in self.witnesses or name in self.groups
        checks.require(not taken, Reason.POLICY_FORM, f"the name {name!r} is defined twice")

    def _group(self, name: str, count: str, members: list[str]) -> None:
        self._free(name)
        for m in members:
            known = m in self.witnesses or m in self.groups
            checks.require(known, Reason.POLICY_FORM, f"group member {m!r} is not defined")
            checks.require(m not in self.used, Reason.POLICY_FORM, f"{m!r} is a member twice")
            self.used.add(m)
        number = 1 if count == "any" else len(members) if count == "all" else 0
        if _COUNT.fullmatch(count):
            number = int(count)
        checks.require(
            1 <= number <= len(members), Reason.POLICY_FORM, f"{count!r} of {len(members)} members"
        )
        self.groups[name] = Group(number, tuple(members))

    def party(self, words: list[str]) -> None:
        checks.require(len(words) == 4 and words[1] == "party", Reason.POLICY_FORM, "not a #testban line")
        name = words[2]
        checks.require(name not in self.parties, Reason.POLICY_FORM, f"the party {name!r} is named twice")
        self.parties[name] = _fresh(words[3], list(self.parties.values()), (keys.ED25519, keys.OTHER))


def _fresh(vkey: str, known: Sequence[Verifier], kinds: tuple[int, ...]) -> Verifier:
    key = keys.parse_vkey(vkey)
    public = _public(key)
    checks.require(public[0] in kinds, Reason.POLICY_FORM, f"a key of type {public[0]} does not sign here")
    doubled = any(_public(k)[1:] == public[1:] for k in known)
    checks.require(not doubled, Reason.POLICY_FORM, "one public key under two names")
    return key


def _public(key: Verifier) -> bytes:
    from testban.trust.encoding import from_base64

    return from_base64(key.vkey().split("+", 2)[2], Reason.KEY_FORM)


def parse(data: bytes) -> Quorum:
    """The policy in these bytes; Rejected with `policy-form` or `key-form`."""
    checks.require(len(data) <= MAX_POLICY_BYTES, Reason.POLICY_FORM, "a policy too long")
    clean = all(b in (9, 10) or 32 <= b != 127 for b in data)
    checks.require(
        clean and data.endswith(b"\n"), Reason.POLICY_FORM, "expected lines without control characters"
    )
    parser = _Parser()
    for raw in data.decode("utf-8", "surrogateescape").split("\n"):
        words = [w for w in re.split(r"[ \t]+", raw) if w]
        comment = not words or (words[0].startswith("#") and words[0] != "#testban")
        text = comment or not any("\udc80" <= c <= "\udcff" for c in raw)
        checks.require(text, Reason.POLICY_FORM, "expected UTF-8 outside comments")
        if words and words[0] == "#testban":
            parser.party(words)
        elif words and not words[0].startswith("#"):
            parser.line(words)
    checks.require(parser.quorum is not None, Reason.POLICY_FORM, "no quorum line")
    return Quorum(
        tuple(parser.logs), parser.witnesses, parser.groups, parser.quorum or "none", parser.parties
    )
