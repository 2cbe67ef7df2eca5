"""Station, warden and log as nodes, killed together at random instants again and again: in the end the audit finds nothing."""

import hashlib
import random
from functools import partial

import msgspec
import pytest
from test_crash import RECORD, killed

from testban.links.packet_http import unframe
from testban.run.log_node import Sequencer
from testban.run.station_node import StationNode
from testban.run.warden_node import WardenNode
from testban.station import recorder
from testban.station.dither import Host
from testban.station.parties import ORIGIN, START_SLOT, Parties
from testban.station.station import Station
from testban.station.warden import Warden
from testban.store.ledger_file import LedgerFile
from testban.store.log_files import LogFiles, LogFolder
from testban.store.ring import Ring
from testban.trust import audit, notes
from testban.trust.checks import Reason, Rejected
from testban.trust.packet import GAP_DIGEST
from testban.trust.witness import Answer

NAME = "XX.ALFA"
KILLS = 40
SLOTS = 90


class Link:
    """The station's link to its warden, without a network."""

    def __init__(self, node):
        self.node = node

    def owed(self):
        text = self.node.respond("GET", "/next", b"").body.strip()
        return None if text == b"none" else int(text)

    def epoch(self, number):
        answer = self.node.respond("GET", f"/epochs/{number}", b"")
        assert answer.status in (200, 404)
        return answer.body if answer.status == 200 else None

    def policies(self):
        return self.node.respond("GET", "/policies", b"").body.decode().split()

    def policy(self, name):
        return unframe(self.node.respond("GET", f"/policies/{name}", b"").body)

    def take(self, name):
        answer = self.node.respond("POST", f"/policies/{name}", b"")
        if answer.status != 200:
            raise Rejected(answer.reason, answer.body.decode())

    def looped(self):
        return self.node.respond("GET", "/fine", b"").body == b"asked\n"

    def reveal(self, slot, fine):
        return self.granted(f"/fine/{slot}", fine)

    def give(self, note, payload):
        return self.granted("/packet", len(note).to_bytes(2, "big") + note + payload)

    def granted(self, path, data):
        answer = self.node.respond("POST", path, data)
        if answer.status != 200:
            raise Rejected(answer.reason, answer.body.decode())
        return answer.body


class World:
    """One process's worth of nodes over the same folders."""

    def __init__(self, p, root, station_later=(), warden_later=(), fine=None, twin=None):
        site = p.sites[NAME]
        policy = site.station.policy
        self.files = LogFiles(root / "log", ORIGIN, p.sequencer)
        if self.files.log.size == 0:
            self.files.append(p.log.entries[:5])  # keys and policy
        self.log = Sequencer(self.files, {}, None, None)
        ring = Ring(root / "warden.ring", 1024, RECORD)
        book = LedgerFile(policy, root / "ledger")
        warden = Warden(
            policy,
            site.signer.verifier,
            site.countersigner,
            ring,
            p.quorum,
            book,
            warden_later,
            fine and Host(fine.secret(), fine),
        )
        self.warden = WardenNode(
            warden, root / "w", root / "payloads", lambda _path: Answer(404), self.append, lambda: START_SLOT + 10**6, lambda _t: None, p.treaty, twin
        )  # fmt: skip
        station = Station(
            policy, site.signer, Ring(root / "station.ring", 1024, RECORD), p.quorum, p.treaty, station_later
        )
        self.station = StationNode(
            station, Link(self.warden), lambda _t: None, folder=root / "s", dithered=fine is not None
        )
        self.policy = policy

    def append(self, entry):
        return Answer(200, b"%d\n" % self.log.take(entry))

    def work(self, say=lambda _line: None, last=START_SLOT + SLOTS):
        known = self.station.station.memory.last()
        self.station.turn()
        self.warden.turn()
        for slot in range(known.slot + 1 if known else START_SLOT, last):
            self.station.record(slot, partial(recorder.noise, slot=slot))
            assert self.station.turn(), self.station.refused
            if slot % 3 == 0:
                self.warden.turn()
                say(str(slot))
            if slot % 20 == 0:
                self.log.turn(0)
        self.warden.turn()
        self.log.turn(0)


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in range(2, 7))])
def test_killed_together(tmp_path, seed):
    p = Parties((NAME,), bits=2048)
    draw = random.Random(seed)
    said = []

    def work(say):
        World(p, tmp_path).work(say)

    for _ in range(KILLS):
        said += killed(work, draw.uniform(0.03, 0.3))
    assert said
    whole = World(p, tmp_path)
    assert whole.station.station.memory.last().slot >= int(said[-1])
    whole.work()
    whole.files.close()

    log = LogFolder(tmp_path / "log")

    def payload(digest):
        path = tmp_path / "payloads" / digest.hex()
        return path.read_bytes() if path.exists() else None

    report = audit.audit(log.entries(), p.quorum, p.treaty, payload=payload)
    # Times of this world are made up: only what depends on them may be said.
    assert {f.reason for f in report.faults} <= {Reason.MERGE_LATE}
    assert (report.packets, report.gaps) == (SLOTS, 0)
    lines = [line for day in whole.warden.warden.ledger.days.values() for line in day]
    once = [(line.slot, line.kind) for line in lines if line.kind != "again"]
    assert sorted(once) == sorted(set(once)), "something left twice as if for the first time"
    assert {s for s, kind in once if kind == "payload"} == {s for s, kind in once if kind == "note"}
    for entry in log.entries():
        if entry.startswith(b"testban/packet@v1\n"):
            assert len(notes.parse(entry).signatures) == 2
    assert hashlib.sha256(b"").digest() == GAP_DIGEST


