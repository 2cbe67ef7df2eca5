"""The dither loop and the twin test between a station and a warden that run as nodes."""

import random
from functools import partial

import msgspec
import numpy as np
import pytest
from test_crash import killed
from test_crash_nodes import NAME, SLOTS, World, audited

from testban.run.twin_node import TwinNode
from testban.station import dither, recorder
from testban.station.parties import START_SLOT, Parties
from testban.store.fine import Fine
from testban.trust.checks import Reason, Rejected

QUANTUM = 32


@pytest.fixture
def p():
    return Parties((NAME,), bits=2048, policy={"quantum": QUANTUM})


def closed(world):
    """Payloads of the warden's ring by slot."""
    found = (world.warden.warden.memory.get(s) for s in range(START_SLOT, START_SLOT + SLOTS))
    return {r.slot: r.payload for r in found if r is not None}


@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_what_leaves_is_what_fine_counts_and_the_hosts_dither_give(tmp_path, p, kills):
    fine = Fine(tmp_path / "fine")
    draw = random.Random(kills)
    for _ in range(kills):
        killed(lambda say: World(p, tmp_path, fine=fine).work(say), draw.uniform(0.03, 0.6))
    whole = World(p, tmp_path, fine=fine)
    whole.work()
    whole.files.close()
    report = audited(p, tmp_path)
    assert {f.reason for f in report.faults} <= {Reason.MERGE_LATE}
    assert (report.packets, report.gaps) == (SLOTS, 0)
    policy = whole.policy
    plain, moved = 0, []
    for slot, payload in closed(whole).items():
        x = recorder.noise(msgspec.structs.replace(policy, quantum=1), slot)
        counts = np.frombuffer(payload, "<i4").reshape(x.shape)
        d = dither.draw(fine.secret(), slot, x.astype("<i4").tobytes(), QUANTUM).reshape(x.shape)
        assert np.array_equal(counts, np.floor((x + d) / QUANTUM + 0.5) * QUANTUM)
        plain += np.array_equal(counts, recorder.quantise(x, QUANTUM))
        moved.append((counts - x).ravel())
    assert plain == 0
    # Non-subtractive dither: the error has the variance of two uniform draws, q^2 / 6 (and its discreteness).
    error = np.concatenate(moved)
    assert error.var() == pytest.approx(QUANTUM**2 / 6, rel=0.02)
    assert abs(error.mean()) < 1


@pytest.mark.parametrize("quantum", [1, 2, 7, 32])
def test_the_draw_is_uniform_over_the_quantum(quantum):
    fine = np.zeros((3, 40_000), "<i4").tobytes()
    d = dither.draw(bytes(32), 5, fine, quantum)
    assert set(np.unique(d)) == set(range(-(quantum // 2), quantum - quantum // 2))
    expected = d.size / quantum
    chi2 = float(((np.bincount(d + quantum // 2) - expected) ** 2 / expected).sum())
    assert chi2 < quantum + 5 * (2 * quantum) ** 0.5
    assert not np.array_equal(d, dither.draw(bytes(32), 6, fine, quantum)) or quantum == 1


def refused(world, reason):
    assert not world.station.turn()
    assert world.station.refused.reason is reason, world.station.refused


def test_a_package_that_goes_round_the_loop_is_refused(tmp_path, p):
    world = World(p, tmp_path, fine=Fine(tmp_path / "fine"))
    world.station.dithered = False
    world.station.record(START_SLOT, partial(recorder.noise, slot=START_SLOT))
    refused(world, Reason.DITHER)
    assert world.station.station.memory.last() is None, "refused only when the slot was decided already"
    world.station.warden.looped = lambda: False
    refused(world, Reason.DITHER)
    assert "no fine counts were shown" in world.station.refused.detail
    assert closed(world) == {}


def test_a_package_that_shows_again_until_it_likes_the_dither_is_refused(tmp_path, p):
    world = World(p, tmp_path, fine=Fine(tmp_path / "fine"))
    link = world.station.warden
    x = recorder.noise(msgspec.structs.replace(world.policy, quantum=1), START_SLOT)
    first = link.reveal(START_SLOT, x.astype("<i4").tobytes())
    assert link.reveal(START_SLOT, x.astype("<i4").tobytes()) == first
    with pytest.raises(Rejected) as caught:
        link.reveal(START_SLOT, (x + 1).astype("<i4").tobytes())
    assert caught.value.reason is Reason.DITHER
    world.work(last=START_SLOT + 3)
    with pytest.raises(Rejected) as caught:
        link.reveal(START_SLOT + 1, x.astype("<i4").tobytes())
    assert caught.value.reason is Reason.SLOT_REPLAY


@pytest.mark.parametrize("wrong", [lambda d: d + QUANTUM, lambda d: d[:-1]])
def test_a_host_that_adds_more_than_the_agreed_dither_is_refused(tmp_path, p, wrong):
    world = World(p, tmp_path, fine=Fine(tmp_path / "fine"))
    reveal = world.station.warden.reveal
    world.station.warden.reveal = lambda slot, fine: (
        wrong(np.frombuffer(reveal(slot, fine), "<i4")).astype("<i4").tobytes()
    )
    world.station.record(START_SLOT, partial(recorder.noise, slot=START_SLOT))
    refused(world, Reason.DITHER)
    assert world.station.station.memory.last() is None


def ground(policy, slot, seed, self_rms=8):
    common = recorder.noise(policy, slot).astype(float)
    own = np.random.default_rng([seed, slot]).normal(0, self_rms, common.shape)
    return np.rint(common + own).astype(np.int32)


@pytest.mark.parametrize(
    ("looped", "hidden", "seen"), [(False, 0, False), (False, 8, True), (True, 0, False), (True, 3, True)]
)
def test_the_twin_sees_what_a_digitiser_adds(tmp_path, looped, hidden, seen):
    """A day of 86 400 samples; in the loop fine counts are compared, so that less shows."""
    p = Parties(
        (NAME,), bits=2048, policy={"quantum": QUANTUM, "rate": 1, "slot_seconds": 1800, "channels": ("BHZ",)}
    )
    said = []
    twin = TwinNode(lambda policy, slot: ground(policy, slot, 2), 8.0, tmp_path)
    world = World(p, tmp_path, fine=Fine(tmp_path / "fine") if looped else None, twin=twin)
    world.warden.say = said.append

    def station(policy, slot):
        bits = np.random.default_rng([3, slot]).choice([-hidden, hidden], (1, 1800))
        fine = ground(msgspec.structs.replace(policy, quantum=1), slot, 1) + bits
        return recorder.quantise(fine.astype(np.int32), policy.quantum)

    for slot in range(START_SLOT, START_SLOT + SLOTS):
        world.station.record(slot, partial(station, slot=slot))
    assert world.station.turn(), world.station.refused
    world.warden.turn()
    world.warden.turn()
    world.files.close()
    kept = [line.split() for line in (tmp_path / "twin").read_text().splitlines()]
    assert [line[2] for line in kept] == ["64800", "86400"]
    assert {line[4] for line in kept} == {"DIFFERS" if seen else "ok"}
    assert any("twin-differs: BHZ" in line for line in said) is seen
    if looped:
        assert min(int(f.name) for f in (tmp_path / "fine").glob("[0-9]*")) == int(kept[-1][0]) + 48
