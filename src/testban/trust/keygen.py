"""RSA keys from a seed, so that others can make the same key again and compare (C2SP det-keygen).

Rules: HMAC_DRBG with SHA-256 (SP 800-90A), candidates with two high and three low bits set, both primes made anew
where gcd(p-1, q-1) is large or 65537 has no inverse. Primality by trial division and Miller-Rabin with bases drawn
from a hash of the candidate: candidates come from a hash themselves, nobody can aim at the bases.
"""

import hashlib
import hmac
import math

from cryptography.hazmat.primitives.asymmetric import rsa as _rsa

from testban.base.errors import InputError
from testban.trust.rsa import EXPONENT

_ROUNDS = 5
_SMALL = [p for p in range(3, 1620) if all(p % d for d in range(2, int(p**0.5) + 1))]
_SMALL_PRODUCT = math.prod(_SMALL)


class _Drbg:
    def __init__(self, seed: bytes, personalization: bytes) -> None:
        self.k, self.v = bytes(32), b"\1" * 32
        for tag in (b"\0", b"\1"):
            self.k = self._mac(self.v + tag + seed + personalization)
            self.v = self._mac(self.v)

    def _mac(self, data: bytes) -> bytes:
        return hmac.digest(self.k, data, "sha256")

    def generate(self, size: int) -> bytes:
        out = b""
        while len(out) < size:
            self.v = self._mac(self.v)
            out += self.v
        return out[:size]

    def reseed(self) -> None:
        self.k = self._mac(self.v + b"\0")
        self.v = self._mac(self.v)


def is_prime(n: int) -> bool:
    """Probable primality of an odd number that comes out of a hash."""
    if math.gcd(n, _SMALL_PRODUCT) != 1:
        return n in _SMALL
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    size = (n.bit_length() + 7) // 8
    for i in range(_ROUNDS):
        wide = hashlib.shake_256(n.to_bytes(size, "big") + bytes([i])).digest(size)
        x = pow(2 + int.from_bytes(wide, "big") % (n - 3), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(r - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def numbers(seed: bytes, bits: int = 3072, known: tuple[int, int] = (0, 0)) -> tuple[int, int, int, int]:
    """(n, d, p, q) of the key that a seed of at least 16 bytes gives; InputError for seeds or sizes out of range.

    known: how many candidates before the first and the second prime are known to be composite: for demonstration keys,
    whose search was made before.
    """
    if len(seed) < 16 or bits % 16 or not 2048 <= bits <= 65520:
        raise InputError(
            f"expected a seed of 16 bytes or more and 2048 bits or more, got {len(seed)} bytes, {bits} bits"
        )
    drbg = _Drbg(seed, b"det RSA key gen" + bits.to_bytes(2, "big"))
    while True:
        p = _prime(drbg, bits // 16, known[0])
        drbg.reseed()
        q = _prime(drbg, bits // 16, known[1])
        ratio = math.gcd(p - 1, q - 1)
        totient = (p - 1) * (q - 1) // ratio
        if ratio < 2**32 and math.gcd(EXPONENT, totient) == 1:
            return p * q, pow(EXPONENT, -1, totient), p, q
        drbg.reseed()


def _prime(drbg: _Drbg, size: int, known: int) -> int:
    for _ in range(known):
        drbg.generate(size)
        drbg.reseed()
    while True:
        raw = bytearray(drbg.generate(size))
        raw[0] |= 0b1100_0000
        raw[-1] |= 0b0000_0111
        t = int.from_bytes(raw, "big")
        if is_prime(t):
            return t
        drbg.reseed()


def private_key(seed: bytes, bits: int = 3072, known: tuple[int, int] = (0, 0)) -> _rsa.RSAPrivateKey:
    """The library's private key for a seed."""
    _, _, p, q = numbers(seed, bits, known)
    return from_primes(p, q)


def from_primes(p: int, q: int) -> _rsa.RSAPrivateKey:
    """The library's private key for two primes that a seed gave before; InputError where they cannot be such."""
    try:
        d = pow(EXPONENT, -1, math.lcm(p - 1, q - 1))
        return _rsa.RSAPrivateNumbers(
            p=p,
            q=q,
            d=d,
            dmp1=d % (p - 1),
            dmq1=d % (q - 1),
            iqmp=pow(q, -1, p),
            public_numbers=_rsa.RSAPublicNumbers(EXPONENT, p * q),
        ).private_key()
    except ValueError as exc:
        raise InputError("expected the two primes of an RSA key") from exc
