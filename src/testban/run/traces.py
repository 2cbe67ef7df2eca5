"""Traces for people: the vertical of one station around one event, filtered and thinned for display only."""

from collections.abc import Sequence

import msgspec
import numpy as np

from testban.base.geo import delaz_
from testban.base.records import Origin, Segment, Site
from testban.base.spans import Span
from testban.base.times import seconds_to_ns
from testban.earth import travel
from testban.show.traces import ReportTrace
from testban.signal import filters


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A trace for display as it is kept between runs: samples are little-endian float32 bytes."""

    station_key: str
    nslc: str
    start_ns: int
    sample_rate_hz: float
    samples: bytes
    band: str

    def shown(self) -> ReportTrace:
        """The same trace as the report takes it."""
        samples = np.frombuffer(self.samples, dtype="<f4").astype(np.float64)
        return ReportTrace(
            station_key=self.station_key,
            nslc=self.nslc,
            start_ns=self.start_ns,
            sample_rate_hz=self.sample_rate_hz,
            samples=samples,
            band=self.band,
        )


REGIONAL_DEG = 15.0
RATE_HZ = 12.5


def display_window(origin: Origin, site: Site) -> Span:
    """The span to show: regional, a minute before the origin to past Lg; further out, a minute before the first P
    to four minutes after.
    """
    delta = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0]
    if delta <= REGIONAL_DEG:
        return Span(
            origin.time_ns - seconds_to_ns(60.0), origin.time_ns + seconds_to_ns(120.0 + delta * 111.2 / 2.8)
        )
    p = float(travel.load(origin.model).predict("P1", max(0.0, origin.depth_km), delta)[0])
    p = p if np.isfinite(p) else 1200.0
    return Span(origin.time_ns + seconds_to_ns(p - 60.0), origin.time_ns + seconds_to_ns(p + 240.0))


def display_trace(origin: Origin, site: Site, segments: Sequence[Segment], window: Span) -> Drawn | None:
    """The vertical with most samples in the window, 1-4 Hz regionally and 0.8-3 Hz beyond; None without one."""
    verticals = [
        s for s in segments if s.nslc.channel[-1:] == "Z" and s.sample_rate_hz > 4.0 and len(s.samples) > 16
    ]
    if not verticals:
        return None
    covered: dict[tuple[str, float], float] = {}
    for s in verticals:
        inside = min(s.end_ns, window.end_ns) - max(s.start_ns, window.start_ns)
        covered[(str(s.nslc), s.sample_rate_hz)] = covered.get((str(s.nslc), s.sample_rate_hz), 0.0) + max(
            0, inside
        )
    name, rate = max(sorted(covered), key=lambda k: covered[k])
    delta = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0]
    low, high = (1.0, 4.0) if delta <= REGIONAL_DEG else (0.8, 3.0)
    high = min(high, 0.4 * rate)
    sos = filters.bandpass_sos(3, low, high, rate)
    n = max(1, int((window.end_ns - window.start_ns) * 1e-9 * rate))
    line = np.full(n, np.nan)
    for s in sorted(verticals, key=lambda s: (s.start_ns, str(s.nslc))):
        if str(s.nslc) != name or s.sample_rate_hz != rate:
            continue
        x = s.samples.astype(np.float64)
        x = np.where(np.isfinite(x), x, 0.0)
        y = filters.sosfilt(sos, x - np.median(x))
        at = round((s.start_ns - window.start_ns) * 1e-9 * rate)
        lo, hi = max(0, at), min(n, at + len(y))
        if hi > lo:
            line[lo:hi] = y[lo - at : hi - at]
    if not np.isfinite(line).any():
        return None
    step = max(1, int(rate / RATE_HZ))
    return Drawn(
        station_key=site.key,
        nslc=name,
        start_ns=window.start_ns,
        sample_rate_hz=rate / step,
        samples=np.nan_to_num(line[::step]).astype("<f4").tobytes(),
        band=f"{low:g}-{high:g} Hz",
    )
