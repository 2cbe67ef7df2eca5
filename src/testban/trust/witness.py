"""A witness (C2SP tlog-witness): signs a checkpoint only where it continues what this witness signed before.

Rules: cheapest checks first; what was signed last is kept *before* the signature leaves, by compare-and-set, so that
neither a crash nor two requests at once can make a witness sign two histories. No sockets here: bytes in, answer out.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from testban.trust import checkpoints, checks, merkle, notes
from testban.trust.checkpoints import Checkpoint
from testban.trust.checks import Reason, Rejected
from testban.trust.encoding import from_base64, from_decimal, to_base64
from testban.trust.keys import Cosigner
from testban.trust.notes import Note, Signature, Verifier

MAX_REQUEST_BYTES = 1 << 17
MAX_PROOF_LINES = 63
SIZE_TYPE = "text/x.tlog.size"


class Seen(msgspec.Struct, frozen=True):
    """The last checkpoint that a witness signed for a log."""

    size: int
    root: bytes


class Memory(Protocol):
    """Where a witness keeps what it signed."""

    def latest(self, origin: str) -> Seen | None:
        """The last one signed for this log."""

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Keep `new` durably if the last is still `old`; False otherwise."""


class InMemory:
    """A memory for tests and demonstrations; forgets everything with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, Seen] = {}

    def latest(self, origin: str) -> Seen | None:
        """The last one signed for this log."""
        return self._kept.get(origin)

    def advance(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Keep `new` if the last is still `old`."""
        if self._kept.get(origin) != old:
            return False
        self._kept[origin] = new
        return True


class Request(msgspec.Struct, frozen=True):
    """A parsed add-checkpoint request."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note


class Answer(msgspec.Struct, frozen=True):
    """What goes back, as HTTP names it, and the reason where it is a refusal."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    reason: Reason | None = None


def request_bytes(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The body of an add-checkpoint request."""
    lines = [f"old {old_size}", *(to_base64(h) for h in proof), ""]
    return ("\n".join(lines) + "\n").encode() + checkpoint


def parse_request(data: bytes) -> Request:
    """The request in these bytes; Rejected with a form reason."""
    checks.require(len(data) <= MAX_REQUEST_BYTES, Reason.REQUEST_FORM, f"{len(data)} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    checks.require(bool(blank) and head.isascii(), Reason.REQUEST_FORM, "no blank line before the checkpoint")
    lines = head.decode("ascii", "replace").split("\n")
    checks.require(lines[0].startswith("old "), Reason.REQUEST_FORM, "no old size line")
    checks.require(len(lines) - 1 <= MAX_PROOF_LINES, Reason.REQUEST_FORM, "more than 63 proof lines")
    old = from_decimal(lines[0][4:], Reason.REQUEST_FORM)
    proof = tuple(from_base64(line, Reason.REQUEST_FORM) for line in lines[1:])
    head_, note = checkpoints.parse(checkpoint)
    return Request(old, proof, head_, note)


class Witness:
    """One witness with its keys, the logs that it knows and its memory."""

    def __init__(
        self, cosigners: Sequence[Cosigner], logs: Mapping[str, Sequence[Verifier]], memory: Memory
    ) -> None:
        self.cosigners = tuple(cosigners)
        self.logs = dict(logs)
        self.memory = memory

    def add_checkpoint(self, data: bytes, now: int) -> Answer:
        """Answer a request at POSIX time `now`."""
        try:
            request = parse_request(data)
        except Rejected as exc:
            return _refuse(400, exc.reason)
        head = request.checkpoint
        known = self.logs.get(head.origin)
        if known is None:
            return _refuse(404, Reason.ORIGIN)
        try:
            checks.require(bool(notes.signers_of(request.note, known)), Reason.LOG_SIGNATURE)
        except Rejected:
            return _refuse(403, Reason.LOG_SIGNATURE)
        return self._continue(request, now)

    def _continue(self, request: Request, now: int) -> Answer:
        head = request.checkpoint
        last = self.memory.latest(head.origin)
        size = last.size if last else 0
        try:
            checks.require(request.old_size <= head.size, Reason.ROLLBACK)
        except Rejected as exc:
            return _refuse(400, exc.reason)
        try:
            checks.require(request.old_size == size, Reason.OLD_SIZE)
        except Rejected as exc:
            return Answer(409, b"%d\n" % size, SIZE_TYPE, exc.reason)
        new = Seen(head.size, head.root)
        try:
            if last is not None and head.size == last.size:
                checks.require(head.root == last.root, Reason.SPLIT_VIEW)
        except Rejected as exc:
            return Answer(409, b"%d\n" % size, SIZE_TYPE, exc.reason)
        try:
            self._check_proof(request, last)
        except Rejected:
            return _refuse(422, Reason.SPLIT_VIEW)
        if not self.memory.advance(head.origin, last, new):
            latest = self.memory.latest(head.origin)
            return Answer(409, b"%d\n" % (latest.size if latest else 0), SIZE_TYPE, Reason.OLD_SIZE)
        return Answer(200, self._cosign(request.note, now))

    def _check_proof(self, request: Request, last: Seen | None) -> None:
        head = request.checkpoint
        if last is None or last.size == 0:
            checks.require(not request.proof, Reason.SPLIT_VIEW, "a proof from the empty tree")
            if head.size == 0:
                checks.require(head.root == merkle.EMPTY_ROOT, Reason.SPLIT_VIEW, "not the empty root")
            return
        try:
            merkle.verify_consistency(last.size, head.size, request.proof, last.root, head.root)
            consistent = True
        except Rejected:
            consistent = False
        checks.require(consistent, Reason.SPLIT_VIEW, "the tree does not begin with the one signed before")

    def _cosign(self, note: Note, now: int) -> bytes:
        text = note.text.encode()
        lines = [Signature(c.name, c.verifier.key_id, c.cosign(text, now)).line() for c in self.cosigners]
        return "".join(lines).encode()


def _refuse(status: int, reason: Reason) -> Answer:
    return Answer(status, (reason.value + "\n").encode(), reason=reason)
