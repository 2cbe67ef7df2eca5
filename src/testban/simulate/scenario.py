"""What a simulated world is made of: TOML in, checked structures out.

Rules: unknown keys are refused, every error names the place in the file; numbers carry their unit in the name;
longitude before latitude. `read_scenario` is the only way in; `shipped` gives the scenarios of the package.
"""

from importlib import resources

import msgspec

from testban.base.errors import ConfigurationError
from testban.base.geo import check_position
from testban.base.times import HOUR_NS, parse_time, seconds_to_ns

HOP_S = 256  # the noise is made on an absolute grid of 256 s


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Instrument(_Part, frozen=True, kw_only=True):
    """A sensor with its digitiser. kind "broadband" (120 s velocity), "short-period" (1 s velocity) or "paz".

    sensitivity: counts per m/s at 1 Hz. zeros and poles in rad/s for kind "paz" (velocity response).
    band: the first two letters of the channel codes. clip_bits: full scale is 2^(clip_bits-1) - 1 counts.
    """

    name: str
    kind: str = "broadband"
    rate_hz: float = 20.0
    band: str = "BH"
    sensitivity: float = 1.0e9
    zeros: tuple[tuple[float, float], ...] = ()
    poles: tuple[tuple[float, float], ...] = ()
    clip_bits: int = 24


class Station(_Part, frozen=True, kw_only=True):
    """A station or array. noise: 0 the low-noise model, 1 the high-noise model (Peterson 1993), in dB between.

    elements: 0 or 1 a single station, otherwise that many vertical sensors of `element_instrument` in rings within
    `aperture_km`, with one three-component sensor in the middle where `components` is "ZNE".
    """

    code: str
    longitude: float
    latitude: float
    elevation_m: float = 0.0
    network: str = ""
    instrument: str = ""
    components: str = "ZNE"
    noise: float | None = None
    elements: int = 0
    aperture_km: float = 0.0
    element_instrument: str = ""


class Defaults(_Part, frozen=True, kw_only=True):
    """What a station gets where it does not say; noise_spread: half the range in which noise levels are drawn."""

    network: str = "XX"
    instrument: str = "bb"
    element_instrument: str = ""
    noise: float = 0.35
    noise_spread: float = 0.1


class NoiseModel(_Part, frozen=True, kw_only=True):
    """How noise changes: daily_db at local noon above 1 Hz, storms (a day and station) that lift the microseism."""

    daily_db: float = 4.0
    storms_per_day: float = 0.1
    storm_hours: float = 5.0
    storm_db: float = 10.0


class Faults(_Part, frozen=True, kw_only=True):
    """Random faults: rates a day and station; a glitch is a spike of one to three samples."""

    outages_per_day: float = 0.0
    outage_hours: float = 1.0
    gaps_per_day: float = 0.0
    gap_s: float = 20.0
    glitches_per_day: float = 0.0
    glitch_counts: float = 2.0e5


class Outage(_Part, frozen=True, kw_only=True):
    """A stated outage of one station (or "*", all)."""

    station: str
    start: str
    end: str


class ClockError(_Part, frozen=True, kw_only=True):
    """A stretch in which a station's stamps are late by offset_s (plus drift from its start)."""

    station: str
    start: str
    end: str
    offset_s: float
    drift_s_per_day: float = 0.0


