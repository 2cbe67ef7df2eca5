"""Stations, array elements, channels and their responses, from a scenario.

Rules: an array is one site; its elements are stations of their own (first three letters of the array and a
number), vertical, round the array's position; the three-component sensor in the middle bears the array's code.
Instruments are simulated: a velocity sensor given by poles and zeros, and a gain.
"""

import msgspec
import numpy as np

from testban.base import dmath, geo
from testban.base.errors import ConfigurationError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response, ResponseStage, Site
from testban.simulate import draws
from testban.simulate.scenario import Instrument, Scenario, Station


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """One channel to be filled: its place relative to the site in km, its component Z, N or E, its instrument."""

    nslc: Nslc
    component: str
    east_km: float
    north_km: float
    longitude: float
    latitude: float
    elevation_m: float
    instrument: Instrument


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One site with all its channels. noise: level between the low- (0) and high-noise model (1)."""

    key: str
    longitude: float
    latitude: float
    elevation_m: float
    is_array: bool
    n_vertical: int
    noise: float
    receivers: tuple[Receiver, ...]


def _damped(corner_hz: float, damping: float) -> tuple[tuple[float, float], ...]:
    w = 2.0 * dmath.PI * corner_hz
    root = w * float(np.sqrt(1.0 - damping * damping))
    return ((-damping * w, root), (-damping * w, -root))


def response(instrument: Instrument) -> Response:
    """Counts per m/s of an instrument: a second-order seismometer (corner 1/120 or 1 Hz, damping 0.707) or as given."""
    if instrument.kind == "paz":
        zeros, poles = instrument.zeros, instrument.poles
    else:
        zeros = ((0.0, 0.0), (0.0, 0.0))
        poles = _damped(1.0 / 120.0 if instrument.kind == "broadband" else 1.0, 0.707)
    s = complex(0.0, 2.0 * dmath.PI)
    value = complex(1.0, 0.0)
    for z in zeros:
        value *= s - complex(*z)
    for p in poles:
        value /= s - complex(*p)
    norm = 1.0 / float(np.sqrt(value.real * value.real + value.imag * value.imag))
    sensor = ResponseStage(
        kind="paz",
        gain=instrument.sensitivity / 4.0e5,
        gain_frequency_hz=1.0,
        zeros=zeros,
        poles=poles,
        normalization=norm,
    )
    digitiser = ResponseStage(kind="gain", gain=4.0e5, gain_frequency_hz=1.0)
    return Response(
        input_unit="m/s",
        stages=(sensor, digitiser),
        sensitivity=instrument.sensitivity,
        sensitivity_frequency_hz=1.0,
    )


def rings(elements: int, aperture_km: float) -> list[tuple[float, float]]:
    """East and north offsets in km: one element in the middle, then rings of 3, 5, 7, ... whose radii grow by 2."""
    left = elements - 1
    sizes: list[int] = []
    while left > 0:
        sizes.append(min(left, 3 + 2 * len(sizes)))
        left -= sizes[-1]
    out = [(0.0, 0.0)]
    for number, size in enumerate(sizes):
        radius = 0.5 * aperture_km / 2.0 ** (len(sizes) - 1 - number)
        for i in range(size):
            angle = 2.0 * dmath.PI * (i + 0.3 * number) / size
            out.append((radius * dmath.sin_(angle), radius * dmath.cos_(angle)))
    return out


def posts(scenario: Scenario) -> tuple[Post, ...]:
    """All sites of a scenario, sorted by key. Raises ConfigurationError where names of elements clash."""
    instruments = {i.name: i for i in scenario.instrument}
    out = [_post(scenario, s, instruments) for s in scenario.station]
    names = [str(r.nslc) for p in out for r in p.receivers]
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) != len(names) else []
    if twice:
        raise ConfigurationError(
            f"two channels are called {twice[0]}; give arrays codes that differ in their first three letters"
        )
    return tuple(sorted(out, key=lambda p: p.key))


def _post(scenario: Scenario, s: Station, instruments: dict[str, Instrument]) -> Post:
    d = scenario.defaults
    network = s.network or d.network
    key = f"{network}.{s.code}"
    noise = s.noise
    if noise is None:
        noise = d.noise + d.noise_spread * (
            2.0 * float(draws.uniform(draws.key(scenario.seed, "noise", key), 1)[0]) - 1.0
        )
    main = instruments[s.instrument or d.instrument]
    receivers = [
        Receiver(
            nslc=Nslc(network, s.code, "", main.band + c),
            component=c,
            east_km=0.0,
            north_km=0.0,
            longitude=s.longitude,
            latitude=s.latitude,
            elevation_m=s.elevation_m,
            instrument=main,
        )
        for c in s.components
    ]
    if s.elements > 1:
        inner = instruments[s.element_instrument or d.element_instrument or main.name]
        if s.components == "Z":
            receivers = []
        for i, (east, north) in enumerate(rings(s.elements, s.aperture_km), 1):
            lon, lat = geo.shift_km_(s.longitude, s.latitude, east, north)
            receivers.append(
                Receiver(
                    nslc=Nslc(network, f"{s.code[:3]}{i:02d}", "", inner.band + "Z"),
                    component="Z",
                    east_km=east,
                    north_km=north,
                    longitude=lon,
                    latitude=lat,
                    elevation_m=s.elevation_m,
                    instrument=inner,
                )
            )
    return Post(
        key=key,
        longitude=s.longitude,
        latitude=s.latitude,
        elevation_m=s.elevation_m,
        is_array=s.elements > 1,
        n_vertical=max(1, s.elements),
        noise=noise,
        receivers=tuple(receivers),
    )


def inventory(scenario: Scenario) -> tuple[Channel, ...]:
    """Every channel of the scenario with its response, sorted by name; origin "simulated"."""
    out = []
    orient = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}
    for p in posts(scenario):
        for r in p.receivers:
            azimuth, dip = orient[r.component]
            out.append(
                Channel(
                    nslc=r.nslc,
                    longitude=r.longitude,
                    latitude=r.latitude,
                    elevation_m=r.elevation_m,
                    azimuth_deg=azimuth,
                    dip_deg=dip,
                    sample_rate_hz=r.instrument.rate_hz,
                    response=response(r.instrument),
                    origin="simulated",
                )
            )
    return tuple(sorted(out, key=lambda c: c.nslc))


def sites(scenario: Scenario) -> tuple[Site, ...]:
    """The sites of the scenario, arrays as one, sorted by key."""
    return tuple(
        Site(
            key=p.key,
            longitude=p.longitude,
            latitude=p.latitude,
            elevation_m=p.elevation_m,
            is_array=p.is_array,
        )
        for p in posts(scenario)
    )


def arrays(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Which NET.STA elements belong to each array: array key to element names, in order."""
    return {
        p.key: tuple(sorted({r.nslc.net_sta for r in p.receivers if r.component == "Z"}))
        for p in posts(scenario)
        if p.is_array
    }
