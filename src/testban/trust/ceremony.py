"""Keys that neither side chose: mixed randomness, cut and choose, and a certificate for the key that is left.

Rules: each of k packages commits to its seed before the host's coin is known; every key is made by C2SP det-keygen from
SHA-256(seed, coin), so that the modulus carries no message; the host opens all packages but one and recomputes their keys;
a package that cheats is caught with chance 1 - 1/k; the key that stays shut gives its permutation certificate.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from testban.trust import checks, keygen, keys, rsa
from testban.trust.checks import Reason
from testban.trust.keys import RsaSigner, RsaVerifier


class Offer(msgspec.Struct, frozen=True):
    """A package's public side: its commitment, and after the coin its key."""

    commitment: bytes
    vkey: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """The key that stays shut, and the digest of everything that was said."""

    chosen: int
    vkey: str
    certificate: bytes
    transcript: bytes


def commitment(seed: bytes) -> bytes:
    """What a package says before it knows the coin."""
    return hashlib.sha256(b"testban/ceremony-seed@v1\n" + seed).digest()


def mixed(seed: bytes, coin: bytes) -> bytes:
    """The seed of the key."""
    return hashlib.sha256(b"testban/ceremony-mix@v1\n" + hashlib.sha256(seed).digest() + coin).digest()


class Package:
    """A sealed package at the ceremony. The seed is the monitor's randomness."""

    def __init__(self, name: str, seed: bytes, bits: int = 3072) -> None:
        self.name, self._seed, self._bits = name, seed, bits
        self.signer: RsaSigner | None = None

    def commit(self) -> Offer:
        """The commitment."""
        return Offer(commitment(self._seed))

    def make(self, coin: bytes) -> Offer:
        """The key from seed and coin."""
        self.signer = RsaSigner.from_seed(self.name, mixed(self._seed, coin), self._bits)
        return Offer(commitment(self._seed), self.signer.verifier.vkey())

    def open(self) -> bytes:
        """The seed: this package will never be used."""
        return self._seed

    def certify(self) -> bytes:
        """The permutation certificate of the key that is left."""
        if self.signer is None:
            raise checks.Rejected(Reason.CEREMONY_KEY, "a certificate before the key")
        return self.signer.certificate()


def check_opened(committed: Offer, offered: Offer, seed: bytes, coin: bytes) -> None:
    """Refuse a package whose seed is not the committed one or whose key is not made of it."""
    same = committed.commitment == offered.commitment == commitment(seed)
    checks.require(same, Reason.CEREMONY_COMMITMENT, "the seed is not the one committed to")
    key = keys.parse_vkey(offered.vkey)
    bits = key.n.bit_length() if isinstance(key, RsaVerifier) else 0
    honest = isinstance(key, RsaVerifier) and keygen.numbers(mixed(seed, coin), bits)[0] == key.n
    checks.require(honest, Reason.CEREMONY_KEY, "the key is not made of seed and coin")


def conclude(
    committed: Sequence[Offer], offered: Sequence[Offer], coin: bytes, shut: int, opened: dict[int, bytes],
    certificate: bytes,
) -> Outcome:  # fmt: skip
    """Check all opened packages and the certificate of the one that stays shut."""
    everyone = len(committed) == len(offered) and set(opened) == set(range(len(offered))) - {shut}
    checks.require(everyone, Reason.CEREMONY_COMMITMENT, "not all packages but one were opened")
    for i, seed in sorted(opened.items()):
        check_opened(committed[i], offered[i], seed, coin)
    kept = committed[shut].commitment == offered[shut].commitment
    checks.require(kept, Reason.CEREMONY_COMMITMENT, "the commitment was changed after the coin")
    key = keys.parse_vkey(offered[shut].vkey)
    checks.require(isinstance(key, RsaVerifier), Reason.CEREMONY_KEY, "not a unique-signature key")
    if isinstance(key, RsaVerifier):
        rsa.check_certificate(key.n, rsa.EXPONENT, certificate)
    said = [c.commitment for c in committed] + [coin] + [o.vkey.encode() for o in offered] + [bytes([shut])]
    said += [opened[i] for i in sorted(opened)]
    transcript = hashlib.sha256(b"".join(len(s).to_bytes(4, "big") + s for s in said)).digest()
    return Outcome(shut, offered[shut].vkey, certificate, transcript)


def chosen_by(coin: bytes, packages: int) -> int:
    """Which package stays shut, from the host's second coin."""
    return int.from_bytes(hashlib.sha256(b"testban/ceremony-choice@v1\n" + coin).digest(), "big") % packages


__all__ = ["Offer", "Outcome", "Package", "check_opened", "chosen_by", "commitment", "conclude", "mixed"]
