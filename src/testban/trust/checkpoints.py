"""Checkpoints of a log (C2SP tlog-checkpoint): origin, size, root, signed by the log and cosigned by witnesses.

Rules: three lines and no extension lines in our own log; extension lines of others are read, kept and cosigned.
"""

import msgspec

from testban.trust import checks, notes
from testban.trust.checks import Reason
from testban.trust.encoding import from_base64, from_decimal, to_base64
from testban.trust.merkle import HASH_BYTES
from testban.trust.notes import Note, Signature, Signer

MAX_CHECKPOINT_BYTES = 65535


class Checkpoint(msgspec.Struct, frozen=True):
    """Which log, how many entries, what root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The signed text."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"


def parse_text(text: str) -> Checkpoint:
    """The checkpoint in a note's text; Rejected unless it has this one spelling."""
    lines = text.split("\n")
    checks.require(
        len(lines) >= 4 and all(lines[:-1]) and lines[-1] == "",
        Reason.CHECKPOINT_FORM,
        "expected three lines",
    )
    size = from_decimal(lines[1], Reason.CHECKPOINT_FORM)
    root = from_base64(lines[2], Reason.CHECKPOINT_FORM)
    checks.require(len(root) == HASH_BYTES, Reason.CHECKPOINT_FORM, "a root that is not 32 bytes")
    return Checkpoint(lines[0], size, root, tuple(lines[3:-1]))


def parse(data: bytes) -> tuple[Checkpoint, Note]:
    """A checkpoint and the note that carries it."""
    note = notes.parse(data, max_bytes=MAX_CHECKPOINT_BYTES)
    return parse_text(note.text), note


def sign(checkpoint: Checkpoint, *log: Signer) -> Note:
    """The checkpoint signed by its log, with one key or, while one gives way to another, with both."""
    return notes.sign(checkpoint.text(), log)


def with_cosignatures(note: Note, lines: bytes) -> Note:
    """A checkpoint with the signature lines that a witness answered; lines already there are not added again."""
    text = notes.check_text(lines, Reason.NOTE_FORM)
    more = [notes.parse_line(line) for line in text.split("\n")[:-1]]
    same = "".join(s.line() for s in more) == text
    checks.require(same, Reason.NOTE_REBUILD, "signature lines with another spelling")
    kept: list[Signature] = list(note.signatures)
    kept += [s for s in more if all((s.name, s.key_id) != (k.name, k.key_id) for k in kept)]
    return Note(note.text, tuple(kept))