def offer(p, root, policy, name="next", **changes):
    """Sign a policy by all, log it, lay it with its proof where the warden offers it; returns the entry."""
    return lay(p, root, name, p.signed(msgspec.structs.replace(policy, **changes).text()))


def lay(p, root, name, note):
    """Log a note, lay it with its proof where the warden offers it; returns the entry."""
    data = note.encode()
    proof = p.prove(p.log.append(data))
    folder = root / "w" / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.note").write_bytes(data)
    (folder / f"{name}.tlog-proof").write_bytes(proof)
    return data


def audited(p, root):
    def payload(digest):
        path = root / "payloads" / digest.hex()
        return path.read_bytes() if path.exists() else None

    return audit.audit(LogFolder(root / "log").entries(), p.quorum, p.treaty, payload=payload)


@pytest.mark.parametrize("kills", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_a_new_policy_from_a_slot_on_while_nodes_run_and_are_killed(tmp_path, kills):
    p = Parties((NAME,), bits=2048)
    old = p.sites[NAME].station.policy
    switch = START_SLOT + 45
    first = World(p, tmp_path)
    new = offer(p, tmp_path, old, version=2, from_slot=switch, channels=old.channels[:2], quantum=16)
    first.files.append([new])
    first.files.close()
    draw = random.Random(kills)

    def work(say):
        World(p, tmp_path).work(say)

    for _ in range(kills):
        killed(work, draw.uniform(0.03, 0.6))
    whole = World(p, tmp_path)
    whole.work()
    whole.files.close()
    report = audited(p, tmp_path)
    assert {f.reason for f in report.faults} <= {Reason.MERGE_LATE}
    assert (report.packets, report.gaps) == (SLOTS, 0)
    seen = {}
    for entry in LogFolder(tmp_path / "log").entries():
        if entry.startswith(b"testban/packet@v1\n"):
            lines = entry.decode().split("\n")
            seen[int(lines[2])] = lines[3]
    after = msgspec.structs.replace(old, version=2, from_slot=switch, channels=old.channels[:2], quantum=16)
    assert all(d == (after if s >= switch else old).digest.hex() for s, d in seen.items())
    size = {len(x.read_bytes()) for x in (tmp_path / "payloads").iterdir()}
    assert len(size) == 2, "the payloads did not change with the policy"


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({"version": 2, "from_slot": START_SLOT}, "closed"),
        ({"version": 2, "from_slot": START_SLOT + 50, "slot_seconds": 20}, "anew"),
        ({"version": 2, "from_slot": START_SLOT + 50, "rate": 400}, "anew"),
        ({"version": 1, "from_slot": START_SLOT + 50}, "downgrade"),
        ({"version": 2, "from_slot": START_SLOT + 50, "station": "XX.OTHER"}, "station"),
    ],
)
def test_a_policy_that_must_not_be_taken_is_not(tmp_path, changes, by):
    p = Parties((NAME,), bits=2048)
    whole = World(p, tmp_path)
    whole.work(last=START_SLOT + 5)
    old = whole.policy
    offer(p, tmp_path, old, **changes)
    said = []
    whole.station.say = said.append
    whole.station.turn()
    assert any("not taken" in line and by in line for line in said), said
    assert whole.station.station.succession.policies == whole.warden.warden.succession.policies == [old]
    whole.files.close()
