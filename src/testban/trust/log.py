"""The joint log: entries in order, checkpoints that witnesses sign, proofs. The sequencer without its disk.

Rules: one order, decided once; a checkpoint never contradicts an earlier one, since the tree only grows; whoever keeps
the entries decides when they are safe (see `store.log_files`) and only then calls `append`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

from testban.trust import checkpoints, checks, merkle, proofs
from testban.trust.checkpoints import Checkpoint
from testban.trust.checks import Reason
from testban.trust.merkle import Tree
from testban.trust.notes import MAX_NOTE_BYTES, Note, Signer
from testban.trust.quorum import Quorum
from testban.trust.witness import Answer, request_bytes

Post = Callable[[bytes], Answer]
WINDOW = 1_000_000  # entries whose places are remembered: a day of 100 stations at 10 s


class Keep(Sequence[bytes]):
    """Where the entries of a log are kept."""

    @abstractmethod
    def append(self, entry: bytes) -> None:
        """Keep one more."""


class InMemory(list[bytes], Keep):
    """Entries of a demonstration or test."""


def check_entry(entry: bytes) -> None:
    """Refuse what no bundle of entries could hold."""
    if not 0 < len(entry) <= MAX_NOTE_BYTES:
        checks.require(False, Reason.NOTE_SIZE, f"an entry of {len(entry)} bytes")


class Log:
    """A log of one origin. also: further keys that sign every head, while one key gives way to another."""

    def __init__(
        self, origin: str, signer: Signer, entries: Iterable[bytes] = (), keep: "Keep | None" = None,
        also: Sequence[Signer] = (),
    ) -> None:  # fmt: skip
        self.origin = origin
        self.signers = signer, *also
        kept: Keep = InMemory() if keep is None else keep
        self.entries: Sequence[bytes] = kept
        self._keep = kept.append
        self.tree = Tree()
        self._places: dict[bytes, int] = {}
        for e in entries:
            self.append(e)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.tree.size

    def settle(self, entries: Iterable[bytes]) -> tuple[list[int], dict[bytes, bytes]]:
        """The places that entries have or will have, and those that are new by leaf hash, for `extend`.

        One that is among the last WINDOW already keeps its place.
        """
        indices: list[int] = []
        fresh: dict[bytes, bytes] = {}
        coming: dict[bytes, int] = {}
        for entry in entries:
            check_entry(entry)
            leaf = merkle.leaf_hash(entry)
            index = self._places.get(leaf)
            if index is None:
                index = coming.setdefault(leaf, self.size + len(coming))
                fresh[leaf] = entry
            indices.append(index)
        return indices, fresh

    def extend(self, fresh: Mapping[bytes, bytes]) -> None:
        """Add what `settle` found to be new."""
        index = self.tree.extend(list(fresh))
        for leaf, entry in fresh.items():
            self._places[leaf] = index
            index += 1
            self._keep(entry)
        while len(self._places) > WINDOW:
            del self._places[next(iter(self._places))]

    def append(self, entry: bytes) -> int:
        """Add an entry and return its index."""
        indices, fresh = self.settle([entry])
        self.extend(fresh)
        return indices[0]

    def checkpoint(self, size: int | None = None) -> Note:
        """The signed head of the tree."""
        size = self.size if size is None else size
        return checkpoints.sign(Checkpoint(self.origin, size, self.tree.root(size)), *self.signers)

    def witnessed(self, note: Note, witnesses: dict[str, tuple[int, Post]]) -> tuple[Note, dict[str, Answer]]:
        """Ask witnesses (name -> size they signed last, post) to cosign; a stale size is asked again once."""
        head = checkpoints.parse_text(note.text)
        answers: dict[str, Answer] = {}
        for name, (old, post) in witnesses.items():
            answer = self._ask(note, head, old, post)
            if answer.status == 409 and answer.body.strip().isdigit() and len(answer.body) < 20:
                known = int(answer.body)
                if known != old and known <= head.size:
                    answer = self._ask(note, head, known, post)
            answers[name] = answer
            if answer.status == 200:
                note = checkpoints.with_cosignatures(note, answer.body)
        return note, answers

    def _ask(self, note: Note, head: Checkpoint, old: int, post: Post) -> Answer:
        proof = self.tree.consistency(old, head.size) if 0 < old < head.size else []
        return post(request_bytes(old, proof, note.encode()))

    def prove(self, index: int, note: Note, quorum: Quorum | None = None) -> bytes:
        """A proof that carries entry and checkpoint; with a policy, no signature more than it needs."""
        head = checkpoints.parse_text(note.text)
        kept = quorum.smallest(note) if quorum else note
        return proofs.make(self.entries[index], index, self.tree.inclusion(index, head.size), kept.encode())
