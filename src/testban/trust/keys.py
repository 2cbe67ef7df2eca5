"""Keys that sign notes: Ed25519, witness cosignatures, ML-DSA-44 cosignatures, unique RSA; and their one-line form.

Rules: key id = SHA-256(name, newline, type, public key)[:4] (C2SP signed-note); types 0x01 Ed25519, 0x04 timestamped
Ed25519 cosignature, 0x06 ML-DSA-44 cosignature (C2SP tlog-cosignature), 0xff + `testban/rsa-pkcs1v15-sha256` for the
signature of what crosses the border. A vkey is `name+hex id+base64(type, public key)` and has one spelling.
Private keys come from a seed given by the caller: this room draws no random numbers. A key in an HSM or TPM needs only
`verifier` and `sign`.
"""

import hashlib
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric import rsa as _rsa

from testban.trust import checks, keygen, rsa
from testban.trust.checks import Reason
from testban.trust.encoding import MAX_UINT, from_base64, from_hex, to_base64
from testban.trust.notes import Signer, Verifier, valid_name

ED25519, COSIGNATURE, MLDSA44, OTHER = 0x01, 0x04, 0x06, 0xFF
RSA_TYPE = b"testban/rsa-pkcs1v15-sha256"


def key_id(name: str, encoded: bytes) -> bytes:
    """The recommended key id of C2SP signed-note; `encoded` is the type byte and the public key."""
    return hashlib.sha256(name.encode() + b"\n" + encoded).digest()[:4]


class _Key:
    """What all public keys share."""

    def __init__(self, name: str, encoded: bytes) -> None:
        checks.require(valid_name(name), Reason.KEY_FORM, f"not a key name: {name[:40]!r}")
        self.name = name
        self.encoded = encoded
        self.key_id = key_id(name, encoded)

    def vkey(self) -> str:
        """Name, id and key in one line."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.encoded)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.vkey() == other.vkey()

    def __hash__(self) -> int:
        return hash(self.vkey())


class Ed25519Verifier(_Key):
    """An Ed25519 key that signs a note's text (type 0x01)."""

    def __init__(self, name: str, public: bytes) -> None:
        checks.require(len(public) == 32, Reason.KEY_FORM, "expected 32 bytes of Ed25519 key")
        super().__init__(name, bytes([ED25519]) + public)
        self._key = ed25519.Ed25519PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """True for a valid signature."""
        return _opens(self._key, signature, text)


class CosignatureVerifier(_Key):
    """A witness (type 0x04): Ed25519 over a timestamp and a checkpoint."""

    def __init__(self, name: str, public: bytes) -> None:
        checks.require(len(public) == 32, Reason.KEY_FORM, "expected 32 bytes of Ed25519 key")
        super().__init__(name, bytes([COSIGNATURE]) + public)
        self._key = ed25519.Ed25519PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """True for a valid timestamped signature."""
        time = timestamp(signature)
        return (
            len(signature) == 72
            and time <= MAX_UINT
            and _opens(self._key, signature[8:], cosigned_v1(text, time))
        )


class MlDsaVerifier(_Key):
    """A witness or log (type 0x06): ML-DSA-44 over its name, a timestamp and the tree head."""

    def __init__(self, name: str, public: bytes) -> None:
        checks.require(len(public) == 1312, Reason.KEY_FORM, "expected 1312 bytes of ML-DSA-44 key")
        super().__init__(name, bytes([MLDSA44]) + public)
        self._key = mldsa.MLDSA44PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """True for a valid timestamped signature."""
        time = timestamp(signature)
        if len(signature) != 2428 or time > MAX_UINT:
            return False
        try:
            message = cosigned_subtree(self.name, text, time)
        except checks.Rejected:
            return False
        return _opens(self._key, signature[8:], message)


class RsaVerifier(_Key):
    """A unique-signature key (type 0xff testban/rsa-pkcs1v15-sha256)."""

    def __init__(self, name: str, modulus: bytes) -> None:
        checks.require(bool(modulus) and modulus[0] >= 0x80, Reason.KEY_FORM, "a modulus with spare bits")
        super().__init__(name, bytes([OTHER]) + RSA_TYPE + modulus)
        self.n = int.from_bytes(modulus, "big")
        self.modulus, self.size = modulus, len(modulus)
        self._key = rsa.public_key(self.n)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """True for the one valid signature."""
        return len(signature) == self.size and rsa.opens(self._key, text, signature)


class _Opener(Protocol):
    def verify(self, signature: bytes, data: bytes, /) -> None: ...


