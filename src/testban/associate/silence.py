"""What the stations that did not see an event say about it.

Rules: only a station with supplied up-time and noise says anything; a rough size comes from the stations that did see
the event, log10(A/T) + B(delta), and a station counts as able to see where that size would stand SNR_NEEDED over its
noise. B is Veith & Clawson's Q beyond 20 deg and the Pn formula of Denny, Taylor & Vergino (1987, BSSA 77, 1879),
2.4 log10(km) - 3.95, below; the size serves this comparison alone and is no published magnitude.
"""

from collections.abc import Sequence

from testban.base.dmath import log10_, normal_cdf_
from testban.base.geo import KM_PER_DEG, delaz_
from testban.base.records import Arrival, Expected, NoiseHour, Origin, Pick, Site
from testban.base.times import HOUR_NS
from testban.earth import decay
from testban.earth.travel import TravelTimes

SNR_NEEDED = 3.5
SIZE_SIGMA = 0.4  # scatter of station magnitudes, log10 units
RELIABILITY = 0.95


def distance_term(delta_deg: float, depth_km: float) -> float:
    """B(delta) for log10 of amplitude over period in nm/s, half peak-to-peak."""
    if delta_deg >= 20.0:
        q = float(decay.veith_clawson(min(delta_deg, 100.0), depth_km))
        if q == q:
            return q
    return 2.4 * log10_(max(delta_deg, 0.2) * KM_PER_DEG) - 3.95


def rough_size(origin: Origin, arrivals: Sequence[Arrival], picks: dict[str, Pick]) -> float | None:
    """Median size over the stations with an amplitude; None without one."""
    values = []
    for a in arrivals:
        p = picks.get(a.pick_id)
        if p is None or not a.phase.startswith("P") or not p.amplitude_nm or not p.period_s:
            continue
        if p.amplitude_nm > 0 and p.period_s > 0:
            values.append(
                log10_(p.amplitude_nm / p.period_s) + distance_term(a.distance_deg, origin.depth_km)
            )
    values.sort()
    return values[len(values) // 2] if values else None


def expected(
    origin: Origin,
    arrivals: Sequence[Arrival],
    picks: Sequence[Pick],
    sites: Sequence[Site],
    noise: Sequence[NoiseHour],
    model: TravelTimes,
) -> tuple[Expected, ...]:
    """What every station with supplied up-time should have seen of the first P, by station."""
    level = {
        (n.station_key, n.hour_ns // HOUR_NS): n for n in noise if n.a_over_t_nm_s is not None and n.up_s > 0
    }
    own = {a.pick_id for a in arrivals}
    size = rough_size(origin, arrivals, {p.pick_id: p for p in picks if p.pick_id in own}) if level else None
    seen = {a.station_key for a in arrivals if a.phase.startswith("P")}
    out = []
    for site in sites:
        if site.up is None:
            continue
        delta, _, _ = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)
        t, _, _ = model.predict("P1", origin.depth_km, delta)
        time_ns = origin.time_ns + round(float(t) * 1e9)
        noisy = level.get((site.key, time_ns // HOUR_NS))
        probability = 0.0
        if size is not None and noisy is not None and noisy.a_over_t_nm_s:
            margin = size - distance_term(delta, origin.depth_km) - log10_(SNR_NEEDED * noisy.a_over_t_nm_s)
            probability = RELIABILITY * normal_cdf_(margin / SIZE_SIGMA)
        up = any(s.start_ns <= time_ns < s.end_ns for s in site.up)
        if site.key in seen:
            status = "seen"
        elif not up:
            status = "down"
        elif 100.0 < delta < 115.0 or probability < 0.5:
            status = "too-weak"
        else:
            status = "not-seen"
        out.append(
            Expected(
                station_key=site.key,
                phase="P",
                time_ns=time_ns,
                distance_deg=delta,
                probability=probability,
                status=status,
            )
        )
    return tuple(out)
