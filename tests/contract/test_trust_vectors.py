"""Public vectors: Wycheproof RSA and Ed25519, transparency-dev Merkle proofs, C2SP det-keygen."""

import base64
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from testban.trust import keygen, keys, merkle, rsa
from testban.trust.checks import Reason, Rejected

ROOT = os.environ.get("TESTBAN_DATA")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not ROOT, reason="TESTBAN_DATA is not set: the vectors are not at hand"),
]
VECTORS = Path(ROOT or "absent") / "vectors"
b64 = base64.b64decode


def cases(kind):
    return [json.loads(p.read_text()) for p in sorted((VECTORS / "merkle" / kind).rglob("*.json"))]


def check(kind, d):
    proof = [b64(x) for x in d["proof"] or []]
    if kind == "inclusion":
        merkle.verify_inclusion(d["leafIdx"], d["treeSize"], b64(d["leafHash"]), proof, b64(d["root"]))
    elif kind == "consistency":
        merkle.verify_consistency(d["size1"], d["size2"], proof, b64(d["root1"]), b64(d["root2"]))
    elif kind == "subtreeinclusion":
        merkle.verify_subtree_inclusion(
            d["leafIdx"], d["start"], d["end"], b64(d["leafHash"]), proof, b64(d["root"])
        )
    else:
        merkle.verify_subtree_consistency(
            d["start"], d["end"], d["size"], proof, b64(d["root1"]), b64(d["root2"])
        )


@pytest.mark.parametrize(
    ("kind", "count"),
    [("inclusion", 98), ("consistency", 98), ("subtreeinclusion", 204), ("subtreeconsistency", 118)],
)
def test_merkle(kind, count):
    vectors = cases(kind)
    assert len(vectors) == count
    for d in vectors:
        if d.get("wantErr"):
            with pytest.raises(Rejected):
                check(kind, d)
        else:
            check(kind, d)


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_wycheproof_rsa(bits):
    seen = Counter()
    groups = json.loads((VECTORS / "wycheproof" / f"rsa_signature_{bits}_sha256_test.json").read_text())
    for g in groups["testGroups"]:
        n, e = (int(g["publicKey"][k], 16) for k in ("modulus", "publicExponent"))
        if e != rsa.EXPONENT:
            with pytest.raises(Rejected) as caught:
                rsa.public_key(n, e)
            assert caught.value.reason is Reason.KEY_EXPONENT
            continue
        key = rsa.public_key(n)
        for t in g["tests"]:
            message, signature = bytes.fromhex(t["msg"]), bytes.fromhex(t["sig"])
            good = rsa.verify(key, message, signature)
            assert good == rsa.verify_by_rebuilding(n, e, message, signature) == (t["result"] == "valid"), t
            seen[t["result"]] += 1
    assert seen["valid"] >= 7
    assert seen["acceptable"] == 1
    assert seen["invalid"] >= 249


def test_wycheproof_rsa_signatures_are_the_only_ones():
    groups = json.loads((VECTORS / "wycheproof" / "rsa_pkcs1_3072_sig_gen_test.json").read_text())[
        "testGroups"
    ]
    count = 0
    for g in groups:
        if g["sha"] != "SHA-256":
            continue
        n, d, e = (int(g["privateKey"][k], 16) for k in ("modulus", "privateExponent", "publicExponent"))
        if e != rsa.EXPONENT:
            continue
        size = n.bit_length() // 8
        for t in g["tests"]:
            message = bytes.fromhex(t["msg"])
            em = int.from_bytes(rsa.encoded_message(message, size), "big")
            assert pow(em, d, n).to_bytes(size, "big").hex() == t["sig"]
            assert rsa.verify(rsa.public_key(n), message, bytes.fromhex(t["sig"]))
            count += 1
    assert count > 0


def test_wycheproof_ed25519():
    count = Counter()
    for g in json.loads((VECTORS / "wycheproof" / "ed25519_test.json").read_text())["testGroups"]:
        key = keys.Ed25519Verifier("wycheproof", bytes.fromhex(g["publicKey"]["pk"]))
        for t in g["tests"]:
            good = key.verify(bytes.fromhex(t["msg"]), bytes.fromhex(t["sig"]))
            assert good == (t["result"] == "valid"), t
            count[t["result"]] += 1
    assert count == {"valid": 88, "invalid": 63}


def det_keygen(limit, most):
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    vectors = [d for d in json.loads((VECTORS / "det_keygen" / "rsa.json").read_text()) if d["bits"] <= limit]
    for d in vectors[:most]:
        key = load_der_private_key(b64(d["private_key_pkcs8"]), None).private_numbers()
        n, private, p, q = keygen.numbers(b64(d["seed"]), d["bits"])
        assert (n, private, p, q) == (key.public_numbers.n, key.d, key.p, key.q)
    return len(vectors[:most])


def test_det_keygen():
    assert det_keygen(3072, 9) == 9


@pytest.mark.slow
def test_det_keygen_all():
    assert det_keygen(65536, None) == 21
