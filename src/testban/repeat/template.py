"""A template: the recording of one known event at the channels, in the bands and over the window where it stands out.

Rules: one window a station, from just before P to the last moment that still rises above the noise, at most to the
slow end of Lg; a channel-band is kept where the mean power in that window is `SNR_POWER` times that of the noise
before P; horizontals are turned to radial and transverse as seen from the event, so that BHN/BHE and BH1/BH2 are the
same thing; velocity in nm/s where a response is known, else counts (of use for the very same channel only). Nothing
is chosen by looking at the event that the template shall find.
Gibbons & Ringdal (2006, GJI 165, 149): multichannel correlation with a master event.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base.dmath import sincos_
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.base.records import Channel, Finding, Segment
from testban.base.times import seconds_to_ns
from testban.earth import travel
from testban.repeat.grid import LEAD_S, TEMPLATE_S, work_rate
from testban.repeat.ground import F64, Band, ground, usable

BANDS: tuple[Band, ...] = ((0.7, 2.0), (2.0, 4.0))
RATE = work_rate(4.0)  # samples per second of every template and statistic
BEFORE_P_S = 3.0
SLOWEST_KM_S = 2.6  # the end of Lg and of its first coda
AFTER_S = 10.0
FAR_DEG = 15.0  # beyond it S and Lg are not expected above 0.7 Hz
FAR_S = 60.0
NOISE_S, NOISE_LEAST_S = 60.0, 12.0
SNR_POWER = 4.0
RISES = 2.0  # amplitude over the noise, in `STRETCH_S`, that a window's last stretch still has
STRETCH_S = 5.0
SHORTEST_S = 20.0
RAD = math.pi / 180.0


class TemplateChannel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One component in one band. samples (n,) in `unit` at RATE, beginning offset_samples after the origin.

    station: NET.STA. component: Z, R, T, or the channel code where horizontals could not be turned. sources: the
    channels that it was made of. noise: rms before P in the same unit. snr: mean power over that of the noise.
    """

    station: str
    location: str
    component: str
    sources: tuple[str, ...]
    band: Band
    unit: str
    offset_samples: int
    samples: F64
    noise: float
    snr: float


