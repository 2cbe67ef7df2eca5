"""The events of a simulated world as records: what a perfect analyst would have written.

Rules: origins without error; magnitudes as they were put in; the verdict is the true type, with one evidence named
"simulated truth" whose detail holds kind, name and yield. Arrivals carry the true time; `score` is the SNR.
"""

from testban.base.records import Arrival, Assessment, Ellipse, Event, Evidence, Magnitude, Origin, Verdict
from testban.simulate.render import Arriving
from testban.simulate.sources import Shock
from testban.simulate.world import World

DETAIL_SNR = 1.0  # weaker arrivals are not listed


def arrival(a: Arriving, station_key: str, pick_id: str = "", residual_s: float | None = None) -> Arrival:
    """The record of one true arrival; score is the SNR expected in the best band."""
    return Arrival(
        pick_id=pick_id,
        station_key=station_key,
        phase=a.phase,
        time_ns=a.time_ns,
        distance_deg=a.delta,
        azimuth_deg=a.azimuth,
        backazimuth_deg=a.backazimuth,
        residual_s=residual_s,
        time_sigma_s=0.0,
        score=a.snr,
    )


def event(shock: Shock, arrivals: tuple[Arrival, ...]) -> Event:
    """The record of one true event."""
    near = [a.distance_deg for a in arrivals] or [0.0]
    stations = {a.station_key for a in arrivals}
    detail: dict[str, float | str] = {"kind": shock.kind, "name": shock.name}
    if shock.yield_kt is not None:
        detail["yield_kt"] = shock.yield_kt
    if shock.mechanism is not None:
        detail |= dict(zip(("strike_deg", "dip_deg", "rake_deg"), shock.mechanism, strict=True))
    bang = shock.kind in ("explosion", "quarry blast")
    evidence = Evidence(
        name="simulated truth", applicable=True, reason="simulated: known by construction", detail=detail
    )
    origin = Origin(
        time_ns=shock.time_ns,
        longitude=shock.longitude,
        latitude=shock.latitude,
        depth_km=shock.depth_km,
        depth_fixed=False,
        depth_reason="simulated truth",
        depth_sigma_km=0.0,
        time_sigma_s=0.0,
        ellipse=Ellipse(smajor_km=0.0, sminor_km=0.0, strike_deg=0.0),
        rms_s=0.0,
        n_defining=len(arrivals),
        n_stations=len(stations),
        gap_deg=0.0,
        secondary_gap_deg=0.0,
        min_distance_deg=min(near),
        max_distance_deg=max(near),
    )
    sizes = [("mb", shock.mb)] + ([("Ms", shock.ms)] if shock.ms is not None else [])
    magnitudes = tuple(
        Magnitude(kind=k, value=v, sigma=0.0, n_detected=0, n_censored=0, method="simulated truth")
        for k, v in sorted(sizes)
    )
    assessment = Assessment(
        verdict=Verdict.EXPLOSION if bang else Verdict.EARTHQUAKE,
        log10_lr=None,
        prior=0.0,
        probability_explosion=1.0 if bang else 0.0,
        evidence=(evidence,),
        reason=f"simulated {shock.kind}",
    )
    return Event(
        event_id=shock.event_id,
        origin=origin,
        arrivals=arrivals,
        magnitudes=magnitudes,
        assessment=assessment,
    )


def events(world: World) -> tuple[Event, ...]:
    """All events of the world with their arrivals of SNR 1 and more at stations that recorded them, by time."""
    found: dict[str, list[Arrival]] = {s.event_id: [] for s in world.shocks}
    for p in world.posts:
        up = world.up(p.key)
        for a in world.arrivals(p.key):
            if a.snr >= DETAIL_SNR and any(u.start_ns <= a.stamp_ns < u.end_ns for u in up):
                found[a.shock.event_id].append(arrival(a, p.key))
    out = []
    for s in world.shocks:
        own = sorted(found[s.event_id], key=lambda a: (a.time_ns, a.station_key, a.phase))
        if own or s.time_ns >= world.scenario.start_ns:
            out.append(event(s, tuple(own)))
    return tuple(out)
