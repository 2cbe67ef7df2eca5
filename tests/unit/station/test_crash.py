"""kill -9 at random instants, a full disk, a clock set back and forth: nothing acknowledged is lost, no slot is signed twice."""

import hashlib
import os
import random
import resource
import select
import signal
import time

import pytest

from testban.base.errors import InputError, StoreError
from testban.station.parties import ORIGIN, START_SLOT, Parties
from testban.station.station import Station
from testban.station.warden import Warden
from testban.store.ledger_file import LedgerFile
from testban.store.log_files import LogFiles, LogFolder
from testban.store.ring import Ring
from testban.store.witness_memory import WitnessMemory
from testban.trust import checkpoints, keys, merkle, notes, witness
from testban.trust.checks import Rejected
from testban.trust.log import Log

NAME = "XX.ALFA"
KILLS = 55
RECORD = 9000


@pytest.fixture(scope="module")
def world():
    return Parties((NAME,), bits=2048)


def killed(work, seconds, after_word=False):
    """Run `work(say)` in a forked child, kill it after a time (from its first word on, if asked), return the lines that it said."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            work(lambda line: os.write(write, line.encode() + b"\n"))
        finally:
            os._exit(0)
    os.close(write)
    if after_word:
        select.select([read], [], [], 10)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    data = b""
    while part := os.read(read, 1 << 16):
        data += part
    os.close(read)
    os.waitpid(child, 0)
    return data.decode().split("\n")[:-1]


def kills(work, check, seed):
    """Kill the work many times; `check` gets everything that was ever acknowledged."""
    said = []
    draw = random.Random(seed)
    for _ in range(KILLS):
        # On a busy machine a child may not get to its first word in 30 ms: most are killed some time after it.
        said += killed(work, draw.uniform(0.001, 0.1), draw.random() < 0.8)
    assert len(said) > KILLS
    check(said)


def new_station(world, path):
    return Station(
        world.sites[NAME].station.policy,
        world.sites[NAME].signer,
        Ring(path, 4096, RECORD),
        world.quorum,
        world.treaty,
    )


def slots_once(said):
    """No slot may stand with two different texts."""
    texts = {}
    for line in said:
        slot, text = line.split()
        assert texts.setdefault(slot, text) == text, f"two texts for slot {slot}"
    return texts


def test_station(world, tmp_path):
    path = tmp_path / "station.ring"

    def work(say):
        station = new_station(world, path)
        last = station.memory.last()
        for s in station.resend(last.slot, last.slot) if last else ():
            say(f"{s.slot} {hashlib.sha256(s.note).hexdigest()}")
        for slot in range(last.slot + 1 if last else START_SLOT, 1 << 40):
            # The samples differ with every start: a slot decided twice would show.
            world.slot = slot
            for s in station.slot(slot, world.samples(NAME, slot + os.getpid() % 1000 * 100_000)):
                say(f"{s.slot} {hashlib.sha256(s.note).hexdigest()}")

    def check(said):
        texts = slots_once(said)
        ring = Ring(path, 4096, RECORD)
        for slot in sorted(texts, key=int)[-4000:]:
            record = ring.get(int(slot))
            note = notes.sign(record.text.decode(), [world.sites[NAME].signer]).encode()
            assert hashlib.sha256(note).hexdigest() == texts[slot]

    kills(work, check, 1)


def test_warden(world, tmp_path):
    policy = world.sites[NAME].station.policy
    station = new_station(world, tmp_path / "station.ring")
    sent = [station.slot(START_SLOT + i, world.samples(NAME, START_SLOT + i))[0] for i in range(1500)]

    def open_warden():
        site = world.sites[NAME]
        book = LedgerFile(policy, tmp_path / "ledger")
        return Warden(
            policy,
            site.signer.verifier,
            site.countersigner,
            Ring(tmp_path / "warden.ring", 4096, RECORD),
            world.quorum,
            book,
        )

    def work(say):
        warden = open_warden()
        warden.recover()
        first = warden.missing() or START_SLOT
        for s in sent[first - START_SLOT :]:
            warden.receive(s.note, s.payload)
            for out in warden.release(s.slot + 3):
                say(f"{out.slot} {hashlib.sha256(out.note).hexdigest()}")

    def check(said):
        texts = slots_once(said)
        warden = open_warden()
        written = {line.slot for lines in warden.ledger.days.values() for line in lines}
        assert {int(s) for s in texts} <= written, "something left that the ledger does not know"

    kills(work, check, 2)


def test_log(world, tmp_path):
    def work(say):
        log = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
        number = log.log.size
        while True:
            for index in log.append([b"entry %d" % (number + i) for i in range(7)]):
                say(f"{index} {merkle.leaf_hash(b'entry %d' % index).hex()}")
            number = log.log.size
            if number % 3 == 0:
                head = checkpoints.parse_text(log.publish().text)
                say(f"head{head.size} {head.root.hex()}")

    def check(said):
        slots_once(said)
        log = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
        for line in said:
            what, digest = line.split()
            if what.startswith("head"):
                assert log.log.tree.root(int(what[4:])).hex() == digest
            else:
                assert log.log.tree.node(0, int(what)).hex() == digest
        log.publish()
        folder = LogFolder(tmp_path / "log")
        assert (
            merkle.Tree([merkle.leaf_hash(e) for e in folder.entries()]).root()
            == checkpoints.parse(folder.checkpoint())[0].root
        )

    kills(work, check, 3)


def test_witness(world, tmp_path):
    """The log is rebuilt with other entries at each start: a witness that forgot would sign two histories."""
    cosigner = keys.Cosigner("w.example/1", b"w" * 32)

    def open_witness():
        known = {ORIGIN: [world.sequencer.verifier]}
        return witness.Witness([cosigner], known, WitnessMemory(tmp_path / "seen.sqlite"))

    def work(say):
        node = open_witness()
        seen = node.memory.latest(ORIGIN)
        honest = Log(ORIGIN, world.sequencer, [b"e%d" % i for i in range(seen.size if seen else 1)])
        for size in range(honest.size, 1 << 30):
            other = Log(ORIGIN, world.sequencer, [*honest.entries[:-1], b"mine %d" % os.getpid()])
            old = 0 if size == 1 and seen is None else size
            for tree in (honest, other):
                answer = node.add_checkpoint(witness.request_bytes(old, [], tree.checkpoint().encode()), 1)
                if answer.status == 200:
                    say(f"{size} {tree.tree.root().hex()}")
            honest.append(b"e%d" % size)
            proof = honest.tree.consistency(size)
            answer = node.add_checkpoint(witness.request_bytes(size, proof, honest.checkpoint().encode()), 1)
            if answer.status == 200:
                say(f"{size + 1} {honest.tree.root().hex()}")

    kills(work, slots_once, 4)


def test_full_disk_refuses_and_loses_nothing(world, tmp_path):
    log = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
    log.append([b"kept"])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(StoreError):
            log.append([b"x" * 500])
        assert log.log.size == 1
        with pytest.raises(StoreError):
            Ring(tmp_path / "late.ring", 100, RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert log.append([b"after"]) == [1]
    log.close()
    again = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
    assert again.log.entries[:] == [b"kept", b"after"]


def test_a_ring_that_exists_does_not_need_more_disk(world, tmp_path):
    station = new_station(world, tmp_path / "station.ring")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 + 4096 * (RECORD + 48), before[1]))
    try:
        assert station.slot(START_SLOT, world.samples(NAME, START_SLOT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_is_signed_where_the_memory_fails(world):
    station = world.sites[NAME].station

    class Broken:
        def last(self):
            return None

        def put(self, record):
            raise StoreError("disk full")

    class Watched:
        verifier = world.sites[NAME].signer.verifier
        signed = 0

        def sign(self, text):
            Watched.signed += 1
            return b""

    broken = Station(station.policy, Watched(), Broken(), world.quorum, world.treaty)
    with pytest.raises(StoreError):
        broken.slot(START_SLOT, None)
    assert Watched.signed == 0


def test_clock_set_back_and_forth(world, tmp_path):
    station = new_station(world, tmp_path / "station.ring")
    first = station.slot(START_SLOT, world.samples(NAME, 1))
    assert station.slot(START_SLOT - 5, world.samples(NAME, 2)) == []
    assert station.slot(START_SLOT, world.samples(NAME, 3)) == []
    assert station.resend(START_SLOT, START_SLOT) == first
    ahead = station.slot(START_SLOT + 4, world.samples(NAME, 4))
    assert [s.slot for s in ahead] == list(range(START_SLOT + 1, START_SLOT + 5))
    assert [len(s.payload) for s in ahead] == [0, 0, 0, 4800]
    with pytest.raises(InputError):
        station.slot(START_SLOT + 10_000_000, None)
    assert station.slot(START_SLOT + 3, None) == []


def test_commands_are_not_repeated_after_a_restart(world, tmp_path):
    note = world.command(NAME, 77).encode()
    proof = world.prove(world.log.append(note))
    assert new_station(world, tmp_path / "r").obey(note, proof, world.slot).number == 77
    with pytest.raises(Rejected):
        new_station(world, tmp_path / "r").obey(note, proof, world.slot)


def test_published_entries_leave_memory_and_stay_readable(world, tmp_path):
    entries = [b"entry %d" % i for i in range(700)]
    log = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
    for part in (entries[:300], entries[300:301], entries[301:]):
        log.append(part)
        log.publish()
        assert log._tail._entries == []
    log.append([b"not in tiles yet"])
    log.close()
    again = LogFiles(tmp_path / "log", ORIGIN, world.sequencer)
    assert again.log.entries[:] == [*entries, b"not in tiles yet"]
    assert again._tail._entries == [b"not in tiles yet"]
    assert again.append([b"entry 7", b"new"]) == [7, 701]
    assert again.log.tree.root() == merkle.Tree([merkle.leaf_hash(e) for e in again.log.entries]).root()
    note = again.publish()
    proof = again.log.prove(3, note)
    assert again.log.entries[3] == b"entry 3"
    assert proof.startswith(b"c2sp.org/tlog-proof@v1\n")


def test_places_are_remembered_within_a_window(world, monkeypatch):
    monkeypatch.setattr("testban.trust.log.WINDOW", 5)
    log = Log(ORIGIN, world.sequencer, [b"e%d" % i for i in range(9)])
    assert log.settle([b"e8", b"e0", b"new", b"e0"])[0] == [8, 9, 10, 9]
    assert (log.append(b"e8"), log.append(b"e0"), log.size) == (8, 9, 10)
