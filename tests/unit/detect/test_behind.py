"""What comes behind a P: a planted reflection is unusual where it is, and nothing else that was read matters."""

import numpy as np
import pytest

from testban import detect
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.detect.behind import FIRST_S

NS = 10**9
RATE = 20.0
START = 1_700_000_000 * NS
ONSET = START + 200 * NS
NAME = Nslc("XX", "AAA", "", "BHZ")


def _segment(seconds: float = 600.0, reflection_s: float | None = 60.0, size: float = 5.0) -> Segment:
    rng = np.random.default_rng(4)
    n = round(seconds * RATE)
    x = rng.normal(size=n) * 50.0
    t = np.arange(n) / RATE
    later = [(200.0 + reflection_s, size)] if reflection_s else []
    for at, peak in [(200.0, 20.0), *later]:
        u = t - at
        x += np.where(u > 0.0, 50.0 * peak * u * np.exp(-u / 0.4) * np.sin(2.0 * np.pi * 1.2 * u) * 2.5, 0.0)
    return Segment(nslc=NAME, start_ns=START, sample_rate_hz=RATE, samples=np.rint(x).astype(np.int32))


def _behind(s: Segment) -> detect.Behind | None:
    return detect.behind("XX.AAA", "p1", [s], [], ONSET, None)


def test_a_reflection_stands_out_where_it_is() -> None:
    found = _behind(_segment())
    assert found is not None
    share = found.share()
    at = round((60.0 - FIRST_S) / found.step_s)
    assert share[at] <= 0.02
    assert np.median(share) > 0.3
    assert abs(int(np.argmin(share)) - at) * found.step_s <= 2.5


def test_without_one_the_same_place_is_ordinary() -> None:
    found = _behind(_segment(reflection_s=None))
    assert found is not None
    assert found.share()[round((60.0 - FIRST_S) / found.step_s)] > 0.05


def test_what_else_was_read_does_not_matter() -> None:
    long = _segment()
    a = (detect.needed_behind(ONSET).start_ns - START) * RATE / NS
    cut = Segment(
        nslc=NAME,
        start_ns=START + round(int(a) / RATE * NS),
        sample_rate_hz=RATE,
        samples=long.samples[int(a) :],
    )
    one, other = _behind(long), _behind(cut)
    assert one is not None
    assert other is not None
    assert one.shares == other.shares


@pytest.mark.parametrize("seconds", [100.0, 230.0])
def test_too_short_a_recording_says_nothing(seconds: float) -> None:
    s = _segment()
    n = round(seconds * RATE)
    short = Segment(nslc=NAME, start_ns=START, sample_rate_hz=RATE, samples=s.samples[:n])
    assert _behind(short) is None


def test_a_dead_channel_says_nothing() -> None:
    n = round(600 * RATE)
    s = Segment(nslc=NAME, start_ns=START, sample_rate_hz=RATE, samples=np.zeros(n, dtype=np.int32))
    assert _behind(s) is None
