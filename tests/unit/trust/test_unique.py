"""Signatures without room for a message, and why Ed25519 is not used where data leave the host."""

import hashlib

import pytest

from testban.trust import keygen, keys, rsa
from testban.trust.checks import Reason, Rejected


@pytest.fixture(scope="module")
def signer():
    return keys.RsaSigner.from_seed("XX.KEST/station", b"a seed of 16 byte", 2048)


def lossy_key(seed=b"lossy key of a hostile maker"):
    """A modulus whose prime p has 65537 | p - 1: several e-th roots, 16 bits in each signature."""
    counter = 0
    while True:
        wide = int.from_bytes(hashlib.shake_256(seed + counter.to_bytes(4, "big")).digest(126), "big") | (
            3 << 1006
        )
        p = 2 * rsa.EXPONENT * wide + 1
        if p.bit_length() == 1025:
            p = 2 * rsa.EXPONENT * (wide >> 1) + 1
        counter += 1
        if keygen.is_prime(p):
            break
    _, _, q, _ = keygen.numbers(seed, 2048)
    return p, q


def test_one_signature_for_one_message(signer):
    message = b"testban/packet@v1\n"
    s = signer.sign(message)
    assert s == signer.sign(message)
    key, n = signer.verifier, signer.verifier.n
    assert key.verify(message, s)
    shifted = int.from_bytes(s, "big") + n
    assert not key.verify(message, b"\0" + s)
    if shifted.bit_length() <= 2048:
        assert not key.verify(message, shifted.to_bytes(256, "big"))
    assert not key.verify(message, s[1:])
    assert rsa.verify_by_rebuilding(n, rsa.EXPONENT, message, s)


def test_certificate_of_an_honest_key(signer):
    certificate = signer.certificate()
    assert len(certificate) == 8 * 256
    rsa.check_certificate(signer.verifier.n, rsa.EXPONENT, certificate)
    broken = bytearray(certificate)
    broken[700] ^= 1
    with pytest.raises(Rejected) as caught:
        rsa.check_certificate(signer.verifier.n, rsa.EXPONENT, bytes(broken))
    assert caught.value.reason is Reason.KEY_NOT_PERMUTATION


def test_lossy_key_has_two_signatures_and_no_certificate():
    p, q = lossy_key()
    n = p * q
    e = rsa.EXPONENT
    x = 123456789
    # Another root: multiply by a number whose e-th power is 1 modulo p.
    unit = next(u for u in (pow(g, (p - 1) // e, p) for g in range(2, 50)) if u != 1)
    other = x * (1 + q * (unit - 1) * pow(q, -1, p)) % n
    assert other != x
    assert pow(x, e, n) == pow(other, e, n)
    roots = sum(pow(rsa.certificate_point(n, i) % p, (p - 1) // e, p) == 1 for i in range(8))
    assert roots == 0
    fake = b"".join(rsa.certificate_point(n, i).to_bytes(n.bit_length() // 8, "big") for i in range(8))
    with pytest.raises(Rejected) as caught:
        rsa.check_certificate(n, e, fake)
    assert caught.value.reason is Reason.KEY_NOT_PERMUTATION


def test_exponent_three_is_refused(signer):
    with pytest.raises(Rejected) as caught:
        rsa.public_key(signer.verifier.n, 3)
    assert caught.value.reason is Reason.KEY_EXPONENT
    with pytest.raises(Rejected) as caught:
        rsa.check_certificate(signer.verifier.n, 3, b"")
    assert caught.value.reason is Reason.KEY_EXPONENT


@pytest.mark.parametrize("n", [2**1023 + 15, (2**2047 + 1) * 3, 2**2047, 65537 * (2**2031 + 11)])
def test_weak_moduli_are_refused(n):
    with pytest.raises(Rejected) as caught:
        rsa.check_modulus(n)
    assert caught.value.reason is Reason.KEY_STRENGTH


def test_31_bytes_fit_into_an_ed25519_signature():
    """R is the signer's to choose: with r = the message, whoever knows the secret scalar reads it (RFC 8032 5.1.6)."""
    seed, smuggled = b"s" * 32, b"31 bytes that nobody else sees!"
    assert len(smuggled) == 31
    order = 2**252 + 27742317777372353535851937790883648493
    signer = keys.Ed25519Signer("x/station", seed)
    half = bytearray(hashlib.sha512(seed).digest()[:32])
    half[0] &= 248
    half[31] = (half[31] & 127) | 64
    scalar = int.from_bytes(half, "little")
    r = int.from_bytes(smuggled, "little")
    point = _encode(_multiply(r))
    public = signer.verifier.encoded[1:]
    text = b"an innocent packet\n"
    k = int.from_bytes(hashlib.sha512(point + public + text).digest(), "little") % order
    signature = point + ((r + k * scalar) % order).to_bytes(32, "little")
    assert signer.verifier.verify(text, signature)
    assert signature != signer.sign(text)
    s = int.from_bytes(signature[32:], "little")
    assert ((s - k * scalar) % order).to_bytes(32, "little")[:31] == smuggled


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def _add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = _D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + t, -1, _P) % _P,
        (y1 * y2 + x1 * x2) * pow(1 - t, -1, _P) % _P,
    )


def _multiply(n):
    out, base = (0, 1), _BASE
    while n:
        if n & 1:
            out = _add(out, base)
        base, n = _add(base, base), n >> 1
    return out


def _encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")
