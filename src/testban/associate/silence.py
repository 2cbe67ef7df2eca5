"""What stations that were up and silent say about an event.

Rules: only stations whose up-time is known can be silent; a station whose P falls into data that are not there is
"down". The probability that a station should have seen the P is the share of stations that did, among those that were
up and not farther than the median of those that did; beyond it falls with distance: a network's own record is the
measure, no magnitude is needed.
"""

from collections.abc import Mapping, Sequence

from testban.base.dmath import exp_
from testban.base.geo import delaz_
from testban.base.records import Arrival, Expected, NoiseHour, Origin, Pick, Site
from testban.base.times import seconds_to_ns
from testban.earth import travel


def expected_stations(
    origin: Origin, arrivals: Sequence[Arrival], picks: Sequence[Pick], sites: Mapping[str, Site], noise: Sequence[NoiseHour]
) -> tuple[Expected, ...]:
    """One record for each station with known up-time, by distance."""
    seen = {a.station_key: a.distance_deg for a in arrivals}
    reach = sorted(seen.values())
    if not reach:
        return ()
    middle = reach[len(reach) // 2]
    tables = travel.load(origin.model)
    rows: list[tuple[float, str, int, bool]] = []
    for key in sorted(sites):
        site = sites[key]
        if site.up is None:
            continue
        delta = delaz_(origin.longitude, origin.latitude, site.longitude, site.latitude)[0]
        t = float(tables.predict("P1", origin.depth_km, delta)[0])
        if not t == t:
            continue
        at = origin.time_ns + seconds_to_ns(t)
        margin = seconds_to_ns(5.0)
        up = any(s.start_ns <= at - margin and at + margin < s.end_ns for s in site.up)
        rows.append((delta, key, at, up))
    near = [key in seen for delta, key, _, up in rows if up and delta <= middle]
    share = (sum(near) + 1.0) / (len(near) + 2.0)
    out: list[Expected] = []
    for delta, key, at, up in sorted(rows):
        fall = 1.0 if delta <= middle else exp_(-2.0 * (delta / middle - 1.0)) if middle > 0 else 0.0
        p = share * fall if up else 0.0
        status = "seen" if key in seen else "not-seen" if up else "down"
        out.append(
            Expected(station_key=key, phase="P", time_ns=at, distance_deg=delta, probability=round(p, 4), status=status)
        )
    return tuple(out)
