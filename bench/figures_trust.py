"""Rates of trust on this machine beside the raw library calls: `python -m bench.figures_trust` (or with `day`: a day's audit).

What the raw side is: the same hashes, signatures and syncs with hashlib, cryptography and os alone, written out in a loop with
nothing checked, named or kept: a leaf hash over the entry with its prefix, one node hash of a joined message of 65 bytes for each
leaf (the average of a growing tree), for a proof 20 dependent node hashes. Both sides take turns; each rate is the best of
its turns, the ratio their median, by the time of the processor where no disk is waited for.
"""

import binascii
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median

from testban.station.parties import ORIGIN, Parties
from testban.store.log_files import LogFiles
from testban.trust import merkle, notes, rsa, sealed

NAME = "XX.ALFA"
GROUP = 16  # entries that wait while a disk syncs, as 16 connections give them
DAY_STATIONS, DAY_SLOTS = ("XX.ALFA", "XX.BETA", "XX.GAMMA"), 8640
sha256 = hashlib.sha256


def rate(call, seconds, clock):
    """Calls per second."""
    done, start = 0, clock()
    while (spent := clock() - start) < seconds:
        call()
        done += 1
    return done / spent


def beside(ours, raw, each=1, clock=time.thread_time, turns=60):
    """Best rates of two calls and the median of their ratio; they take turns of 30 ms, so that what else the machine does hits
    both. each: items in a call."""
    pairs = [(rate(ours, 0.03, clock), rate(raw, 0.03, clock)) for _ in range(turns)]
    return each * max(o for o, _ in pairs), each * max(r for _, r in pairs), median(o / r for o, r in pairs)


def raw_append(entry, sibling):
    """The hashes that one more entry costs."""
    return sha256(b"\0" + entry).digest(), sha256(b"\1" + sibling + sibling).digest()


def raw_proof(leaf, proof):
    """The hashes that a proof costs."""
    for sibling in proof:
        leaf = sha256(b"\1" + sibling + leaf).digest()
    return leaf


def raw_making(levels, index):
    """The look-ups of a proof in a full tree: one sibling a level."""
    out = []
    for level in levels[:-1]:
        at = (index ^ 1) * 32
        out.append(bytes(level[at : at + 32]))
        index >>= 1
    return out


def packets(p):
    """Rows of building, signing and verifying packets."""
    site = p.sites[NAME]
    released = p.countersign(NAME, p.record(NAME))[0]
    note = notes.parse(released.note)
    text, lines = note.text.encode(), note.signatures
    keys = site.signer.verifier, site.countersigner.verifier
    samples = p.samples(NAME, p.slot)

    def station():
        p.slot += 1
        site.station.slot(p.slot, samples)

    own = site.signer._key
    pairs = [(k._key, line.signature) for k, line in zip(keys, lines, strict=True)]
    yield (
        "packet built, signed",
        *beside(station, lambda: own.sign(text, rsa._PADDING, rsa._SHA256)),
        f"need 0.1/s a station; note {len(released.note)} B",
    )

    def check():
        sealed.check(released.note, site.station.policy, *keys)

    def raw_signatures():
        for k, s in pairs:
            k.verify(s, text, rsa._PADDING, rsa._SHA256)

    def raw_note():
        head, _, tail = released.note.rpartition(b"\n\n")
        for (k, _), line in zip(pairs, tail.split(b"\n"), strict=False):
            k.verify(binascii.a2b_base64(line.split(b" ")[2])[4:], head + b"\n", rsa._PADDING, rsa._SHA256)

    yield "packet note verified", *beside(check, raw_note), "raw: base64 and two signatures; need 10/s"
    yield "the same beside the signatures alone", *beside(check, raw_signatures), "raw: two signatures, given"


