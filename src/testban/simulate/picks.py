"""A world of picks alone: what station processing would say, without making a sample.

Rules: an arrival is picked where its SNR (with a scatter) passes the threshold, the station is up, and no coda of an
earlier arrival hides it; errors of onset, slowness and back-azimuth shrink with SNR. False picks are Poisson. The
error sizes are stand-ins of the usual order. Every draw is keyed by station and event.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.records import Arrival, Event, Pick, Site
from testban.base.times import HOUR_NS, NS_PER_S, seconds_to_ns
from testban.simulate import draws, truth
from testban.simulate.network import Post
from testban.simulate.render import Arriving
from testban.simulate.scenario import Scenario
from testban.simulate.world import World

MERGE_S = 2.0  # a detector makes one pick of two arrivals closer than this
NAMED_SHARE = 0.7  # share of picks whose type P or S is read
PERIOD_S = 0.8
Floats = NDArray[np.float64]


def picks(
    scenario: Scenario, world: World | None = None
) -> tuple[tuple[Pick, ...], tuple[Site, ...], tuple[Event, ...]]:
    """Picks by time, the sites with their up-time, and the true events, whose arrivals name the picks they caused.

    Picks that no event names are false. An event's arrivals hold the true time; residual_s is picked minus true.
    """
    world = world or World(scenario)
    rough: list[tuple[Pick, Arriving | None]] = []
    for post in world.posts:
        rough.extend(_station(world, post))
    rough.sort(key=lambda x: (x[0].time_ns, x[0].station_key, x[0].phase_hint, x[0].snr or 0.0))
    width = max(5, len(str(len(rough))))
    out: list[Pick] = []
    found: dict[str, list[Arrival]] = {s.event_id: [] for s in world.shocks}
    for n, (p, a) in enumerate(rough, 1):
        named = msgspec.structs.replace(p, pick_id=f"p{n:0{width}d}")
        out.append(named)
        if a is not None:
            found[a.shock.event_id].append(
                truth.arrival(a, p.station_key, named.pick_id, (p.time_ns - a.time_ns) / NS_PER_S)
            )
    events = [
        truth.event(s, tuple(found[s.event_id]))
        for s in world.shocks
        if found[s.event_id] or s.time_ns >= scenario.start_ns
    ]
    return tuple(out), world.sites, tuple(events)


def labels(events: tuple[Event, ...]) -> dict[str, tuple[str, str]]:
    """Pick to (event, phase) of the truth; picks that are missing here are false."""
    return {a.pick_id: (e.event_id, a.phase) for e in events for a in e.arrivals if a.pick_id}


def _station(world: World, post: Post) -> list[tuple[Pick, Arriving | None]]:
    model, up = world.scenario.picks, world.up(post.key)
    candidates: list[tuple[int, Pick, Arriving | None]] = []
    loud: list[Arriving] = []
    never = dmath.exp10_(-4.0 * model.log_snr_sigma)  # beyond four sigma: spare the draw
    for a in world.arrivals(post.key):
        threshold = model.snr_threshold * (model.s_penalty if a.phase[0] in "SL" else 1.0)
        if a.phase == "LR" or a.snr < threshold * never:
            continue
        if not any(u.start_ns <= a.stamp_ns < u.end_ns for u in up):
            continue
        z = draws.normal(draws.key(a.key, "pick", a.phase), 6)
        u = draws.uniform(draws.key(a.key, "pick chance", a.phase), 6)
        snr = a.snr * dmath.exp10_(model.log_snr_sigma * float(z[0]))
        if snr < threshold or _hidden(a, loud):
            continue
        loud.append(a)
        pick = _pick(world, post, a, snr, z, u)
        candidates.append((pick.time_ns, pick, a))
    for time_ns, pick in _false(world, post):
        if any(s.start_ns <= time_ns < s.end_ns for s in up):
            candidates.append((time_ns, pick, None))
    candidates.sort(key=lambda c: (c[0], c[1].snr or 0.0))
    out: list[tuple[Pick, Arriving | None]] = []
    for time_ns, pick, source in candidates:
        if out and time_ns - out[-1][0].time_ns < MERGE_S * NS_PER_S:
            continue
        out.append((pick, source))
    return out


def _hidden(a: Arriving, loud: list[Arriving]) -> bool:
    """Whether the coda of an earlier arrival is louder than half the arrival."""
    for b in reversed(loud[-20:]):
        dt = (a.stamp_ns - b.stamp_ns) / NS_PER_S
        level = b.log_a + dmath.log10_(b.shape.coda * 1.5) - 0.43429 * dt / max(b.shape.coda_s, 1.0)
        if level > a.log_a - 0.3:
            return True
    return False


def _pick(world: World, post: Post, a: Arriving, snr: float, z: Floats, u: Floats) -> Pick:
    model = world.scenario.picks
    shear = a.phase[0] in "SL"
    sigma = (model.onset_floor_s + 1.0 / snr) * (2.0 if shear else 1.0) * (2.0 if a.phase == "Lg" else 1.0)
    error = sigma * float(z[1])
    if float(u[0]) < model.outlier_share:
        error = 10.0 * (2.0 * float(u[1]) - 1.0)
    slow = slow_sigma = baz = baz_sigma = None
    if post.is_array:
        slow_sigma = _array_slowness_sigma(post, snr)
        baz_sigma = min(90.0, slow_sigma / max(a.slowness, 1.0) / dmath.DEG)
        slow, baz = (
            max(0.0, a.slowness + slow_sigma * float(z[2])),
            (a.backazimuth + baz_sigma * float(z[3])) % 360.0,
        )
    elif len(post.receivers) >= 3 and not shear and snr > 5.0:
        baz_sigma = 10.0 + 60.0 / snr
        baz = (a.backazimuth + baz_sigma * float(z[3])) % 360.0
    hint = ("S" if shear else "P") if float(u[2]) < NAMED_SHARE else ""
    amplitude = None if shear else dmath.exp10_(a.log_a) * PERIOD_S * max(0.3, 1.0 + 0.5 * float(z[4]) / snr)
    read = not shear and a.first and snr > 8.0 and a.nodal > 0.3
    return Pick(
        pick_id="",
        station_key=post.key,
        nslc=post.receivers[0].nslc,
        time_ns=a.stamp_ns + seconds_to_ns(error),
        time_sigma_s=sigma,
        phase_hint=hint,
        phase_hint_probability=0.9 if hint else None,
        slowness_s_per_deg=slow,
        slowness_sigma=slow_sigma,
        backazimuth_deg=baz,
        backazimuth_sigma=baz_sigma,
        amplitude_nm=amplitude,
        period_s=None if amplitude is None else PERIOD_S,
        snr=snr,
        band_hz=(1.0, 3.0),
        polarity=a.polarity if read else 0,
        polarity_confidence=0.9 if read else 0.0,
        score=snr / model.snr_threshold,
    )


def _array_slowness_sigma(post: Post, snr: float) -> float:
    """Error of slowness in s/deg: a phase error of 1 / snr radian at 1.5 Hz over the array's spread, and a floor of 0.2."""
    e = np.array([r.east_km for r in post.receivers])
    n = np.array([r.north_km for r in post.receivers])
    spread = max(0.3, float(np.sqrt(np.mean(e * e + n * n))))
    return min(8.0, 0.2 + 111.2 / (2.0 * dmath.PI * 1.5 * spread * snr))


