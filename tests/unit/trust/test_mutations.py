"""Random mutations of everything that is signed, hashed or proven: all refused with a reason, nothing crashes or hangs.

A checkpoint is the same whatever the order of its signature lines and whatever lines of unknown keys stand beside them (C2SP
signed-note): what is accepted must have the same text and the same lines of known keys, once each. Packets have no such freedom.
"""

import random
import time

import pytest

from testban.base.errors import TestbanError
from testban.station.parties import Parties
from testban.trust import audit, checkpoints, dossier, merkle, notes, packet, proofs, sealed, tiles
from testban.trust.checks import FORM, Reason, Rejected

NAME = "XX.ALFA"


def flip(d, data, other):
    at = d.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << d.randrange(8)]) + data[at + 1 :]


def substitute(d, data, other):
    at = d.randrange(len(data))
    return data[:at] + d.randbytes(1) + data[at + 1 :]


def truncate(d, data, other):
    at = d.randrange(len(data))
    return data[:at] if d.random() < 0.7 else data[at:]


def cut(d, data, other):
    a, b = sorted(d.randrange(len(data) + 1) for _ in "ab")
    return data[:a] + data[b:]


def repeat(d, data, other):
    a, b = sorted(d.randrange(len(data) + 1) for _ in "ab")
    return data[:b] + data[a:b] + data[b:]


def reorder(d, data, other):
    if d.random() < 0.5 and data.count(b"\n") > 2:
        lines = data.split(b"\n")
        a, b = d.sample(range(len(lines)), 2)
        lines[a], lines[b] = lines[b], lines[a]
        return b"\n".join(lines)
    a, b, c = sorted(d.randrange(len(data) + 1) for _ in "abc")
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def splice(d, data, other):
    at = d.randrange(len(data))
    return data[:at] + other[at:] if d.random() < 0.5 else data[:at] + other[d.randrange(len(other)) :]


def insert(d, data, other):
    at = d.randrange(len(data) + 1)
    return (
        data[:at] + d.choice([b"\n", b" ", b"\0", b"0", b"\xff", b"=", b"\r\n", d.randbytes(3)]) + data[at:]
    )


WAYS = (flip, substitute, truncate, cut, repeat, reorder, splice, insert)


class Things:
    """Honest objects of every kind, two of each, and the check that an honest reader makes."""

    def __init__(self):
        p = Parties((NAME,), bits=2048)
        p.step(14)
        site = p.sites[NAME]
        keys = site.signer.verifier, site.countersigner.verifier
        policy = site.station.policy
        note = p.witnessed()
        entries = [p.log.entries[p.indices[k]] for k in sorted(p.indices)]
        parsed = [sealed.parse(e, 2)[0] for e in entries[:2]]
        heads = [p.quorum.smallest(notes.parse(h)).encode() for h in list(p.epochs.values())[-1:]]
        heads.append(p.quorum.smallest(note).encode())
        policies = [e for e in p.log.entries if e.startswith((b"testban/policy@v1", b"testban/key@v1"))]
        proven = [p.prove(i, note) for i in (2, p.log.size - 1)]
        whole = [dossier.make("e", proven[:n], [], {}) for n in (1, 2)]
        log = [b"entry %d" % i * (1 + i % 7) for i in range(600)]
        tree = merkle.Tree([merkle.leaf_hash(e) for e in log])
        files = dict(tiles.changed_tiles(tree, 0, 600)) | dict(tiles.changed_bundles(log.__getitem__, 0, 600))
        self.kinds = {
            "packet": (entries[:2], lambda d: sealed.check(d, policy, *keys)),
            "payload": ([p.payloads[x.payload] for x in parsed], self.payload(parsed, policy)),
            "document": (policies[:2], lambda d: self.document(d, p)),
            "checkpoint": (heads, p.quorum.check),
            "proof": (proven, lambda d: proofs.verify(d, p.quorum)),
            "dossier": (whole, lambda d: dossier.verify(d, p.quorum)),
        }
        for path in (
            "tile/0/001",
            "tile/0/002.p/88",
            "tile/1/000.p/2",
            "tile/entries/001",
            "tile/entries/002.p/88",
        ):
            other = next(x for x in files if x != path and x.startswith(path[:5]))
            self.kinds[path] = ([files[path], files[other]], self.tile(files, path, tree))

    @staticmethod
    def payload(parsed, policy):
        return lambda d: packet.check_payload(d, parsed[0], policy)

    @staticmethod
    def document(data, p):
        note = notes.parse(data)
        p.treaty.check(note, "policy")

    @staticmethod
    def tile(files, path, tree):
        """What an auditor makes of a log with one file changed: root from the entries, tiles from the entries."""

        def check(data):
            served = dict(files) | {path: data}
            auditor = audit.Auditor(None, None)
            for entry in tiles.read_entries(served.__getitem__, 600):
                auditor.tree.append(merkle.leaf_hash(entry))
            auditor._expect(auditor.tree.root() == tree.root(), "log", "log", None, Reason.TREE_REBUILD)
            auditor.tiles(served.__getitem__, 600)
            if auditor.faults:
                raise Rejected(auditor.faults[0].reason)

        return check


