"""Signed notes (C2SP signed-note): text, a blank line, signature lines `— name base64(key id, signature)`.

Rules: size is checked before anything is parsed; at most 16 signature lines; UTF-8 without control characters; one
spelling of base64; the parsed note is written again and must give the same bytes. Signatures of unknown keys are
ignored, a wrong signature of a known key refuses the whole note.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.encoding import base64_line, lenient_base64

MAX_NOTE_BYTES = 65535  # an entry of a tlog-tiles bundle has a 16-bit length
MAX_SIGNATURES = 16
_DASH = "—".encode()
_CONTROL = bytes(b for b in range(32) if b != 10)


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
        return self.encode().decode()

    def encode(self) -> bytes:
        """The line's bytes, with its newline."""
        return b"%b %b %b" % (_DASH, self.name.encode(), base64_line(self.key_id + self.signature))


class Note(msgspec.Struct, frozen=True):
    """Text (with its last newline) and signatures in their order."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return b"".join([self.text.encode(), b"\n", *[s.encode() for s in self.signatures]])

    def signed_by(self, verifier: Verifier) -> Signature | None:
        """The first signature line that claims to be of this key."""
        return next(
            (s for s in self.signatures if s.name == verifier.name and s.key_id == verifier.key_id), None
        )


@lru_cache(maxsize=1024)
def valid_name(name: str) -> bool:
    """A key name: not empty, no spaces of any kind, no plus, no control characters."""
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 32 for c in name)


def check_text(data: bytes, reason: Reason) -> str:
    """Text without control characters but newline, ending in a newline."""
    text = _decode(data, reason)
    checks.require(text.endswith("\n"), reason, "expected UTF-8 text that ends in a newline")
    check_clean(data, reason)
    return text


def check_clean(data: bytes, reason: Reason) -> None:
    """Refuse control characters but newline."""
    if len(data.translate(None, _CONTROL)) != len(data):
        checks.require(False, reason, "a control character")


def _decode(data: bytes, reason: Reason) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        checks.require(False, reason, "expected UTF-8 text")
        return ""


def parse(data: bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> Note:
    """The note in these bytes; Rejected for anything that is not exactly one note."""
    if len(data) > max_bytes:
        checks.require(False, Reason.NOTE_SIZE, f"{len(data)} bytes, at most {max_bytes}")
    head, blank, tail = data.rpartition(b"\n\n")
    if not blank or tail[-1:] != b"\n":
        checks.require(False, Reason.NOTE_FORM, "no blank line before signatures")
    check_clean(head, Reason.NOTE_FORM)  # below it only names could hold any, and those are looked at
    lines = tail.split(b"\n")[:-1]
    if len(lines) > MAX_SIGNATURES:
        checks.require(False, Reason.SIGNATURE_LINES, f"{len(lines)} signature lines")
    signatures = [_line(line) for line in lines]
    same = b"".join([s.encode() for s in signatures]) == tail
    checks.require(same, Reason.NOTE_REBUILD, "the note has another spelling")
    return Note(_decode(head, Reason.NOTE_FORM) + "\n", tuple(signatures))  # UTF-8 has one spelling


def parse_line(line: str) -> Signature:
    """One signature line without its newline. The caller writes it again and compares: see `parse`."""
    return _line(line.encode())


def _line(line: bytes) -> Signature:
    dash, _, rest = line.partition(b" ")
    name_bytes, _, encoded = rest.partition(b" ")
    if dash != _DASH or not encoded:
        checks.require(False, Reason.NOTE_FORM, "not a signature line")
    name = _decode(name_bytes, Reason.NOTE_FORM)
    if not valid_name(name):
        checks.require(False, Reason.NOTE_FORM, "not a key name")
    raw = lenient_base64(encoded, Reason.NOTE_FORM)
    if len(raw) <= 4:
        checks.require(False, Reason.NOTE_FORM, "a signature of four bytes or fewer")
    return Signature(name, raw[:4], raw[4:])


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
