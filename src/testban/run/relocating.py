"""Relative location from files of differences: get, run, put.

Rules: nominal origin times come from the arrival times themselves (median over the phases of time less the model's
travel time from the master), so that no catalogue is needed; what cannot be used is a finding, never dropped silently.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec

from testban.base.dmath import DEG, sincos_
from testban.base.errors import InputError, StoreError
from testban.base.geo import KM_PER_DEG, check_position, delaz_, shift_km_
from testban.base.records import Finding
from testban.base.times import format_time
from testban.earth import travel
from testban.formats import csvio, difftimes, tables
from testban.repeat import relative
from testban.show import relative as show

# Regional head waves are the first arrival; the turning ray is the earlier of the two (see earth.travel).
FIRST = {"Pn": "P1", "Sn": "S1", "P": "P1", "S": "S1"}


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """The event that the others are placed beside, and where it is."""

    name: str
    longitude: float
    latitude: float
    depth_km: float = 0.0


class Relocation(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What came out: names of events by number, nominal origin times (ns), the solution, and what was odd."""

    master: Master
    names: tuple[str, ...]
    nominal_ns: tuple[int, ...]
    result: relative.Relative
    findings: tuple[Finding, ...]

    def summary(self) -> dict[str, object]:
        """For --json."""
        r = self.result
        return {
            "master": self.master.name,
            "events": [
                {
                    "event": self.names[p.event], "east_m": round(p.east_m, 1), "north_m": round(p.north_m, 1),
                    "semimajor_m": round(p.semimajor_m, 1), "semiminor_m": round(p.semiminor_m, 1),
                    "strike_deg": round(p.strike_deg, 1), "origin_time_shift_s": round(p.shift_s, 4),
                }
                for p in r.placed
            ],
            "left_out": [self.names[e] for e in r.left_out],
            "differences": r.n_differences,
            "contradicting": len(r.outlying),
            "closure_s": round(r.closure_s, 5),
            "sigma_s": round(r.sigma_s, 5),
            "slowness_error_s_per_km": r.tau_s_km,
            "slowness_scale": {k: round(v, 4) for k, v in sorted(r.scale.items())},
            "findings": [f"{f.subject}: {f.message}" for f in self.findings],
        }  # fmt: skip


def parse_master(text: str) -> Master:
    """ID=LON,LAT[,DEPTH_KM]."""
    name, _, place = text.partition("=")
    try:
        numbers = [float(v) for v in place.split(",")]
    except ValueError:
        numbers = []
    if (
        not name
        or len(numbers) not in (2, 3)
        or not check_position(numbers[0], numbers[1])
        or not 0.0 <= (numbers[2] if len(numbers) == 3 else 0.0) <= 700.0
    ):
        raise InputError(f"--master: expected ID=LON,LAT[,DEPTH_KM], got {text!r}; e.g. DPRK2=129.08,41.295")
    return Master(
        name=name,
        longitude=numbers[0],
        latitude=numbers[1],
        depth_km=numbers[2] if len(numbers) == 3 else 0.0,
    )


def run(
    differences: Path, phases: Path, master: Master, out: Path, *, slowness: Path | None = None, model: str = "ak135",
    language: str = "en",
) -> Relocation:  # fmt: skip
    """Relative positions of the events of a file beside a master; writes relative.csv and what it rests on."""
    pairs = difftimes.read_pairs(differences)
    places = difftimes.read_phases(phases)
    given = difftimes.read_vectors(slowness) if slowness is not None else {}
    vectors, times, findings = _vectors(places, given, master, model)
    used = _usable(pairs, vectors, findings)
    names = sorted({p.first for p in used} | {p.second for p in used})
    if master.name not in names:
        known = ", ".join(names[:8]) or "none"
        raise InputError(
            f"--master: expected one of the events of {differences}, got {master.name}; there are {known}"
        )
    number = {n: i for i, n in enumerate(names)}
    nominal = _nominal(used, times, names)
    result = relative.relocate(
        [
            relative.Difference(
                station=p.station, phase=p.phase, first=number[p.first], second=number[p.second],
                seconds=((p.second_ns - nominal[number[p.second]]) - (p.first_ns - nominal[number[p.first]])) * 1e-9,
                weight=min(p.correlation, 1.0),
            )
            for p in used
        ],
        vectors, len(names), number[master.name],
    )  # fmt: skip
    if result.left_out:
        missing = ", ".join(names[e] for e in result.left_out)
        findings.append(Finding(kind="left-out", subject=missing, message="seen by fewer than three stations and phases that also saw others"))  # fmt: skip
    for d in result.outlying[:50]:
        pair = f"{d.station} {d.phase} {names[d.first]} {names[d.second]}"
        findings.append(Finding(kind="contradicting", subject=pair, message="difference contradicts the others of its station and phase: given almost no weight"))  # fmt: skip
    done = Relocation(master=master, names=tuple(names), nominal_ns=tuple(nominal), result=result, findings=tuple(findings))  # fmt: skip
    _write(done, out, language)
    return done