def _false(world: World, post: Post) -> list[tuple[int, Pick]]:
    s = world.scenario
    length = s.end_ns - s.start_ns
    at = draws.poisson_times(
        draws.key(s.seed, "false picks", post.key), s.picks.false_per_hour * length / HOUR_NS
    )
    u = draws.uniform(draws.key(s.seed, "false pick", post.key), 5 * len(at)).reshape(-1, 5)
    out = []
    for x, (strength, hint, slow, baz, size) in zip(at, u, strict=True):
        time_ns = s.start_ns + round(float(x) * length)
        snr = s.picks.snr_threshold * dmath.pow_(1.0 - float(strength), -1.0 / 3.0)  # a Pareto tail
        named = ("P" if float(hint) < 0.5 else "S") if float(hint) < NAMED_SHARE else ""
        sigma = _array_slowness_sigma(post, snr) if post.is_array else None
        slowness = 2.0 + 33.0 * float(slow) if post.is_array else None
        three = post.is_array or (len(post.receivers) >= 3 and snr > 5.0)
        a_over_t = world.band_rms(post, time_ns)[1] * snr / (2.0 * dmath.PI)
        out.append(
            (
                time_ns,
                Pick(
                    pick_id="",
                    station_key=post.key,
                    nslc=post.receivers[0].nslc,
                    time_ns=time_ns,
                    time_sigma_s=s.picks.onset_floor_s + 1.0 / snr,
                    phase_hint=named,
                    phase_hint_probability=0.6 if named else None,
                    slowness_s_per_deg=slowness,
                    slowness_sigma=sigma,
                    backazimuth_deg=360.0 * float(baz) if three else None,
                    backazimuth_sigma=30.0 if three else None,
                    amplitude_nm=a_over_t * PERIOD_S * (0.7 + 0.6 * float(size)),
                    period_s=PERIOD_S,
                    snr=snr,
                    band_hz=(1.0, 3.0),
                    score=snr / s.picks.snr_threshold,
                ),
            )
        )
    return out
