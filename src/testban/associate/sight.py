"""Which stations should have seen an event, as evidence for and against it.

Rules: only where up-time and noise are supplied. The size m is not known: the likelihood is the mean over a flat prior of
m. At a size a station sees P with the probability that the amplitude, log10(A/T) = m - B(delta) with the scatter of
stations, stands over its noise (see `silence`); one that was up, quiet and clear of other picks and saw nothing counts
with the logarithm of one less that. A measured amplitude counts with its density against that of picks for other
reasons, most of which stand little above the noise. The score of shares (`odds`, `circle`), which knows none of
this, is replaced by it within LEAST and MOST where an event must reach what it needs: what is known of noise and of B
is not good enough for more, nor to choose between two places (one of the recorded tests went 43 km astray by it).
Beyond P_DEG nothing is said of silence.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from testban.associate.odds import reach_
from testban.associate.silence import RELIABILITY, SIZE_SIGMA, SNR_NEEDED, distance_term
from testban.associate.table import Table, Window
from testban.base.dmath import exp_, log10_, log_, normal_cdf_
from testban.base.geo import delaz_
from testban.base.records import NoiseHour, Origin
from testban.base.times import HOUR_NS
from testban.earth.travel import TravelTimes

SIZES = tuple(2.5 + 0.25 * i for i in range(19))
P_DEG = 100.0
S_CHANCE = 0.5  # that S is seen, and called so, where its amplitude allows
S_WEAKER = 0.2  # log10 units: P's coda is its noise
HIDDEN_S = (60.0, 15.0)  # another pick so long before or after the expected time: no silence there
OUTLYING = 0.05  # of amplitudes, spread over three decades
NOISE_DECAY = 0.3  # decades over which the picks for other reasons fall by e above the threshold
NOISE_FLAT = 0.3  # share of them at any size: other events
LEAST, MOST = -8.0, 8.0


class Sight:
    """Noise and up-time of one job. log10 of the noise (nm/s) in the quietest band by station and hour."""

    def __init__(self, noise: Sequence[NoiseHour], model: TravelTimes) -> None:
        self.model = model
        self.level: dict[tuple[str, int], float] = {}
        for n in noise:
            if n.a_over_t_nm_s is not None and n.a_over_t_nm_s > 0.0 and n.up_s > 0.0:
                at, value = (n.station_key, n.hour_ns // HOUR_NS), log10_(n.a_over_t_nm_s)
                self.level[at] = min(value, self.level.get(at, value))

    def gain(
        self,
        origin: Origin,
        picks: Mapping[int, tuple[int, int, float]],
        table: Table,
        window: Window,
        detection: NDArray[np.float64],
    ) -> float | None:
        """Log-likelihood ratio of an event at `origin`; None where no station's noise is known.

        picks: row of the window to (station, wave, value with its prior chance of `detection`).
        """
        seen: dict[tuple[int, int], tuple[int, float]] = {
            (station, wave): (k, value) for k, (station, wave, value) in picks.items()
        }
        totals = np.zeros(len(SIZES))
        constant, known = 0.0, 0
        for s, site in enumerate(table.sites):
            delta, _, _ = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
            t, _, _ = self.model.predict("P1", origin.depth_km, delta)
            time_ns = origin.time_ns + round(float(t) * 1e9) if float(t) == float(t) else None
            level = self.level.get((site.key, time_ns // HOUR_NS)) if time_ns is not None else None
            up = time_ns is not None and any(u.start_ns <= time_ns < u.end_ns for u in site.up or ())
            for wave in (0, 1):
                own = seen.get((s, wave))
                raw = 0.0 if own is None else own[1] - log_(detection[wave] * reach_(delta))
                if delta > P_DEG or level is None:
                    constant += 0.0 if own is None else own[1]
                    continue
                known += 1
                needs = distance_term(delta, origin.depth_km) + log10_(SNR_NEEDED) + level
                if own is not None:
                    constant += raw
                    totals += _seen(table, int(window.number[own[0]]), wave, needs, level)
                elif up and time_ns is not None and wave == 0 and not _busy(window, s, time_ns):
                    totals += np.array([log_(1.0 - chance(m - needs, 0)) for m in SIZES])
        if not known:
            return None
        top = float(totals.max())
        return constant + top + log_(sum(exp_(float(v) - top) for v in totals) / len(SIZES))


def chance(margin: float, wave: int) -> float:
    """Probability that a station sees a wave whose amplitude is expected to stand `margin` decades over what it needs."""
    if wave == 1:
        return max(1e-9, S_CHANCE * normal_cdf_((margin - S_WEAKER) / SIZE_SIGMA))
    return max(1e-9, RELIABILITY * normal_cdf_(margin / SIZE_SIGMA))


def _seen(table: Table, number: int, wave: int, needs: float, level: float) -> NDArray[np.float64]:
    """Log-likelihood ratio of seeing a pick, with its amplitude where it has one, at each size."""
    pick = table.picks[number]
    if wave == 1 or not pick.amplitude_nm or not pick.period_s or pick.amplitude_nm < 0 or pick.period_s < 0:
        return np.array([log_(chance(m - needs, wave)) for m in SIZES])
    above = log10_(pick.amplitude_nm / pick.period_s) - level - log10_(SNR_NEEDED)
    fall = exp_(-max(0.0, above) / NOISE_DECAY) / NOISE_DECAY
    other = (1.0 - NOISE_FLAT) * fall + NOISE_FLAT / 3.0
    out = np.empty(len(SIZES))
    for i, m in enumerate(SIZES):
        u = (above - (m - needs)) / SIZE_SIGMA
        density = (1.0 - OUTLYING) * exp_(-0.5 * u * u) / (2.5066 * SIZE_SIGMA) + OUTLYING / 3.0
        out[i] = log_(RELIABILITY * density / other)
    return out


def _busy(window: Window, station: int, time_ns: int) -> bool:
    """Whether a station has other picks around a time, in whose coda an arrival may hide."""
    t = (time_ns - window.reference_ns) / 1e9
    times = window.data[window.start[station] : window.start[station + 1], 0]
    return bool(np.any((times > t - HIDDEN_S[0]) & (times < t + HIDDEN_S[1])))
