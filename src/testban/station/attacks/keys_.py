"""Attacks through keys: lossy moduli, small exponents, cheating at the ceremony (threats 6 and 10)."""

import hashlib
from functools import cache

from testban.station.attacks.suite import attack, audited
from testban.station.parties import Parties
from testban.trust import ceremony, keygen, rsa
from testban.trust.checks import Reason
from testban.trust.documents import Key, Revocation
from testban.trust.keys import Ed25519Signer

BITS = 2048


@cache
def lossy_modulus() -> int:
    """A modulus whose first prime is 1 modulo 65537: 65537 signatures for one message in 65537."""
    counter = 0
    while True:
        drawn = int.from_bytes(hashlib.shake_256(b"lossy" + counter.to_bytes(4, "big")).digest(126), "big")
        p = 2 * rsa.EXPONENT * (drawn >> 1 | 3 << 1005) + 1
        counter += 1
        if p.bit_length() == BITS // 2 and keygen.is_prime(p):
            return p * keygen.numbers(b"lossy partner seed", BITS)[3]


@attack("lossy RSA key", 6, "everyone", Reason.KEY_NOT_PERMUTATION)
def lossy(p: Parties) -> None:
    """A key with several signatures for one message has no certificate."""
    n = lossy_modulus()
    fake = b"".join(rsa.certificate_point(n, i).to_bytes(n.bit_length() // 8, "big") for i in range(8))
    rsa.check_certificate(n, rsa.EXPONENT, fake)


@attack("RSA key with exponent 3", 6, "everyone", Reason.KEY_EXPONENT)
def exponent_three(p: Parties) -> object:
    """Refused by its number."""
    key = p.sites["XX.ALFA"].signer.verifier
    return rsa.public_key(key.n, 3)  # type: ignore[attr-defined]


@attack("RSA key with a small factor", 6, "everyone", Reason.KEY_STRENGTH)
def small_factor(p: Parties) -> None:
    """A modulus that everyone can factor."""
    rsa.check_modulus(3 * (lossy_modulus() >> 2 | 1))


@attack("station key that leaves room in its signatures", 6, "auditor", Reason.KEY_FORM)
def ed25519_station(p: Parties) -> None:
    """An Ed25519 key for what crosses the border."""
    key = Ed25519Signer("XX.BETA/station", bytes(32)).verifier
    p.by_all(Key(role="XX.BETA/station", vkey=key.vkey()).text())
    audited(p, Reason.KEY_FORM)


@attack("key that one party brought in alone", 10, "auditor", Reason.APPROVALS)
def one_sided_key(p: Parties) -> None:
    """A key note with one signature."""
    key = Ed25519Signer("c.example/party", bytes(32)).verifier
    p.log.append(p.signed(Key(role="C/party", vkey=key.vkey()).text(), ("A",)).encode())
    audited(p, Reason.APPROVALS)


@attack("revocation of a key that nobody has", 10, "auditor", Reason.KEY_UNKNOWN)
def unknown_revocation(p: Parties) -> None:
    """A revocation must name a key of the log."""
    key = Ed25519Signer("c.example/party", bytes(32)).verifier
    p.by_all(Revocation(vkey=key.vkey(), from_slot=1, reason="none").text())
    audited(p, Reason.KEY_UNKNOWN)


def conduct(
    *, offer: ceremony.Offer | None = None, opened: bytes | None = None, packages: int = 2
) -> ceremony.Outcome:
    """A ceremony of packages of which the first is opened; its offer or its seed may be exchanged."""
    coin = hashlib.sha256(b"the host's coin").digest()
    made = [
        ceremony.Package("XX.ALFA/station", hashlib.sha256(b"package %d" % i).digest(), BITS)
        for i in range(packages)
    ]
    committed = [m.commit() for m in made]
    offered = [m.make(coin) for m in made]
    if offer is not None:
        offered[0] = ceremony.Offer(committed[0].commitment, offer.vkey)
    shut = packages - 1
    seeds = {i: m.open() for i, m in enumerate(made) if i != shut}
    if opened is not None:
        seeds[0] = opened
    return ceremony.conclude(committed, offered, coin, shut, seeds, made[shut].certify())


@attack("package that opens another seed than it committed to", 6, "host", Reason.CEREMONY_COMMITMENT)
def other_seed(p: Parties) -> object:
    """A seed chosen after the coin."""
    return conduct(opened=b"another seed of the right length")


@attack("package whose key is not made of seed and coin", 6, "host", Reason.CEREMONY_KEY)
def chosen_key(p: Parties) -> object:
    """A modulus that carries a message."""
    chosen = p.sites["XX.ALFA"].signer.verifier.vkey()
    return conduct(offer=ceremony.Offer(b"", chosen))