def same_meaning(kind, data, honest):
    """True where only the order of signature lines, or lines of unknown keys, differ: never for packets, payloads, tiles."""
    if kind not in ("checkpoint", "document", "proof"):
        return False
    if kind == "proof":
        a, b = proofs.parse(data), proofs.parse(honest)
        left, right = checkpoints.parse(a.checkpoint)[1], checkpoints.parse(b.checkpoint)[1]
        if (a.index, a.hashes, a.extra) != (b.index, b.hashes, b.extra):
            return False
    else:
        left, right = notes.parse(data), notes.parse(honest)
    known = {(s.name, s.key_id) for s in right.signatures}
    kept = [s for s in left.signatures if (s.name, s.key_id) in known]
    firsts = {(s.name, s.key_id): s for s in reversed(kept)}
    once = kind == "document" or len(kept) == len(firsts)
    return left.text == right.text and once and set(firsts.values()) == set(right.signatures)


@pytest.fixture(scope="module")
def things():
    made = Things()
    for kind, (honest, check) in made.kinds.items():
        check(honest[0])  # what is honest is accepted
        assert honest[0] != honest[1], kind
    return made


def mutate(things, count, seed):
    """Refusals by kind and reason; fails on anything accepted that is not the same, or not refused as `Rejected`."""
    draw = random.Random(seed)
    refused = {}
    names = list(things.kinds)
    for i in range(count):
        kind = names[i % len(names)]
        (honest, other), check = things.kinds[kind]
        way = WAYS[i // len(names) % len(WAYS)]
        data = honest
        for _ in range(1 + (draw.random() < 0.2)):
            data = way(draw, data or honest, other)
        if data in (honest, other):
            continue
        begun = time.perf_counter()
        try:
            check(data)
        except Rejected as exc:
            refused.setdefault(kind, {}).setdefault(exc.reason, 0)
            refused[kind][exc.reason] += 1
        except TestbanError as exc:  # pragma: no cover - a failure
            pytest.fail(f"{kind} {way.__name__}: {exc!r}")
        else:
            assert same_meaning(kind, data, honest), (kind, way.__name__, i)
        assert time.perf_counter() - begun < 2
    return refused


def test_a_thousand_mutations_are_refused(things):
    refused = mutate(things, 1100, 1)
    assert set(refused) == set(things.kinds)
    # Not all for their form: signatures, digests and roots are what stops the well-formed ones.
    for kind in ("packet", "document", "checkpoint", "proof", "tile/0/001", "tile/entries/001"):
        assert set(refused[kind]) - FORM, kind
    assert set(refused["payload"]) == {Reason.PAYLOAD_LENGTH, Reason.PAYLOAD_DIGEST}


@pytest.mark.slow
def test_ten_thousand_mutations_are_refused(things):
    refused = mutate(things, 11_000, 2)
    assert sum(n for kind in refused.values() for n in kind.values()) > 10_000
