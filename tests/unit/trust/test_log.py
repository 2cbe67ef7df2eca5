import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.trust import checks, keys, log, merkle, proofs, quorum, tiles, witness
from testban.trust.checks import Reason, Rejected

LOG = keys.Ed25519Signer("log.example/joint", b"L" * 32)
NAMES = ("A", "B", "N1", "N2", "N3")
COSIGNERS = {
    n: keys.Cosigner(f"{n.lower()}.example/w", n.encode() * (32 // len(n)), mldsa44=n == "N2") for n in NAMES
}
POLICY = (
    f"# a comment\nlog {LOG.verifier.vkey()} https://log.example\n"
    + "".join(f"witness {n} {c.verifier.vkey()}\n" for n, c in COSIGNERS.items())
    + "group parties all A B\ngroup neutral any N1 N2 N3\ngroup q all parties neutral\n\tquorum  q \n"
)


def network(entries=7):
    the_log = log.Log(LOG.verifier.name, LOG, [b"entry %d" % i for i in range(entries)])
    nodes = {
        n: witness.Witness([c], {LOG.verifier.name: [LOG.verifier]}, witness.InMemory())
        for n, c in COSIGNERS.items()
    }
    return the_log, nodes


def ask(nodes, names=NAMES, old=0, now=1_700_000_000):
    return {n: (old, lambda body, n=n: nodes[n].add_checkpoint(body, now)) for n in names}


def reason_of(call, *args):
    with pytest.raises(Rejected) as caught:
        call(*args)
    return caught.value.reason


def test_quorum_of_both_parties_and_one_neutral():
    policy = quorum.parse(POLICY.encode())
    for mask in itertools.product((0, 1), repeat=5):
        signed = [n for n, m in zip(NAMES, mask, strict=True) if m]
        assert policy.satisfied(signed) == ({"A", "B"} <= set(signed) and any(n[0] == "N" for n in signed))


@pytest.mark.parametrize(
    "change",
    [
        ("quorum  q", "quorum  absent"),
        ("quorum  q \n", ""),
        ("\tquorum  q ", "quorum q\nquorum q"),
        ("all A B", "all A A"),
        ("all A B", "3 A B"),
        ("all A B", "0 A B"),
        ("all A B", "02 A B"),
        ("any N1 N2 N3", "any A N2 N3"),
        ("any N1", "any later"),
        ("group q all parties neutral\n", "group q all parties neutral\ngroup parties any N1\n"),
        ("group q", "group none"),
        ("witness N3 ", "witness N2 "),
        ("log ", "lag "),
        ("# a comment", "a comment"),
        ("# a comment", "#\x01"),
        ("# a comment", "#testban party A"),
    ],
)
def test_policies_with_faults_are_refused(change):
    assert reason_of(quorum.parse, POLICY.replace(*change, 1).encode()) is Reason.POLICY_FORM


def test_one_key_under_two_names_is_refused():
    twin = keys.Cosigner("other.example/w", b"A" * 32).verifier.vkey()
    assert reason_of(quorum.parse, (f"witness T {twin}\n" + POLICY).encode()) is Reason.POLICY_FORM
    wrong = f"witness L {LOG.verifier.vkey()}\n"
    assert reason_of(quorum.parse, (wrong + POLICY).encode()) is Reason.POLICY_FORM


def test_proofs_of_a_witnessed_log():
    the_log, nodes = network()
    policy = quorum.parse(POLICY.encode())
    note, answers = the_log.witnessed(the_log.checkpoint(), ask(nodes))
    assert {a.status for a in answers.values()} == {200}
    for index in range(the_log.size):
        data = the_log.prove(index, note, policy)
        found = proofs.verify(data, policy)
        assert found.entry == b"entry %d" % index
        assert found.seen.times == (1_700_000_000,) * 3
    assert reason_of(proofs.verify, data, policy, b"another entry") is Reason.LEAF
    bare, _ = the_log.witnessed(the_log.checkpoint(), ask(nodes, ("A", "B")))
    assert reason_of(policy.check, the_log.checkpoint().encode()) is Reason.QUORUM
    assert reason_of(policy.check, bare.encode()) is Reason.QUORUM


def test_every_byte_of_a_smallest_proof_counts():
    the_log, nodes = network()
    policy = quorum.parse(POLICY.encode())
    note, _ = the_log.witnessed(the_log.checkpoint(), ask(nodes))
    data = the_log.prove(3, note, policy)
    assert proofs.verify(data, policy)
    for at in range(len(data)):
        for flip in (1, 0x20, 0x80):
            changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
            with pytest.raises(Rejected):
                proofs.verify(changed, policy)


def test_witness_keeps_one_history():
    the_log, nodes = network(5)
    the_log.witnessed(the_log.checkpoint(), ask(nodes))
    one = nodes["A"]

    def post(the_log, old, proof=None, size=None):
        note = the_log.checkpoint(size)
        n = the_log.size if size is None else size
        if proof is None:
            proof = the_log.tree.consistency(old, n) if 0 < old < n else []
        return one.add_checkpoint(witness.request_bytes(old, proof, note.encode()), 1)

    other = log.Log(LOG.verifier.name, LOG, [b"x%d" % i for i in range(5)])
    answer = post(other, 5)
    assert (answer.status, answer.reason, answer.body) == (409, Reason.SPLIT_VIEW, b"5\n")
    for i in range(3):
        other.append(b"y%d" % i)
        the_log.append(b"z%d" % i)
    assert (post(other, 5).status, post(other, 5).reason) == (422, Reason.SPLIT_VIEW)
    assert (post(the_log, 6, size=4).status, post(the_log, 6, size=4).reason) == (400, Reason.ROLLBACK)
    stale = post(the_log, 3)
    assert (stale.status, stale.body, stale.content_type) == (409, b"5\n", "text/x.tlog.size")
    assert post(the_log, 5, proof=[bytes(32)]).status == 422
    assert post(the_log, 5).status == 200
    stranger = keys.Ed25519Signer(LOG.verifier.name, b"S" * 32)
    assert post(log.Log(LOG.verifier.name, stranger, the_log.entries), 8).status == 403
    assert post(log.Log("other.example/log", LOG, the_log.entries), 8).status == 404
    for bad in (b"", b"old -1\n\n", b"old 08\n\n", b"old 8\n" + b"AAAA\n" * 64 + b"\n", b"x" * (1 << 18)):
        assert one.add_checkpoint(bad, 1).status == 400


def test_race_of_two_requests_never_rolls_back():
    """C2SP tlog-witness, the race A/B: the second to arrive is refused although it was consistent when checked."""
    the_log, _ = network(3)
    memory = witness.InMemory()
    node = witness.Witness([COSIGNERS["A"]], {LOG.verifier.name: [LOG.verifier]}, memory)
    body3 = witness.request_bytes(0, [], the_log.checkpoint(3).encode())
    body2 = witness.request_bytes(0, [], the_log.checkpoint(2).encode())
    advance = memory.advance

    def between(origin, old, new):
        memory.advance = advance
        assert node.add_checkpoint(body3, 1).status == 200
        return advance(origin, old, new)

    memory.advance = between
    answer = node.add_checkpoint(body2, 1)
    assert (answer.status, answer.body) == (409, b"3\n")
    assert memory.latest(LOG.verifier.name).size == 3


def test_paths_of_tiles():
    assert tiles.index_path(1234067) == "x001/x234/067"
    assert tiles.tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert tiles.bundle_path(5) == "tile/entries/005"
    # C2SP tlog-tiles: a tree of 70 000.
    assert [(n, w) for n, w in tiles.widths(70_000)][-1] == (273, 112)
    assert list(tiles.widths(70_000, 1)) == [(0, 256), (1, 17)]
    assert list(tiles.widths(70_000, 2)) == [(0, 1)]
    assert list(tiles.widths(256)) == [(0, 256)]


@pytest.mark.parametrize("step", [1, 97, 256, 700])
def test_tiles_give_the_same_roots_and_proofs(step):
    leaves = [b"%d" % i for i in range(700)]
    tree, files, old = merkle.Tree(), {}, 0
    for i, e in enumerate(leaves):
        tree.append(merkle.leaf_hash(e))
        if (i + 1) % step == 0 or i + 1 == len(leaves):
            files.update(tiles.changed_tiles(tree, old, i + 1))
            files.update(tiles.changed_bundles(leaves.__getitem__, old, i + 1))
            old = i + 1
    reader = tiles.TileReader(files.__getitem__, 700)
    assert reader.root() == tree.root()
    assert reader.inclusion(413) == tree.inclusion(413)
    assert list(tiles.read_entries(files.__getitem__, 700)) == leaves
    for first in range(step, 700, max(step, 50)):
        assert tiles.TileReader(files.__getitem__, first // step * step).consistency(1) == tree.consistency(
            1, first // step * step
        )


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 256))
def test_any_bytes_are_a_bundle_or_refused(data, width):
    try:
        assert tiles.encode_bundle(tiles.decode_bundle(data, width)) == data
    except Rejected as exc:
        assert exc.reason is Reason.TILE_FORM  # noqa: PT017


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text("c2sp.org/tlog-proof@v1\nindex 0extra=AB \n", max_size=120).map(str.encode)
)
def test_any_bytes_are_a_proof_policy_or_request_or_refused(data):
    for parse in (proofs.parse, quorum.parse, witness.parse_request):
        try:
            parse(data)
        except Rejected as exc:
            assert exc.malformed, exc.reason  # noqa: PT017


def test_removing_a_check_is_seen(monkeypatch):
    """The mutation machinery itself: without the quorum check a checkpoint of nobody passes."""
    the_log, _ = network()
    policy = quorum.parse(POLICY.encode())
    whole = checks.require
    monkeypatch.setattr(
        checks, "require", lambda ok, why, what="": None if why is Reason.QUORUM else whole(ok, why, what)
    )
    assert policy.check(the_log.checkpoint().encode())
