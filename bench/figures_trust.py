"""Rates of trust on this machine beside the raw library calls: `python -m bench.figures_trust`."""

import hashlib
import time

from testban.station.parties import Parties
from testban.trust import audit, merkle, notes, rsa, sealed

NAME = "XX.ALFA"


def rate(call, seconds=1.0):
    """Calls per second."""
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        call()
        count += 1
    return count / spent


def beside(ours, raw, rounds=7):
    """Best rates of two calls that take turns, so that what else the machine does hits both."""
    pairs = [(rate(ours, 0.3), rate(raw, 0.3)) for _ in range(rounds)]
    return max(o for o, _ in pairs), max(r for _, r in pairs)


def audited(slots=600):
    """Packets a second of a whole audit with payloads: a day of 100 stations is 864 000."""
    p = Parties((NAME,))
    p.step(slots)
    start = time.perf_counter()
    report = audit.audit(p.log.entries, p.quorum, p.treaty, payload=p.payloads.get)
    assert report.ok
    return report.packets / (time.perf_counter() - start)


def main():
    """Ours, the raw library call, their ratio; 3 channels x 10 s x 40 Hz, RSA-3072."""
    p = Parties((NAME,))
    site = p.sites[NAME]
    released = p.countersign(NAME, p.record(NAME))[0]
    text = notes.parse(released.note).text.encode()
    line = notes.parse(released.note).signatures[0]
    keys = site.signer.verifier, site.countersigner.verifier
    policy = site.station.policy
    samples = p.samples(NAME, p.slot)

    def station():
        p.slot += 1
        site.station.slot(p.slot, samples)

    own, raw = site.signer._key, keys[0]._key
    signs, raw_sign = beside(station, lambda: own.sign(text, rsa._PADDING, rsa._SHA256))
    checks, raw_check = beside(
        lambda: sealed.check(released.note, policy, *keys),
        lambda: [raw.verify(line.signature, text, rsa._PADDING, rsa._SHA256) for _ in keys],
    )
    sha256, tree, entry = hashlib.sha256, merkle.Tree(), released.note
    half, head = bytes(64), b"\0" + entry
    appends, raw_append = beside(
        lambda: tree.append(merkle.leaf_hash(entry)),
        # One leaf and, on average, one node.
        lambda: (sha256(head).digest(), sha256(half).digest()),
    )
    root, leaf, size = tree.root(), merkle.leaf_hash(entry), tree.size
    proof = tree.inclusion(size // 2)
    proved, raw_proved = beside(
        lambda: merkle.verify_inclusion(size // 2, size, leaf, proof, root),
        lambda: [sha256(half).digest() for _ in proof],
    )
    rows = [
        ("packet built, signed", signs, raw_sign),
        ("packet note verified (two signatures)", checks, raw_check),
        ("log append", appends, raw_append),
        ("inclusion proof made", rate(lambda: tree.inclusion(size // 2)), None),
        ("inclusion proof checked", proved, raw_proved),
        ("packet audited: log entry and payload", audited(), None),
    ]
    note = f"note {len(released.note)} B, log of {size} entries"
    return [
        {
            "name": n,
            "ours": ours,
            "rival": raw,
            "ratio": ours / raw if raw else None,
            "unit": "1/s",
            "note": note,
        }
        for n, ours, raw in rows
    ]


if __name__ == "__main__":
    for row in main():
        print(row)
