"""A second reader of what we publish, written from the C2SP texts alone (signed-note, checkpoint, cosignature, tiles, proof): no code of ours.

It knows only base64, SHA-256 and Ed25519, reads the demonstration's log as static files, and must come to the same roots.
"""

import base64
import hashlib
import struct

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testban.station.parties import Parties
from testban.store.log_files import LogFiles

NAME = "XX.ALFA"


def sha(data):
    return hashlib.sha256(data).digest()


def vkey(text):
    name, key_hash, key = text.split("+", 2)
    raw = base64.b64decode(key, validate=True)
    assert sha(name.encode() + b"\n" + raw)[:4].hex() == key_hash
    return name, bytes.fromhex(key_hash), raw[0], raw[1:]


def note(data):
    text, _, lines = data.rpartition(b"\n\n")
    found = []
    for line in lines.decode().splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\u2014"
        raw = base64.b64decode(blob, validate=True)
        found.append((name, raw[:4], raw[4:]))
    assert lines.endswith(b"\n")
    return text + b"\n", found


def signed(text, lines, key):
    name, short, kind, public = vkey(key)
    for n, k, s in lines:
        if (n, k) != (name, short):
            continue
        message = text
        if kind == 4:
            message = b"cosignature/v1\ntime %d\n" % struct.unpack(">Q", s[:8]) + text
            s = s[8:]
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(s, message)
        except InvalidSignature:
            return False
        return True
    return False


def head(text):
    origin, size, root, *rest = text.decode().split("\n")
    assert str(int(size)) == size
    assert rest == [""]
    return origin, int(size), base64.b64decode(root, validate=True)


def mth(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1" + mth(leaves[:k]) + mth(leaves[k:]))


def climb(index, size, leaf, path):
    """RFC 9162, 2.1.3.2, word by word."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = sha(b"\1" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def number(n):
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.insert(0, f"x{n % 1000:03d}")
    return "/".join(parts)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    p = Parties((NAME,), bits=2048)
    p.step(300)
    folder = tmp_path_factory.mktemp("log")
    files = LogFiles(folder, p.log.origin, p.sequencer)
    entries = list(p.log.entries)
    files.append(entries)
    files.publish()
    files.close()
    return p, folder, entries


def test_key_ids_notes_and_entries(world):
    p, folder, entries = world
    policy = [line.split() for line in p.policy_text.splitlines()]
    log = next(w[1] for w in policy if w and w[0] == "log")
    assert vkey(log)[2] == 1
    for w in policy:
        if w and w[0] == "witness":
            assert vkey(w[2])[2] == 4
    text, lines = note((folder / "checkpoint").read_bytes())
    origin, size, root = head(text)
    assert origin == vkey(log)[0] == p.log.origin
    assert signed(text, lines, log)
    assert not signed(text + b"x\n", lines, log)
    assert (size, root) == (len(entries), mth([sha(b"\0" + e) for e in entries]))


def test_proof_bundle(world):
    p, _, entries = world
    policy = [line.split() for line in p.policy_text.splitlines()]
    log = next(w[1] for w in policy if w and w[0] == "log")
    proof = p.prove(len(entries) // 3)
    top, _, checkpoint = proof.partition(b"\n\n")
    lines = top.decode().split("\n")
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1"
    extra = base64.b64decode(lines.pop(0).removeprefix("extra "), validate=True)
    index = int(lines.pop(0).removeprefix("index "))
    text, cosigned = note(checkpoint)
    _, size, root = head(text)
    path = [base64.b64decode(line, validate=True) for line in lines]
    assert climb(index, size, sha(b"\0" + extra), path) == root
    assert extra == entries[index]
    assert signed(text, cosigned, log)
    witnesses = {w[1]: signed(text, cosigned, w[2]) for w in policy if w and w[0] == "witness"}
    assert witnesses["A"]
    assert witnesses["B"]
    assert witnesses["N1"] or witnesses["N2"] or witnesses["N3"]


def test_tiles_and_entry_bundles(world):
    _, folder, entries = world
    size = len(entries)
    assert size > 256
    read = []
    for n in range((size + 255) // 256):
        width = min(256, size - 256 * n)
        tail = "" if width == 256 else f".p/{width}"
        data = (folder / f"tile/entries/{number(n)}{tail}").read_bytes()
        bundle = []
        while data:
            length = int.from_bytes(data[:2], "big")
            bundle.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert len(bundle) == width
        tile = (folder / f"tile/0/{number(n)}{tail}").read_bytes()
        assert tile == b"".join(sha(b"\0" + e) for e in bundle)
        if width == 256:
            leaves = [tile[i : i + 32] for i in range(0, 8192, 32)]
            upper = folder / f"tile/1/{number(0)}.p/{size // 256}"
            assert upper.read_bytes()[32 * n : 32 * n + 32] == mth(leaves)
        read += bundle
    assert read == entries


def test_paths_of_large_trees():
    from testban.trust import tiles

    for n in (0, 999, 1000, 1234067, 1234067890):
        assert tiles.index_path(n) == number(n)
    assert tiles.tile_path(2, 1234067, 3) == "tile/2/x001/x234/067.p/3"
