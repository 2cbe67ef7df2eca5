"""What the three components say of one onset: back-azimuth, slowness, and whether it is P or S.

Rules: horizontals are rotated by the metadata's azimuths; without them N and E codes are taken at their word and
anything else is not used. Without horizontals nothing is claimed beyond "P" for what the vertical alone shows.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.errors import InputError
from testban.base.records import Channel
from testban.detect import polarisation, slowness
from testban.detect.amplitude import channel_of
from testban.detect.arrival import Arrival
from testban.detect.sensor import Sensor, Trace
from testban.signal import filters

F64 = NDArray[np.float64]
FIRST_S_LIKE = 0.9


class Motion(msgspec.Struct, frozen=True, kw_only=True):
    """Polarisation of an onset as the pick carries it; None where it could not be measured."""

    hint: str
    hint_probability: float | None = None
    backazimuth_deg: float | None = None
    backazimuth_sigma: float | None = None
    slowness_s_per_deg: float | None = None
    slowness_sigma: float | None = None
    rectilinearity: float | None = None
    incidence_deg: float | None = None


def _angles(t: Trace, channels: Sequence[Channel], time_ns: int) -> tuple[float, float] | None:
    c = channel_of(channels, t.nslc, time_ns)
    if c is not None and c.azimuth_deg is not None and c.dip_deg is not None:
        return c.azimuth_deg, c.dip_deg
    return {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}.get(t.nslc.channel[-1:])


def _band(got: Arrival, rate: float) -> tuple[float, float]:
    """The onset's band, kept from 0.5 to 4 Hz where polarisation is stable."""
    low, high = got.band
    return min(low, 2.0), min(max(high, 3.0), 0.4 * rate, 6.0)


def measure(sensor: Sensor, got: Arrival, channels: Sequence[Channel]) -> Motion:
    """Polarisation of an onset at a station of three components."""
    plain = Motion(hint="P" if got.trace is sensor.vertical else "S")
    if len(sensor.horizontals) != 2:
        return Motion(hint="P")
    time = got.trace.time_ns(got.sample)
    rate = sensor.vertical.rate_hz
    traces, azimuths, dips = [], [], []
    first = round(got.sample) - round(20.0 * rate)
    last = round(got.sample) + round(8.0 * rate)
    runs = [t.run_at(got.sample) for t in (sensor.vertical, *sensor.horizontals)]
    angles = [_angles(t, channels, time) for t in (sensor.vertical, *sensor.horizontals)]
    for run, angle in zip(runs, angles, strict=True):
        if run is None or angle is None:
            return plain
        first, last = max(first, run.first), min(last, run.first + len(run.samples))
    for run, angle in zip(runs, angles, strict=True):
        if run is None or angle is None or last - first < round(4.0 * rate):
            return plain
        x = run.samples[max(0, first - run.first) : last - run.first]
        traces.append(filters.bandpass(x, *_band(got, rate), rate))
        azimuths.append(angle[0])
        dips.append(angle[1])
    onset = round(got.sample) - first
    try:
        z, n, e = polarisation.rotate_to_zne(np.stack(traces), np.array(azimuths), np.array(dips))
        low, high = _band(got, rate)
        p = polarisation.measure(z, n, e, rate, onset, bandwidth_hz=high - low)
    except InputError:
        return plain
    return _interpret(p, plain)


def _interpret(p: polarisation.Polarisation, plain: Motion) -> Motion:
    s = p.s_like
    hint = "S" if s > 0.65 else ("P" if s < 0.35 else plain.hint)
    probability = round(s if hint == "S" else 1.0 - s, 3)
    if hint == "S":
        return Motion(hint=hint, hint_probability=probability, rectilinearity=round(p.rectilinearity, 3))
    slow, slow_sigma = slowness.from_incidence(p.incidence_deg, p.incidence_sigma)
    return Motion(
        hint=hint,
        hint_probability=probability,
        backazimuth_deg=round(p.backazimuth_deg, 1),
        backazimuth_sigma=round(p.backazimuth_sigma, 1),
        slowness_s_per_deg=round(slow, 2),
        slowness_sigma=round(slow_sigma, 2),
        rectilinearity=round(p.rectilinearity, 3),
        incidence_deg=round(p.incidence_deg, 1),
    )


def as_first(m: Motion, on_vertical: bool) -> Motion:
    """The reading of an onset with nothing before it: P, with the probability that the motion leaves to it.

    Scattered motion of a weak P at an island station looks like S; the vertical does not show an S before its P. Seen
    on a horizontal, motion that is S-like at 0.9 keeps its name: there P may have been lost in the noise.
    """
    p = m.hint_probability
    if m.hint != "S" or (not on_vertical and (p is None or p > FIRST_S_LIKE)):
        return m
    return msgspec.structs.replace(m, hint="P", hint_probability=None if p is None else round(1.0 - p, 3))