def appending(entry):
    """Rows of appending to the tree, and durably to a log on disk."""
    tree, sibling = merkle.Tree(), bytes(32)
    one = beside(lambda: tree.append(merkle.leaf_hash(entry)), lambda: raw_append(entry, sibling))
    yield "tree append, one at a time", *one, "need 10/s"
    group = [entry] * GROUP
    many = beside(
        lambda: tree.extend([merkle.leaf_hash(e) for e in group]),
        lambda: [raw_append(e, sibling) for e in group],
        GROUP,
    )
    yield f"tree append, groups of {GROUP}", *many, "need 10/s"
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        files = LogFiles(Path(scratch) / "log", ORIGIN, Parties((), bits=2048).sequencer)
        plain = (Path(scratch) / "plain").open("wb", buffering=0)
        numbers = count()

        def fresh(size):
            return [b"%s%020d" % (entry, next(numbers)) for _ in range(size)]

        def raw(size):
            new = fresh(size)
            plain.write(b"".join([len(e).to_bytes(4, "big") + e for e in new]))
            os.fsync(plain.fileno())
            return [raw_append(e, sibling) for e in new]

        for size in (1, GROUP):
            rates = beside(
                lambda size=size: files.append(fresh(size)),
                lambda size=size: raw(size),
                size,
                time.perf_counter,
            )
            yield f"log append on disk, {size} to a sync", *rates, "raw: write, fsync, the same hashes"
        files.close()
        plain.close()


def proving(entry, height=20):
    """Rows of making and checking the proof of an entry in a full tree of 2^height leaves."""
    leaf = merkle.leaf_hash(entry)
    tree = merkle.Tree([leaf] * (1 << height))
    size, index = tree.size, tree.size // 3
    root, proof = tree.root(), tree.inclusion(index)
    assert raw_making(tree.levels, index) == proof
    assert raw_proof(leaf, merkle.Tree([leaf] * (1 << height)).inclusion(size - 1)) == root
    made = beside(lambda: tree.inclusion(index), lambda: raw_making(tree.levels, index))
    yield f"inclusion proof made, {size} entries", *made, "raw: 20 slices"
    checked = beside(
        lambda: merkle.verify_inclusion(index, size, leaf, proof, root), lambda: raw_proof(leaf, proof)
    )
    yield "inclusion proof checked", *checked, "raw: 20 dependent hashes of 65 bytes"


def main():
    """Ours, the raw library calls, their ratio; 3 channels x 10 s x 40 Hz, RSA-3072."""
    p = Parties((NAME,))
    entry = p.countersign(NAME, p.record(NAME))[0].note
    p = Parties((NAME,))
    rows = [*packets(p), *appending(entry), *proving(entry)]
    return [
        {"name": n, "ours": ours, "rival": raw, "ratio": ratio, "unit": "1/s", "note": note}
        for n, ours, raw, ratio, note in rows
    ]


def written(folder):
    """A day of DAY_STATIONS as a party has it: the log's static files, payloads by digest, the policy."""
    p = Parties(DAY_STATIONS)
    p.step(DAY_SLOTS)
    p.witnessed()
    files = LogFiles(folder / "log", ORIGIN, p.sequencer)
    files.append(list(p.log.entries))
    asked = {n: (p.sizes[n], p.posts[n]) for n in p.posts}
    files.publish(asked, quorum=p.quorum)
    for number, head in p.epochs.items():
        (folder / "log" / "epochs").mkdir(exist_ok=True)
        (folder / "log" / "epochs" / str(number)).write_bytes(head)
    files.close()
    (folder / "payloads").mkdir()
    for digest, data in p.payloads.items():
        (folder / "payloads" / digest.hex()).write_bytes(data)
    (folder / "policy.txt").write_text(p.policy_text)
    return sum(1 for e in p.log.entries if e.startswith(b"testban/packet@v1\n"))


def day():
    """The command `testban audit` on a measured day of 3 stations, and what a year of 100 stations would take of it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = written(folder)
        command = [sys.executable, "-m", "testban.cli", "audit", str(folder / "log"), "--policy", str(folder / "policy.txt"),
                   "--payloads", str(folder / "payloads")]  # fmt: skip
        start = time.perf_counter()
        subprocess.run(command, check=True)
        spent = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, busy = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    year = spent / made * 100 * DAY_SLOTS * 365
    print(f"measured: {len(DAY_STATIONS)} stations, one day, {made} packets with payloads, {spent:.1f} s by the clock, {busy:.1f} s of one core, "
          f"{made / spent:.0f} packets/s, at most {peak:.0f} MB")  # fmt: skip
    print(
        f"extrapolated by the number of packets: a day of 100 stations {year / 365:.0f} s, a year {year / 3600:.1f} h"
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["day"]:
        day()
    else:
        for row in main():
            print(f"{row['name']:44} ours {row['ours']:>10.4g}  raw {row['rival']:>10.4g}  ratio {row['ratio']:.2f}  {row['note']}")  # fmt: skip