class Region(_Part, frozen=True, kw_only=True):
    """Natural seismicity or blasting in a place: box [west, south, east, north], polygon, or centre with radius_km.

    rate_per_day counts events of magnitude mmin or more; b is the Gutenberg-Richter slope, truncated at mmax.
    depth_km: [least, greatest]; depth_scale_km: exponential fall from the least (0: uniform).
    kind: "earthquake" or "quarry blast" (local working hours, depth 0).
    aftershocks: expected number per event of magnitude 5 within 1.2 of it, growing tenfold a unit.
    """

    name: str
    box: tuple[float, float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    centre: tuple[float, float] | None = None
    radius_km: float = 0.0
    rate_per_day: float = 1.0
    b: float = 1.0
    mmin: float = 3.5
    mmax: float = 7.0
    depth_km: tuple[float, float] = (3.0, 33.0)
    depth_scale_km: float = 0.0
    kind: str = "earthquake"
    aftershocks: float = 0.0


class Source(_Part, frozen=True, kw_only=True):
    """One stated event. kind "explosion", "earthquake", "quarry blast" or "collapse".

    time: ISO 8601, or empty for a random one. For explosions mb follows from yield_kt, `law` and `decoupling`
    (the factor that divides the yield) unless `mb` is given. strike, dip, rake in degrees for earthquakes; left
    out they are random.
    """

    name: str = ""
    kind: str = "explosion"
    longitude: float
    latitude: float
    depth_km: float = 0.5
    time: str = ""
    yield_kt: float | None = None
    mb: float | None = None
    law: str = "bowers"
    decoupling: float = 1.0
    mechanism: tuple[float, float, float] | None = None


class Physics(_Part, frozen=True, kw_only=True):
    """Scatter and model error of the world.

    station_sigma and path_sigma: magnitude units, fixed per station and drawn per path (together 0.3). travel_time_sigma_s:
    what the Earth differs from the model at teleseismic distance, per path (half again as much below 20 deg).
    """

    model: str = "ak135"
    station_sigma: float = 0.15
    path_sigma: float = 0.26
    travel_time_sigma_s: float = 0.4
    ellipticity: bool = True
    elevation: bool = True
    stress_drop_mpa: float = 3.0
    p_tstar_s: float = 0.5


class PickModel(_Part, frozen=True, kw_only=True):
    """How the picks-only world detects: threshold SNR with a scatter, onset errors, and false picks an hour."""

    snr_threshold: float = 3.5
    log_snr_sigma: float = 0.15
    false_per_hour: float = 1.0
    onset_floor_s: float = 0.1
    s_penalty: float = 2.0
    outlier_share: float = 0.01


class Scenario(_Part, frozen=True, kw_only=True):
    """A whole world. start: ISO 8601; duration_h: hours; seed: any integer from 0."""

    title: str
    seed: int
    start: str
    duration_h: float
    citation: str = ""
    defaults: Defaults = Defaults()
    noise: NoiseModel = NoiseModel()
    faults: Faults = Faults()
    physics: Physics = Physics()
    picks: PickModel = PickModel()
    instrument: tuple[Instrument, ...] = (Instrument(name="bb"),)
    station: tuple[Station, ...] = ()
    stations_table: str = ""
    outage: tuple[Outage, ...] = ()
    clock_error: tuple[ClockError, ...] = ()
    region: tuple[Region, ...] = ()
    source: tuple[Source, ...] = ()

    @property
    def start_ns(self) -> int:
        """The first instant."""
        return parse_time(self.start)

    @property
    def end_ns(self) -> int:
        """The instant after the last."""
        return self.start_ns + seconds_to_ns(self.duration_h * 3600.0)

    @property
    def hours(self) -> tuple[int, ...]:
        """Starts of the clock hours that the world touches."""
        return tuple(range(self.start_ns // HOUR_NS * HOUR_NS, self.end_ns, HOUR_NS))


def read_scenario(text: str) -> Scenario:
    """A scenario from TOML text. Raises ConfigurationError that says what is wrong and where."""
    try:
        scenario = msgspec.toml.decode(text, type=Scenario)
    except (msgspec.DecodeError, ValueError) as exc:
        raise ConfigurationError(f"expected a scenario in TOML (see docs/rooms/simulate.md): {exc}") from exc
    scenario = msgspec.structs.replace(
        scenario, station=scenario.station + _table(scenario.stations_table), stations_table=""
    )
    _check(scenario)
    return scenario


def shipped(name: str) -> str:
    """The TOML text of a scenario of the package: "demo", "ims30" or "regional"."""
    folder = resources.files("testban.simulate") / "scenarios"
    names = sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".toml"))
    if name not in names:
        raise ConfigurationError(f"expected one of the scenarios {', '.join(names)}, got {name!r}")
    return (folder / f"{name}.toml").read_text(encoding="utf-8")


def _table(text: str) -> tuple[Station, ...]:
    lines = [ln.strip() for ln in text.splitlines() if ln.strip() and not ln.strip().startswith("#")]
    if not lines:
        return ()
    heads = [h.strip() for h in lines[0].split(",")]
    out = []
    for number, line in enumerate(lines[1:], 2):
        row = {h: v.strip() for h, v in zip(heads, line.split(","), strict=False) if v.strip()}
        try:
            out.append(msgspec.convert(row, Station, strict=False))
        except msgspec.ValidationError as exc:
            raise ConfigurationError(f"stations_table, line {number}: {exc}") from exc
    return tuple(out)


def _refuse(condition: bool, message: str) -> None:
    if condition:
        raise ConfigurationError(message)


def _check(s: Scenario) -> None:
    _refuse(not 0 <= s.seed < 2**63, f"seed: expected an integer from 0, got {s.seed}")
    _refuse(not 0 < s.duration_h <= 24 * 366, f"duration_h: expected hours in 0..8784, got {s.duration_h}")
    _ = s.start_ns
    _refuse(not s.station, "expected at least one [[station]] (or a stations_table), got none")
    names = {i.name for i in s.instrument}
    for i in s.instrument:
        _refuse(
            i.kind not in ("broadband", "short-period", "paz"),
            f"instrument {i.name}: expected kind broadband, short-period or paz, got {i.kind!r}",
        )
        _refuse(i.kind == "paz" and not i.poles, f"instrument {i.name}: kind paz needs poles")
        whole = i.rate_hz * HOP_S
        _refuse(
            not 1.0 <= i.rate_hz <= 1000.0 or whole != round(whole),
            f"instrument {i.name}: expected rate_hz in 1..1000 with a whole number of samples in 256 s, got {i.rate_hz}",
        )
        _refuse(
            not i.sensitivity > 0,
            f"instrument {i.name}: expected a positive sensitivity, got {i.sensitivity}",
        )
        _refuse(
            not 8 <= i.clip_bits <= 32, f"instrument {i.name}: expected clip_bits in 8..32, got {i.clip_bits}"
        )
        _refuse(len(i.band) != 2, f"instrument {i.name}: expected two letters as band, got {i.band!r}")
    seen = set()
    for st in s.station:
        where = f"station {st.code}"
        _refuse(
            not check_position(st.longitude, st.latitude),
            f"{where}: expected longitude and latitude in degrees, got {st.longitude}, {st.latitude}",
        )
        for want in (
            st.instrument or s.defaults.instrument,
            st.element_instrument or s.defaults.element_instrument,
        ):
            _refuse(
                bool(want) and want not in names,
                f"{where}: no [[instrument]] is named {want!r}, only {', '.join(sorted(names))}",
            )
        full = f"{st.network or s.defaults.network}.{st.code}"
        _refuse(full in seen, f"{where}: {full} is given twice")
        seen.add(full)
        _refuse(
            st.noise is not None and not -0.5 <= st.noise <= 1.5,
            f"{where}: expected noise in -0.5..1.5, got {st.noise}",
        )
        _refuse(
            st.components not in ("Z", "ZNE"), f"{where}: expected components Z or ZNE, got {st.components!r}"
        )
        _refuse(
            st.elements > 1 and not 0 < st.aperture_km <= 500,
            f"{where}: an array needs aperture_km in 0..500, got {st.aperture_km}",
        )
        _refuse(not 0 <= st.elements <= 99, f"{where}: expected at most 99 elements, got {st.elements}")
    known = seen | {st.code for st in s.station} | {"*"}
    timed: list[Outage | ClockError] = [*s.outage, *s.clock_error]
    for o in timed:
        _refuse(o.station not in known, f"outage or clock error: no station is called {o.station!r}")
        _refuse(
            parse_time(o.end) <= parse_time(o.start),
            f"outage or clock error of {o.station}: the end is not after the start",
        )
    for r in s.region:
        _check_region(r)
    for n, src in enumerate(s.source):
        _check_source(f"source {src.name or n + 1}", src, s)


def _check_region(r: Region) -> None:
    where = f"region {r.name}"
    places = (r.box is not None) + bool(r.polygon) + (r.centre is not None)
    _refuse(places != 1, f"{where}: expected exactly one of box, polygon, centre; got {places}")
    _refuse(bool(r.polygon) and len(r.polygon) < 3, f"{where}: a polygon needs three corners")
    _refuse(r.centre is not None and not r.radius_km > 0, f"{where}: a centre needs radius_km above 0")
    _refuse(
        r.box is not None and not (r.box[0] < r.box[2] and r.box[1] < r.box[3]),
        f"{where}: expected box = [west, south, east, north], got {r.box}",
    )
    corners = list(r.polygon) + ([r.centre] if r.centre else []) + ([r.box[:2], r.box[2:]] if r.box else [])
    _refuse(not all(check_position(*c) for c in corners), f"{where}: a corner is not on the Earth")
    _refuse(r.mmax <= r.mmin, f"{where}: mmax {r.mmax} is not above mmin {r.mmin}")
    _refuse(
        not 0 <= r.rate_per_day <= 1e5, f"{where}: expected rate_per_day in 0..100000, got {r.rate_per_day}"
    )
    _refuse(not 0.1 <= r.b <= 5, f"{where}: expected b in 0.1..5, got {r.b}")
    _refuse(
        not 0 <= r.depth_km[0] <= r.depth_km[1] <= 700,
        f"{where}: expected depth_km = [least, greatest] in 0..700, got {r.depth_km}",
    )
    _refuse(
        r.kind not in ("earthquake", "quarry blast"),
        f"{where}: expected kind earthquake or quarry blast, got {r.kind!r}",
    )


def _check_source(where: str, src: Source, s: Scenario) -> None:
    _refuse(
        not check_position(src.longitude, src.latitude),
        f"{where}: not on the Earth: {src.longitude}, {src.latitude}",
    )
    _refuse(not 0 <= src.depth_km <= 700, f"{where}: expected depth_km in 0..700, got {src.depth_km}")
    kinds = ("explosion", "earthquake", "quarry blast", "collapse")
    _refuse(src.kind not in kinds, f"{where}: expected kind {', '.join(kinds)}; got {src.kind!r}")
    _refuse(src.mb is None and src.yield_kt is None, f"{where}: expected mb or (for an explosion) yield_kt")
    _refuse(src.mb is None and src.kind != "explosion", f"{where}: only an explosion has a yield; give mb")
    _refuse(
        src.yield_kt is not None and not src.yield_kt > 0,
        f"{where}: expected yield_kt above 0, got {src.yield_kt}",
    )
    _refuse(not src.decoupling >= 1, f"{where}: expected decoupling of 1 or more, got {src.decoupling}")
    _refuse(
        src.law not in ("bowers", "stable", "wet-tuff"),
        f"{where}: expected law bowers, stable or wet-tuff; got {src.law!r}",
    )
    if src.time:
        t = parse_time(src.time)
        _refuse(
            not s.start_ns - 3600 * 10**9 <= t < s.end_ns,
            f"{where}: its time {src.time} lies outside the simulated span",
        )
