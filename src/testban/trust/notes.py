"""Signed notes (C2SP signed-note): text, a blank line, signature lines `— name base64(key id, signature)`.

Rules: size is checked before anything is parsed; at most 16 signature lines; UTF-8 without control characters; one
spelling of base64; the parsed note is written again and must give the same bytes. Signatures of unknown keys are
ignored, a wrong signature of a known key refuses the whole note.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.encoding import lenient_base64, to_base64

MAX_NOTE_BYTES = 65535  # an entry of a tlog-tiles bundle has a 16-bit length
MAX_SIGNATURES = 16
_DASH = "— "


class Verifier(Protocol):
    """A public key with the name under which it signs."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key and algorithm."""

    def verify(self, text: bytes, signature: bytes) -> bool:
        """True where the signature is this key's for the text."""

    def vkey(self) -> str:
        """Name, key id and public key in one line."""


class Signer(Protocol):
    """A private key, in software, an HSM or a TPM."""

    @property
    def verifier(self) -> Verifier:
        """The public side."""

    def sign(self, text: bytes) -> bytes:
        """The signature of a note's text."""


class Signature(msgspec.Struct, frozen=True):
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"


class Note(msgspec.Struct, frozen=True):
    """Text (with its last newline) and signatures in their order."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()

    def signed_by(self, verifier: Verifier) -> Signature | None:
        """The first signature line that claims to be of this key."""
        return next(
            (s for s in self.signatures if s.name == verifier.name and s.key_id == verifier.key_id), None
        )


def valid_name(name: str) -> bool:
    """A key name: not empty, no spaces of any kind, no plus, no control characters."""
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 32 for c in name)


def check_text(data: bytes, reason: Reason) -> str:
    """Text without control characters but newline, ending in a newline."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    checks.require(text.endswith("\n"), reason, "expected UTF-8 text that ends in a newline")
    checks.require(not any(b < 32 and b != 10 for b in data), reason, "a control character")
    return text


def parse(data: bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> Note:
    """The note in these bytes; Rejected for anything that is not exactly one note."""
    checks.require(len(data) <= max_bytes, Reason.NOTE_SIZE, f"{len(data)} bytes, at most {max_bytes}")
    text = check_text(data, Reason.NOTE_FORM)
    head, blank, tail = text.rpartition("\n\n")
    checks.require(bool(blank) and bool(tail), Reason.NOTE_FORM, "no blank line before signatures")
    lines = tail.split("\n")[:-1]
    checks.require(len(lines) <= MAX_SIGNATURES, Reason.SIGNATURE_LINES, f"{len(lines)} signature lines")
    note = Note(head + "\n", tuple(parse_line(line) for line in lines))
    checks.require(note.encode() == data, Reason.NOTE_REBUILD, "the note has another spelling")
    return note


def parse_line(line: str) -> Signature:
    """One signature line without its newline. The caller writes it again and compares: see `parse`."""
    words = line.split(" ")
    checks.require(len(words) == 3 and words[0] == "—", Reason.NOTE_FORM, "not a signature line")
    checks.require(valid_name(words[1]), Reason.NOTE_FORM, "not a key name")
    raw = lenient_base64(words[2], Reason.NOTE_FORM)
    checks.require(len(raw) > 4, Reason.NOTE_FORM, "a signature of four bytes or fewer")
    return Signature(words[1], raw[:4], raw[4:])


def sign(text: str, signers: Iterable[Signer]) -> Note:
    """A note of this text signed by these keys in this order."""
    data = text.encode()
    check_text(data, Reason.NOTE_FORM)
    return Note(text, tuple(Signature(s.verifier.name, s.verifier.key_id, s.sign(data)) for s in signers))


def add_signature(note: Note, signer: Signer) -> Note:
    """The note with one more signature."""
    more = sign(note.text, [signer]).signatures
    return Note(note.text, note.signatures + more)


def signers_of(note: Note, verifiers: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """The known keys that signed, in their order here. Rejected where a known key's signature is wrong."""
    known = {(v.name, v.key_id): v for v in verifiers}
    text = note.text.encode()
    signed: dict[tuple[str, bytes], Verifier] = {}
    for s in note.signatures:
        v = known.get((s.name, s.key_id))
        if v is None or (s.name, s.key_id) in signed:
            continue
        checks.require(v.verify(text, s.signature), Reason.SIGNATURE_WRONG, f"signature of {s.name}")
        signed[s.name, s.key_id] = v
    return tuple(v for v in verifiers if (v.name, v.key_id) in signed)


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> Note:
    """The note, signed by at least one of the known keys."""
    note = parse(data)
    checks.require(bool(signers_of(note, verifiers)), Reason.SIGNATURE_WRONG, "no signature of a known key")
    return note
