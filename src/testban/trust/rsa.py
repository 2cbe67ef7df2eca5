"""Signatures that leave no room for a message: RSASSA-PKCS1-v1_5 with SHA-256, and the proof that a key is a permutation.

Rules (RFC 8017 section 8.2): the signature is exactly as long as the modulus, below it, and opens to the one encoded
message; exponent 65537; 2048 to 4096 bits. A hostile maker can choose p with e | p - 1, and then several signatures
exist for one message: e-th roots of eight points that a hash picks cannot exist for such a key except with chance
65537^-8 (idea: Goldberg, Reyzin, Sagga, Baldimtsi 2018, "Efficient noninteractive certification of RSA moduli"). Small
factors (up to 65537) are refused, so that the map is one to one on all residues that can occur.
"""

import hashlib
import math
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa as _rsa

from testban.trust import checks
from testban.trust.checks import Reason

EXPONENT = 65537
CERTIFICATE_POINTS = 8
MIN_BITS, MAX_BITS = 2048, 4096
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 section 9.2, note 1
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()


def check_modulus(n: int) -> None:
    """Refuse a modulus of the wrong size, even, or with a prime factor up to 65537."""
    bits = n.bit_length()
    checks.require(
        MIN_BITS <= bits <= MAX_BITS and bits % 8 == 0,
        Reason.KEY_STRENGTH,
        f"expected 2048 to 4096 bits in whole bytes, got {bits}",
    )
    checks.require(
        math.gcd(n, _primorial() % n) == 1, Reason.KEY_STRENGTH, "the modulus has a small prime factor"
    )


@cache
def _primorial() -> int:
    sieve = bytearray([1]) * (EXPONENT + 1)
    sieve[:2] = b"\0\0"
    for p in range(2, 257):
        if sieve[p]:
            sieve[p * p :: p] = bytes(len(range(p * p, EXPONENT + 1, p)))
    return math.prod(i for i, prime in enumerate(sieve) if prime)


def public_key(n: int, e: int = EXPONENT) -> _rsa.RSAPublicKey:
    """The library's key for an admissible modulus; refuses any exponent but 65537."""
    checks.require(e == EXPONENT, Reason.KEY_EXPONENT, f"expected the exponent 65537, got {e}")
    check_modulus(n)
    return _rsa.RSAPublicNumbers(e, n).public_key()


def sign(key: _rsa.RSAPrivateKey, message: bytes) -> bytes:
    """The one signature of a message."""
    return key.sign(message, _PADDING, _SHA256)


def verify(key: _rsa.RSAPublicKey, message: bytes, signature: bytes) -> bool:
    """True for the one valid signature. The library compares the whole encoded message (no lenient parsing)."""
    return len(signature) * 8 == key.key_size and opens(key, message, signature)


def opens(key: _rsa.RSAPublicKey, message: bytes, signature: bytes) -> bool:
    """True for the valid signature among those of the modulus' length: the caller has looked at the length."""
    try:
        key.verify(signature, message, _PADDING, _SHA256)
    except InvalidSignature:
        return False
    return True


def encoded_message(message: bytes, size: int) -> bytes:
    """EMSA-PKCS1-v1_5 of a message for a modulus of `size` bytes (RFC 8017 section 9.2)."""
    tail = _DIGEST_INFO + hashlib.sha256(message).digest()
    return b"\0\1" + b"\xff" * (size - len(tail) - 3) + b"\0" + tail


def verify_by_rebuilding(n: int, e: int, message: bytes, signature: bytes) -> bool:
    """The slow and obvious twin of `verify`: rebuild the encoded message and compare every byte."""
    size = (n.bit_length() + 7) // 8
    s = int.from_bytes(signature, "big")
    if len(signature) != size or s >= n:
        return False
    return pow(s, e, n).to_bytes(size, "big") == encoded_message(message, size)


def certificate_point(n: int, index: int) -> int:
    """The index-th point that the key's maker must take a root of: 128 bits more than n from SHA-256, reduced."""
    size = (n.bit_length() + 7) // 8
    seed = b"testban/permutation@v1\n" + n.to_bytes(size, "big") + bytes([index])
    blocks = (size + 16 + 31) // 32
    wide = b"".join(hashlib.sha256(seed + bytes([i])).digest() for i in range(blocks))[: size + 16]
    return int.from_bytes(wide, "big") % n


def make_certificate(key: _rsa.RSAPrivateKey) -> bytes:
    """Eight roots, each as long as the modulus, that only the maker of a permutation key can give."""
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    size = (n.bit_length() + 7) // 8
    q_inv = numbers.iqmp
    roots = []
    for i in range(CERTIFICATE_POINTS):
        y = certificate_point(n, i)
        mp = pow(y % numbers.p, numbers.dmp1, numbers.p)
        mq = pow(y % numbers.q, numbers.dmq1, numbers.q)
        root = mq + numbers.q * ((mp - mq) * q_inv % numbers.p)
        roots.append(root.to_bytes(size, "big"))
    return b"".join(roots)


def check_certificate(n: int, e: int, certificate: bytes) -> None:
    """Refuse a key that is not shown to be a permutation."""
    checks.require(e == EXPONENT, Reason.KEY_EXPONENT, f"expected the exponent 65537, got {e}")
    check_modulus(n)
    size = n.bit_length() // 8
    checks.require(
        len(certificate) == CERTIFICATE_POINTS * size,
        Reason.KEY_FORM,
        "a permutation certificate of wrong length",
    )
    for i in range(CERTIFICATE_POINTS):
        root = int.from_bytes(certificate[i * size : (i + 1) * size], "big")
        checks.require(
            root < n and pow(root, e, n) == certificate_point(n, i),
            Reason.KEY_NOT_PERMUTATION,
            f"no e-th root of point {i}",
        )