class Template(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The master event (time of origin, place, depth) and its channels, by station, component and band."""

    template_id: str
    origin_ns: int
    longitude: float
    latitude: float
    depth_km: float
    rate_hz: int
    channels: tuple[TemplateChannel, ...]
    provenance: tuple[tuple[str, str], ...] = ()

    @property
    def magnitude(self) -> float | None:
        """Of the master, where it was given."""
        text = dict(self.provenance).get("magnitude", "")
        return float(text) if text else None

    @property
    def stations(self) -> tuple[str, ...]:
        """Station keys in order."""
        return tuple(sorted({c.station for c in self.channels}))

    def of(self, station: str) -> tuple[TemplateChannel, ...]:
        """The channels of one station."""
        return tuple(c for c in self.channels if c.station == station)


class Component(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Ground motion of one component of one sensor in one band over one window, and where it holds."""

    location: str
    component: str
    sources: tuple[str, ...]
    unit: str
    samples: F64
    valid: NDArray[np.bool_]


def sensors(segments: Sequence[Segment]) -> list[tuple[str, str]]:
    """Sensors (location, band and instrument code) of one station, the longest record first, then by name."""
    held: dict[tuple[str, str], float] = {}
    for s in segments:
        key = (s.nslc.location, s.nslc.channel[:-1])
        held[key] = held.get(key, 0.0) + len(s.samples) / s.sample_rate_hz
    return sorted(held, key=lambda k: (-round(held[k]), k))


def components(
    segments: Sequence[Segment], channels: Sequence[Channel], sensor: tuple[str, str], band: Band, start_ns: int,
    backazimuth_deg: float | None, raw: bool = False,
) -> list[Component]:  # fmt: skip
    """Z, R and T (or the horizontals as they are) of one sensor of one station in a band over a window.

    segments: clean. channels: of the station, with orientation and response as they hold at that time. raw: leave
    the samples in counts although a response is known.
    """
    known = {c.nslc: c for c in channels}
    out: list[Component] = []
    flat: list[tuple[str, float | None, Component]] = []
    names = sorted({s.nslc for s in segments if (s.nslc.location, s.nslc.channel[:-1]) == sensor})
    for nslc in names:
        channel = known.get(nslc)
        resp = channel.response if channel is not None else None
        resp = resp if not raw and usable(resp, band) else None
        got = ground([s for s in segments if s.nslc == nslc], resp, band, start_ns, RATE)
        if got is None:
            continue
        code = nslc.channel[-1]
        unit = "nm/s" if resp is not None else "counts"
        c = Component(
            location=nslc.location, component=code, sources=(str(nslc),), unit=unit, samples=got[0], valid=got[1]
        )  # fmt: skip
        if code == "Z":
            up = channel is None or channel.dip_deg is None or channel.dip_deg <= 0.0
            out.append(c if up else msgspec.structs.replace(c, samples=-c.samples))
        else:
            flat.append((code, channel.azimuth_deg if channel is not None else None, c))
    return out + _turned(flat, backazimuth_deg)


def _turned(
    flat: list[tuple[str, float | None, Component]], backazimuth_deg: float | None
) -> list[Component]:
    """Radial (away from the source) and transverse (right of it) of two horizontals, else what there is."""
    if len(flat) == 2 and backazimuth_deg is not None:
        (_, a, p), (_, b, q) = flat
        if a is not None and b is not None and p.unit == q.unit:
            (sa, ca), (sb, cb) = sincos_(a * RAD), sincos_(b * RAD)
            det = ca * sb - sa * cb
            if abs(det) > 0.5:
                north = (p.samples * sb - q.samples * sa) / det
                east = (q.samples * ca - p.samples * cb) / det
                s, c = sincos_((backazimuth_deg + 180.0) * RAD)
                made = (("R", north * c + east * s), ("T", east * c - north * s))
                both, names = p.valid & q.valid, (*p.sources, *q.sources)
                return [
                    Component(
                        location=p.location, component=k, sources=names, unit=p.unit, samples=x, valid=both
                    )
                    for k, x in made
                ]
    return [c for _, _, c in flat]


def first_p_s(distance_deg: float, depth_km: float) -> float:
    """Travel time of the first P in ak135, s."""
    return float(travel.load("ak135").predict("P1", max(0.0, depth_km), distance_deg)[0])


def latest_s(distance_deg: float, p_s: float) -> float:
    """The latest end of a window after the origin, s."""
    if distance_deg > FAR_DEG:
        return p_s + FAR_S
    return max(distance_deg * 111.2 / SLOWEST_KM_S + AFTER_S, p_s + SHORTEST_S)


def make(
    template_id: str, origin: tuple[int, float, float, float], segments: Sequence[Segment], channels: Sequence[Channel],
    provenance: Sequence[tuple[str, str]] = (),
) -> tuple[Template, tuple[Finding, ...]]:  # fmt: skip
    """A template of one event. origin: time (ns), longitude, latitude, depth (km).

    segments: clean ones of all stations around the event. channels: their positions, orientations and responses at
    its time. Raises InputError where no channel passes.
    """
    time_ns, longitude, latitude, depth_km = origin
    places = {c.nslc.net_sta: (c.longitude, c.latitude) for c in reversed(list(channels))}
    found: list[TemplateChannel] = []
    notes: list[Finding] = []
    for station in sorted({s.nslc.net_sta for s in segments}):
        if station not in places:
            notes.append(
                Finding(kind="no-coordinates", subject=station, message="no place is known; left out")
            )
            continue
        delta, _, baz = delaz_(longitude, latitude, *places[station])
        mine = [s for s in segments if s.nslc.net_sta == station]
        own = [c for c in channels if c.nslc.net_sta == station]
        got, why = _station(station, time_ns, float(delta), float(baz), depth_km, mine, own)
        found += got
        if not got:
            notes.append(Finding(kind="template", subject=station, message=f"not in the template: {why}"))
    if not found:
        raise InputError(
            f"expected an event above the noise at {len(places)} stations, got none where the mean power is "
            f"{SNR_POWER:g} times that before P; check --origin or use another SOURCE"
        )
    made = Template(
        template_id=template_id, origin_ns=time_ns, longitude=longitude, latitude=latitude, depth_km=depth_km,
        rate_hz=RATE, channels=tuple(found), provenance=tuple(provenance),
    )  # fmt: skip
    return made, tuple(notes)


def _station(
    station: str, time_ns: int, delta: float, baz: float, depth_km: float, segments: Sequence[Segment],
    channels: Sequence[Channel],
) -> tuple[list[TemplateChannel], str]:  # fmt: skip
    p = first_p_s(delta, depth_km)
    if not math.isfinite(p):
        return [], "no P is expected at its distance"
    begin = math.floor((p - BEFORE_P_S) * RATE)
    # The window of 4096 s begins so that its samples lie at whole samples after the origin.
    shift = max(0, begin // RATE - 600)
    start_ns = time_ns + seconds_to_ns(shift - LEAD_S - 600.0)
    zero = (LEAD_S + 600 - shift) * RATE
    why = "no usable samples around the event"
    for sensor in sensors(segments):
        made = [
            (band, c) for band in BANDS for c in components(segments, channels, sensor, band, start_ns, baz)
        ]
        last = math.floor(min(latest_s(delta, p), begin / RATE + TEMPLATE_S) * RATE)
        got = _chosen(station, made, zero + begin, zero + last, zero)
        if got:
            return got, ""
        why = "it does not stand out of the noise" if made else why
    return [], why


def _chosen(
    station: str, made: Sequence[tuple[Band, Component]], begin: int, last: int, zero: int
) -> list[TemplateChannel]:
    """Channel-bands of one sensor that pass, over their common window; begin, last and zero: sample numbers."""
    noise = [_noise(c, begin) for _, c in made]
    ends = [_end(c, n, begin, last) for (_, c), n in zip(made, noise, strict=True)]
    end = max(ends, default=0)
    if end - begin < SHORTEST_S * RATE:
        return []
    out = []
    for (band, c), sigma in zip(made, noise, strict=True):
        if sigma <= 0.0 or not bool(c.valid[begin:end].all()):
            continue
        x = c.samples[begin:end]
        snr = float(np.sum(x * x)) / len(x) / (sigma * sigma)
        if snr >= SNR_POWER:
            out.append(
                TemplateChannel(
                    station=station, location=c.location, component=c.component, sources=c.sources, band=band,
                    unit=c.unit, offset_samples=begin - zero, samples=x.copy(), noise=sigma, snr=snr,
                )
            )  # fmt: skip
    return out


def _noise(c: Component, begin: int) -> float:
    """Rms before P, of what is usable there; 0 where that is too short."""
    part = slice(max(0, begin - round(NOISE_S * RATE)), begin - round(2.0 * RATE))
    x = c.samples[part][c.valid[part]]
    if len(x) < NOISE_LEAST_S * RATE:
        return 0.0
    return math.sqrt(float(np.sum(x * x)) / len(x))


def _end(c: Component, sigma: float, begin: int, last: int) -> int:
    """One after the last stretch that rises above the noise, before the first sample that does not hold."""
    if sigma <= 0.0:
        return 0
    gap = np.flatnonzero(~c.valid[begin:last])
    last = begin + int(gap[0]) if len(gap) else last
    step = round(STRETCH_S * RATE)
    end = 0
    for at in range(begin, last - step + 1, step):
        x = c.samples[at : at + step]
        if float(np.sum(x * x)) / step > (RISES * sigma) ** 2:
            end = at + step
    return end
