"""Recordings on the slot grid; the ledger after a re-send; a board read out of a log."""

import numpy as np
import pytest

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.station import calibration, recorder
from testban.station.parties import PARTIES, START_SLOT, Parties
from testban.trust import audit, beacon, judgement
from testban.trust.checks import Reason
from testban.trust.documents import Command, Policy, Reveal

POLICY = Policy(station="XX.KEST", channels=("BHZ", "BHN"), rate=20)
NS = 10**9


def segment(channel, at_ns, counts, rate=20.0):
    return Segment(
        nslc=Nslc("XX", "KEST", "", channel), start_ns=at_ns, sample_rate_hz=rate, samples=np.asarray(counts)
    )


def both(at_ns, counts):
    return [segment(c, at_ns, counts) for c in POLICY.channels]


def test_slots_are_the_recording_wherever_it_begins_and_however_it_is_cut():
    truth = np.arange(1000, dtype=np.int32)
    begin = 1_600_000_000 * NS + 3 * NS + 20_000_000  # 0.4 of a sample after the tick
    whole = list(recorder.slots(both(begin, truth), POLICY))
    assert [s for s, _ in whole] == list(range(160_000_000, 160_000_006))
    assert [x is None for _, x in whole] == [True, False, False, False, False, True]
    assert np.array_equal(np.concatenate([x[1] for _, x in whole[1:5]]), truth[140:940])
    cut = [s for c in POLICY.channels for s in (segment(c, begin + 317 * 50_000_000, truth[317:]), segment(c, begin, truth[:317]))]  # fmt: skip
    for (a, x), (b, y) in zip(whole, recorder.slots(cut, POLICY), strict=True):
        assert a == b
        assert (x is None) == (y is None)
        assert x is None or np.array_equal(x, y)


def test_one_missing_sample_in_one_channel_is_a_gap():
    truth = np.arange(600, dtype=np.int32)
    parts = [
        segment("BHZ", 0, truth),
        segment("BHN", 0, truth[:250]),
        segment("BHN", 251 * 50_000_000, truth[251:]),
    ]
    assert [x is None for _, x in recorder.slots(parts, POLICY)] == [False, True, False]


def test_where_recordings_overlap_the_earlier_counts():
    parts = both(0, np.full(200, 7, np.int32)) + both(5 * NS, np.full(200, 9, np.int32))
    first = next(iter(recorder.slots(parts, POLICY)))[1]
    assert set(first.ravel().tolist()) == {7}


def test_counts_are_rounded_to_the_quantum_halves_up():
    coarse = Policy(station="XX.KEST", channels=("BHZ", "BHN"), rate=20, quantum=8)
    counts = np.resize(np.array([-5, -4, -3, 3, 4, 5, 12], np.int32), 200)
    made = next(iter(recorder.slots(both(0, counts), coarse)))[1]
    assert made[0, :7].tolist() == [-8, 0, 0, 0, 8, 8, 16]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [segment("BHZ", 0, np.zeros(400, np.int32))],
        [segment(c, 0, np.zeros(400, np.int32), 40.0) for c in POLICY.channels],
        [segment(c, 0, np.zeros(400, np.float64)) for c in POLICY.channels],
    ],
)
def test_what_is_not_the_policys_is_refused(parts):
    with pytest.raises(InputError):
        list(recorder.slots(parts, POLICY))


def test_sent_again_is_in_the_ledger_but_does_not_stop_what_comes():
    p = Parties(("XX.ALFA",), bits=2048)
    p.step(6)
    warden = p.sites["XX.ALFA"].warden
    before = warden.ledger.last_slot
    assert len(warden.resend(START_SLOT, START_SLOT + 1, p.slot + 2)) == 2
    assert warden.ledger.last_slot == before
    p.step(6)
    assert warden.ledger.last_slot > before + 4


def test_a_board_out_of_a_log_says_who_said_two_things():
    p = Parties(("XX.ALFA",), bits=2048)

    def said(party, value, by=None):
        r = Reveal(party=party, purpose="draw", subject="year-1", value=value, salt=bytes(32))
        return [p.signed(x.text(), (by or party,)).encode() for x in (judgement.commit(r), r)]

    a, b, again, forged = said("A", "1"), said("B", "2"), said("A", "3"), said("B", "4", "A")
    for e in (b"no note", a[0], a[1], again[0], forged[0], b[0], again[1], a[1], b[1]):
        p.log.append(e)
    board, refused = judgement.read(p.log.entries, "draw", "year-1", p.treaty)
    # A revealed before B committed; the same reveal has its place already and counts no more: A is named.
    assert [(r.party, r.reason) for r in refused] == [
        ("A", Reason.REVEAL_EARLY), ("A", Reason.COMMITMENT), ("B", Reason.APPROVALS), ("A", Reason.COMMITMENT),
    ]  # fmt: skip
    assert set(board.reveals) == {"B"}
    assert set(board.commitments) == set(PARTIES)


@pytest.mark.parametrize("pulsed", [True, False])
def test_an_audit_looks_for_the_pulse_that_was_commanded(pulsed):
    p = Parties(("XX.ALFA",), bits=2048)
    p.step(14)
    note = p.command("XX.ALFA", 1)
    asked = Command.parse(note.text)
    p.log.append(note.encode())
    station = p.sites["XX.ALFA"].station
    policy, honest = station.policy, p.samples
    root = station.beacons.at(asked.from_slot, policy)
    assert root != beacon.NONE
    when = beacon.challenge(root, policy, asked.from_slot, 101)

    def samples(name, slot):
        counts = honest(name, slot)
        return calibration.apply(counts, policy, when) if pulsed and slot == when.slot else counts

    p.samples = samples
    p.step(105)
    auditor = audit.Auditor(p.quorum, p.treaty, p.payloads.get, calibration.check)
    auditor.read(p.log.entries)
    report = auditor.conclude()
    assert report.packets > 100
    expected = [] if pulsed else [(Reason.CALIBRATION, "XX.ALFA/station", when.slot)]
    assert [(f.reason, f.party, f.slot) for f in report.faults] == expected
