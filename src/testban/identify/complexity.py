"""Complexity of a teleseismic P: how much of its energy comes after the first seconds.

Rules: the vertical, 0.8-3 Hz, filtered causally; only where the station's own arrival fixes the first P; noise power subtracted; None
where the first five seconds do not stand above the noise, or where the coda is hidden in it. Windows 0-5 and 5-35 s after P,
as in the classic definition (UKAEA 1965; Douglas et al. 1974), between 25 and 95 deg.
"""

from collections.abc import Sequence

from testban.base.dmath import log10_
from testban.base.records import Arrival, Origin, Segment, Site
from testban.identify import windows as win

BAND = (0.8, 3.0)
NEAREST_DEG, FARTHEST_DEG = 25.0, 95.0
FIRST_S, LAST_S = 5.0, 35.0
NOISE_S, GUARD_S = 30.0, 2.0
SNR2_LEAST = 4.0
FIRST_P = ("P", "P1", "Pn")


def measure(
    origin: Origin, site: Site, segments: Sequence[Segment], arrivals: Sequence[Arrival]
) -> float | None:
    """log10 of the energy 5-35 s after P over that of 0-5 s; None where it cannot be said. Segments of this station only."""
    times = [a.time_ns for a in arrivals if a.station_key == site.key and a.phase in FIRST_P]
    vertical = sorted(
        (s for s in segments if s.nslc.channel.endswith("Z")), key=lambda s: (s.nslc, s.start_ns)
    )
    if not times or not vertical:
        return None
    p = (min(times) - origin.time_ns) / 1e9
    own = [s for s in vertical if s.nslc == vertical[0].nslc]
    trace = win.band(own, origin.time_ns, (p - NOISE_S - 15.0, p + LAST_S + 1.0), BAND)
    if trace is None:
        return None
    noise = trace.mean_square(p - NOISE_S - GUARD_S, p - GUARD_S, 10.0)
    first = trace.mean_square(p, p + FIRST_S, FIRST_S - 0.5)
    rest = trace.mean_square(p + FIRST_S, p + LAST_S, LAST_S - FIRST_S - 0.5)
    if not (noise >= 0.0 and first > SNR2_LEAST * noise and rest > 2.0 * noise and first > 0.0):
        return None
    return log10_((rest - noise) * (LAST_S - FIRST_S) / ((first - noise) * FIRST_S))