def _opens(key: _Opener, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def timestamp(signature: bytes) -> int:
    """The POSIX time in a timestamped signature."""
    return int.from_bytes(signature[:8], "big")


def cosigned_v1(text: bytes, time: int) -> bytes:
    """What an Ed25519 witness signs (C2SP tlog-cosignature)."""
    return b"cosignature/v1\ntime %d\n" % time + text


def cosigned_subtree(name: str, text: bytes, time: int) -> bytes:
    """What an ML-DSA-44 witness signs for a checkpoint (C2SP tlog-cosignature, start = 0)."""
    from testban.trust.checkpoints import parse_text

    head = parse_text(text.decode())
    origin, own = head.origin.encode(), name.encode()
    checks.require(0 < len(origin) < 256 and 0 < len(own) < 256, Reason.CHECKPOINT_FORM, "a name too long")
    return (
        b"subtree/v1\n\0"
        + bytes([len(own)]) + own + time.to_bytes(8, "big")
        + bytes([len(origin)]) + origin
        + bytes(8) + head.size.to_bytes(8, "big") + head.root
    )  # fmt: skip


def parse_vkey(text: str) -> Verifier:
    """The public key of a one-line vkey; Rejected for other spellings, unknown types and inadmissible keys."""
    parts = text.split("+", 2)
    checks.require(len(parts) == 3 and valid_name(parts[0]), Reason.KEY_FORM, "expected name+id+key")
    name, short, encoded = (
        parts[0],
        from_hex(parts[1], 4, Reason.KEY_FORM),
        from_base64(parts[2], Reason.KEY_FORM),
    )
    checks.require(key_id(name, encoded) == short, Reason.KEY_FORM, "the key id is not of this key")
    kind, public = encoded[:1], encoded[1:]
    if kind == bytes([ED25519]):
        return Ed25519Verifier(name, public)
    if kind == bytes([COSIGNATURE]):
        return CosignatureVerifier(name, public)
    if kind == bytes([MLDSA44]):
        return MlDsaVerifier(name, public)
    if kind == bytes([OTHER]) and public.startswith(RSA_TYPE):
        return RsaVerifier(name, public[len(RSA_TYPE) :])
    raise checks.Rejected(Reason.KEY_FORM, "a key of an unknown type")


class Ed25519Signer:
    """An Ed25519 key in software."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier: Verifier = Ed25519Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """The signature of a note's text."""
        return self._key.sign(text)


class RsaSigner:
    """A unique-signature key in software."""

    def __init__(self, name: str, key: _rsa.RSAPrivateKey) -> None:
        n = key.private_numbers().public_numbers.n
        self._key = key
        self.verifier: Verifier = RsaVerifier(name, n.to_bytes((n.bit_length() + 7) // 8, "big"))

    @classmethod
    def from_seed(
        cls, name: str, seed: bytes, bits: int = 3072, known: tuple[int, int] = (0, 0)
    ) -> "RsaSigner":
        """The key that C2SP det-keygen makes of a seed."""
        return cls(name, keygen.private_key(seed, bits, known))

    @classmethod
    def from_primes(cls, name: str, primes: tuple[int, int]) -> "RsaSigner":
        """The key of primes that were found before."""
        return cls(name, keygen.from_primes(*primes))

    @property
    def primes(self) -> tuple[int, int]:
        """The two primes: as secret as the seed, and found at once."""
        numbers = self._key.private_numbers()
        return numbers.p, numbers.q

    def sign(self, text: bytes) -> bytes:
        """The one signature of a note's text."""
        return rsa.sign(self._key, text)

    def certificate(self) -> bytes:
        """The permutation certificate of this key."""
        return rsa.make_certificate(self._key)


class Cosigner:
    """A witness' key in software: signs a checkpoint's text with the time that the caller gives."""

    def __init__(self, name: str, seed: bytes, *, mldsa44: bool = False) -> None:
        self.name = name
        self._ed: ed25519.Ed25519PrivateKey | None = None
        self._ml: mldsa.MLDSA44PrivateKey | None = None
        self.verifier: Verifier
        if mldsa44:
            self._ml = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
            self.verifier = MlDsaVerifier(name, self._ml.public_key().public_bytes_raw())
        else:
            self._ed = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
            self.verifier = CosignatureVerifier(name, self._ed.public_key().public_bytes_raw())

    def cosign(self, text: bytes, time: int) -> bytes:
        """The timestamped signature of a checkpoint's text at POSIX `time`."""
        stamp = time.to_bytes(8, "big")
        if self._ml is not None:
            return stamp + self._ml.sign(cosigned_subtree(self.name, text, time))
        assert self._ed is not None
        return stamp + self._ed.sign(cosigned_v1(text, time))


__all__ = [
    "CosignatureVerifier", "Cosigner", "Ed25519Signer", "Ed25519Verifier", "MlDsaVerifier", "RsaSigner", "RsaVerifier",
    "Signer", "Verifier", "key_id", "parse_vkey",
]  # fmt: skip