def _vectors(
    places: Mapping[tuple[str, str], tuple[float, float]], given: Mapping[tuple[str, str], difftimes.Vector],
    master: Master, model: str,
) -> tuple[dict[tuple[str, str], relative.Slowness], dict[tuple[str, str], float], list[Finding]]:  # fmt: skip
    """Slowness at the source and travel time by station and phase; a finding for each that the model lacks."""
    tables_ = travel.load(model)
    vectors: dict[tuple[str, str], relative.Slowness] = {}
    times: dict[tuple[str, str], float] = {}
    findings = []
    for key, (lon, lat) in sorted(places.items()):
        delta, azimuth, _ = delaz_(master.longitude, master.latitude, lon, lat)
        try:
            t, p, _ = tables_.predict(FIRST.get(key[1], key[1]), master.depth_km, delta)
            seconds, slow = float(t), float(p) / KM_PER_DEG
        except InputError:
            seconds = slow = math.nan
        if not (math.isfinite(seconds) and math.isfinite(slow)):
            findings.append(Finding(kind="no-phase", subject=" ".join(key), message=f"{model} has no {key[1]} at {delta:.1f} degrees: left out"))  # fmt: skip
            continue
        sa, ca = sincos_(azimuth * DEG)
        own = given.get(key)
        vectors[key] = (
            relative.Slowness(east=own.east, north=own.north) if own else relative.Slowness(east=slow * sa, north=slow * ca)
        )  # fmt: skip
        times[key] = seconds
    return vectors, times, findings


def _usable(
    pairs: list[difftimes.PairTime], vectors: Mapping[tuple[str, str], object], findings: list[Finding]
) -> list[difftimes.PairTime]:
    """Pairs of known stations and phases with a correlation above 0; the others are counted."""
    used, unknown, weak = [], dict[str, int](), 0
    for p in pairs:
        if p.first == p.second:
            continue
        if (p.station, p.phase) not in vectors:
            key = f"{p.station} {p.phase}"
            unknown[key] = unknown.get(key, 0) + 1
        elif p.correlation <= 0.0:
            weak += 1
        else:
            used.append(p)
    for key, n in sorted(unknown.items()):
        findings.append(Finding(kind="unknown-station", subject=key, message=f"not in the list of phases: {n} differences left out"))  # fmt: skip
    if weak:
        findings.append(Finding(kind="correlation", subject="differences", message=f"{weak} with a correlation of 0 or less left out"))  # fmt: skip
    return used


def _nominal(
    pairs: list[difftimes.PairTime], times: Mapping[tuple[str, str], float], names: list[str]
) -> list[int]:
    """Origin time of each event as if it lay where the master lies: median over its arrivals, ns."""
    found: dict[str, list[int]] = {n: [] for n in names}
    for p in pairs:
        t = round(times[(p.station, p.phase)] * 1e9)
        found[p.first].append(p.first_ns - t)
        found[p.second].append(p.second_ns - t)
    return [sorted(found[n])[len(found[n]) // 2] for n in names]


def _fixed(value: float, places: int) -> csvio.Fixed:
    return csvio.Fixed(f"{value:.{places}f}")


def _write(done: Relocation, out: Path, language: str) -> None:
    rows = []
    for p in done.result.placed:
        lon, lat = shift_km_(done.master.longitude, done.master.latitude, p.east_m / 1e3, p.north_m / 1e3)
        rows.append({
            "event": done.names[p.event], "east_m": _fixed(p.east_m, 1), "north_m": _fixed(p.north_m, 1),
            "semimajor_m": _fixed(p.semimajor_m, 1), "semiminor_m": _fixed(p.semiminor_m, 1),
            "strike_deg": _fixed(p.strike_deg, 1), "origin_time_shift_s": _fixed(p.shift_s, 4),
            "origin_time_sigma_s": _fixed(p.shift_sigma_s, 4),
            "origin_time": format_time(done.nominal_ns[p.event] + round(p.shift_s * 1e9)),
            "longitude": _fixed(lon, 6), "latitude": _fixed(lat, 6), "n_phases": p.n_phases,
            "master": done.names[p.event] == done.master.name,
        })  # fmt: skip
    left = [
        {"station": r.station, "phase": r.phase, "event": done.names[r.event], "residual_s": _fixed(r.seconds, 4),
         "weight": _fixed(r.weight, 3)}
        for r in done.result.residuals
    ]  # fmt: skip
    try:
        out.mkdir(parents=True, exist_ok=True)
        difftimes.write_relative(out / "relative.csv", rows)
        difftimes.write_residuals(out / "residuals.csv", left)
        tables.write_findings(out / "findings.csv", done.findings)
        (out / "relative.html").write_text(
            show.render(done.master.name, (done.master.longitude, done.master.latitude), done.names, done.result, language),
            encoding="utf-8",
        )  # fmt: skip
    except OSError as exc:
        raise StoreError(
            f"the results cannot be written to {out}: {exc.strerror or exc}; free disk space or choose another --out"
        ) from exc
