"""Every parser of the chain of trust, given anything: a record that writes the same again, or `Rejected`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.station.parties import Parties
from testban.trust import (
    checkpoints,
    dossier,
    keys,
    notes,
    proofs,
    quorum,
    registry,
    rsa,
    sealed,
    tiles,
    witness,
)
from testban.trust.checks import Rejected
from testban.trust.documents import DOCUMENTS
from testban.trust.packet import Packet


@pytest.fixture(scope="module")
def seeds():
    """Honest bytes of every kind: what fuzzing begins from."""
    p = Parties(("XX.ALFA",), bits=2048)
    p.step(9)
    note = p.witnessed()
    key = p.sites["XX.ALFA"].signer.verifier.vkey().encode()
    proof = p.prove(3, note)
    texts = [notes.parse(e).text.encode() for e in p.log.entries]
    return [*p.log.entries[:6], *texts[:6], note.encode(), proof, key, p.policy_text.encode(), dossier.make("e", [proof], [], {}), witness.request_bytes(0, [], note.encode())]  # fmt: skip


def text(data):
    return data.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()


def parsers(q):
    every = {kind: (lambda d, c=cls: c.parse(text(d))) for kind, cls in DOCUMENTS.items()}
    return every | {
        "packet": lambda d: Packet.parse(text(d)),
        "note": notes.parse,
        "sealed": lambda d: sealed.parse(d, 2),
        "vkey": lambda d: keys.parse_vkey(text(d)),
        "policy": quorum.parse,
        "checkpoint": checkpoints.parse,
        "cosignatures": lambda d: checkpoints.with_cosignatures(notes.Note("x\n", ()), d),
        "proof": proofs.parse,
        "proof, checked": lambda d: proofs.verify(d, q),
        "request": witness.parse_request,
        "dossier": lambda d: dossier.verify(d, q),
        "bundle": lambda d: tiles.decode_bundle(d, 3),
        "tile": lambda d: tiles.decode_tile(d, 3),
        "registry": lambda d: registry.Registry(registry.Treaty(parties=q.parties)).apply(notes.parse(d)),
        "certificate": lambda d: rsa.check_certificate(int.from_bytes(d, "big"), 65537, d),
    }


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_anything_is_read_or_refused(seeds, data):
    q = quorum.parse(seeds[-3])
    honest = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(honest)))
        honest[at : at + data.draw(st.integers(0, 60))] = data.draw(
            st.one_of(st.binary(max_size=20), st.text(max_size=8).map(lambda t: t.encode("utf-8", "replace")))
        )
    given_bytes = data.draw(st.sampled_from([bytes(honest), bytes(honest[: len(honest) // 2])]))
    for parse in parsers(q).values():
        try:
            parse(given_bytes)
        except Rejected:
            continue


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_bytes_of_no_kind_are_refused(seeds, data):
    for parse in parsers(quorum.parse(seeds[-3])).values():
        try:
            parse(data)
        except Rejected:
            continue
