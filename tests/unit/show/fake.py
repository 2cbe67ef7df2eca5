"""A believable bulletin for looking at and for tests: an explosion-like event, an earthquake-like one, silence.

Numbers are invented, shapes are the field's: stations at regional distances, synthetic P, S and Lg in noise.
"""

import math

import numpy as np

from testban.base.geo import delaz_
from testban.base.ids import Nslc
from testban.base.records import (
    Arrival,
    Assessment,
    Bulletin,
    Ellipse,
    Event,
    Evidence,
    Expected,
    Finding,
    Magnitude,
    NoiseHour,
    Origin,
    Pick,
    Provenance,
    Site,
    StationMagnitude,
    Verdict,
)
from testban.base.spans import Span
from testban.base.times import HOUR_NS, parse_time
from testban.show.report import ReportTrace

STATIONS = (
    ("IC.MDJ", 129.59, 44.62), ("KG.CHNB", 127.12, 38.27), ("IU.INCN", 126.63, 37.48), ("G.INU", 137.03, 35.35),
    ("IC.BJT", 116.17, 40.02), ("IC.HIA", 119.74, 49.27), ("IU.MAJO", 138.20, 36.54), ("IC.SSE", 121.19, 31.09),
    ("IU.YSS", 142.76, 46.96), ("II.ERM", 143.16, 42.02), ("JP.JSD", 138.26, 38.06), ("IC.ENH", 109.49, 30.28),
    ("IC.XAN", 108.92, 34.03), ("IU.ULN", 107.05, 47.87), ("KS.BUS", 129.11, 35.25), ("KS.SEO", 126.97, 37.49),
    ("KS.ULL", 130.90, 37.48), ("KS.JEJU", 126.50, 33.43), ("TW.NACB", 121.59, 24.17), ("IU.PET", 158.65, 53.02),
    ("IU.TATO", 121.50, 24.97), ("II.TLY", 103.64, 51.68),
)  # fmt: skip
LON, LAT = 129.05, 41.30
T0 = parse_time("2016-01-06T01:30:00.9Z")


def speeds(delta):
    """Rough times in seconds of P, S and Lg."""
    return {"Pn": 8 + delta * 13.8, "Sn": 12 + delta * 24.6, "Lg": delta * 111.19 / 3.5}


def trace(rng, key, delta, kind, snr, rate=20.0):
    t = np.arange(0, 700, 1 / rate) - 60
    x = rng.normal(size=len(t))
    x = np.convolve(x, np.hanning(5), "same")
    x /= x.std()
    weights = {"Pn": 1.0, "Sn": 0.35, "Lg": 0.5} if kind == "explosion" else {"Pn": 0.5, "Sn": 1.0, "Lg": 1.3}
    for phase, at in speeds(delta).items():
        u = t - at
        envelope = np.where(
            u > 0, np.exp(-np.maximum(u, 0) / (12 + 6 * delta)) * np.minimum(1, np.maximum(u, 0) / 0.7), 0
        )
        x = x + snr * weights[phase] * envelope * rng.normal(size=len(t))
    return t, x


def event(number, kind, rng, lon=LON, lat=LAT, t0=T0, count=20):
    arrivals, picks, traces, expected = [], [], [], []
    for i, (key, slon, slat) in enumerate(STATIONS):
        delta, az, baz = delaz_(lon, lat, slon, slat)
        if i >= count:
            expected.append(
                Expected(
                    station_key=key,
                    phase="Pn",
                    time_ns=t0 + round(speeds(delta)["Pn"] * 1e9),
                    distance_deg=delta,
                    probability=0.93 - 0.2 * (i - count),
                    status="not-seen" if i % 2 else "down",
                )
            )
            continue
        net, sta = key.split(".")
        nslc = Nslc(net, sta, "00", "BHZ")
        for phase in ("Pn", "Sn", "Lg")[: 1 + i % 3]:
            residual = rng.normal() * 0.5 * (1 if phase == "Pn" else 3)
            at = t0 + round((speeds(delta)[phase] + residual) * 1e9)
            pid = f"{key}.{number}.{phase}"
            picks.append(
                Pick(
                    pick_id=pid,
                    station_key=key,
                    nslc=nslc,
                    time_ns=at,
                    time_sigma_s=0.3,
                    phase_hint="P" if phase == "Pn" else "S",
                    snr=30.0 / (1 + i % 7),
                    amplitude_nm=40.0,
                    period_s=0.8,
                    slowness_s_per_deg=13.2 if i < 3 else None,
                    backazimuth_deg=baz + 2 if i < 3 else None,
                    polarity=1 if i % 4 == 0 else 0,
                )
            )
            arrivals.append(
                Arrival(
                    pick_id=pid,
                    station_key=key,
                    phase=phase,
                    time_ns=at,
                    distance_deg=delta,
                    azimuth_deg=az,
                    backazimuth_deg=baz,
                    residual_s=residual,
                    time_sigma_s=0.6 if phase == "Pn" else 2.0,
                    defining=phase != "Lg" and i != 5,
                    weight=1.0 if abs(residual) < 1 else 0.4,
                    backazimuth_residual=2.0 if i < 3 else None,
                )
            )
        _, x = trace(rng, key, delta, kind, 26.0 / (1 + i % 7))
        traces.append(
            ReportTrace(
                station_key=key,
                nslc=str(nslc),
                start_ns=t0 - 60 * 10**9,
                sample_rate_hz=20.0,
                samples=x,
                band="1–4 Hz",
            )
        )
    arrivals.sort(key=lambda a: (a.time_ns, a.pick_id))
    stations = tuple(
        StationMagnitude(
            station_key=k,
            kind="ML",
            value=4.9 + 0.25 * rng.normal(),
            detected=i % 5 != 3,
            used=i % 8 != 6,
            reason="no valid response" if i % 8 == 6 else "",
            amplitude_nm=120.0,
            period_s=0.8,
            distance_deg=delaz_(lon, lat, slon, slat)[0],
        )
        for i, (k, slon, slat) in enumerate(STATIONS[:count])
    )
    exp = kind == "explosion"
    value = -0.12 if exp else 0.55
    evidence = (
        Evidence(
            name="regional P/S",
            applicable=True,
            value=0.42 if exp else -0.35,
            sigma=0.12,
            unit="log10 P/S from the middle between the classes",
            p_explosion=0.4,
            p_earthquake=0.002,
            log10_lr=1.9 if exp else -2.1,
            reason=f"P over S at 2-8 Hz on 8 good path(s) is {0.42 if exp else -0.35:+.2f} (log10) from the middle between the classes at +0.35 and -0.35: {'nearer to explosions' if exp else 'nearer to earthquakes'}; 3 path(s) block Lg by their own record and 1 cannot say; none of them decides; calibrated on 1 explosion and 9 earthquakes only, none of the earthquakes on these paths; the densities are wide and the ratio is capped for that reason",
            detail={
                "n_paths": 8.0,
                "n_blocked": 3.0,
                "class_mean": 0.35,
                "scale_explosion": 0.22,
                "scale_earthquake": 0.27,
                "calibration": "first",
            },
        ),
        Evidence(
            name="depth",
            applicable=True,
            value=1.0,
            sigma=8.0,
            unit="km",
            log10_lr=0.05,
            reason="depth is not resolved by these stations",
        ),
        Evidence(
            name="mb:Ms",
            applicable=True,
            value=value,
            sigma=0.2,
            unit="",
            p_explosion=0.3,
            p_earthquake=0.01,
            log10_lr=1.2 if exp else -1.0,
            reason="Ms is an upper bound from noise at 3 stations",
        ),
        Evidence(
            name="first motion",
            applicable=False,
            reason="2 first motion(s) read with confidence, at least 5 are needed",
        ),
    )
    verdict = Verdict.EXPLOSION if exp else Verdict.EARTHQUAKE
    lr = 3.15 if exp else -3.05
    assessment = Assessment(
        verdict=verdict,
        log10_lr=lr,
        prior=0.01,
        probability_explosion=0.93 if exp else 0.00001,
        evidence=evidence,
        reason=f"{verdict.value} by regional P/S, mb:Ms: the evidence is about {10 ** abs(lr):.0f} times likelier from {'an explosion' if lr > 0 else 'an earthquake'}, at error rates of 1% (an earthquake called explosion-like) and 5% (an explosion called earthquake-like); where the event lies was not looked at, and 'explosion-like' does not say nuclear",
        margin=False,
    )
    origin = Origin(
        time_ns=t0,
        longitude=lon,
        latitude=lat,
        depth_km=0.0 if exp else 12.0,
        depth_fixed=True,
        depth_reason="no depth phase and no station within 2 deg: held at the surface",
        time_sigma_s=0.31,
        ellipse=Ellipse(smajor_km=9.4, sminor_km=6.1, strike_deg=71.0),
        confidence_ellipse=Ellipse(smajor_km=6.0, sminor_km=4.0, strike_deg=71.0, kind="confidence"),
        rms_s=0.62,
        n_defining=27,
        n_stations=count,
        gap_deg=88.0,
        secondary_gap_deg=112.0,
        min_distance_deg=3.3,
        max_distance_deg=22.4,
    )
    mags = (
        Magnitude(
            kind="mb",
            value=4.94,
            sigma=0.08,
            n_detected=2,
            n_censored=1,
            method="censored maximum likelihood",
            stations=(
                StationMagnitude(
                    station_key="IU.PET",
                    kind="mb",
                    value=4.95,
                    amplitude_nm=31.0,
                    period_s=0.7,
                    distance_deg=22.4,
                ),
                StationMagnitude(
                    station_key="II.TLY", kind="mb", value=4.5, detected=False, distance_deg=20.2
                ),
                StationMagnitude(
                    station_key="IC.MDJ",
                    kind="mb",
                    value=5.6,
                    used=False,
                    reason="nearer than 20 deg",
                    distance_deg=3.34,
                ),
            ),
        ),
        Magnitude(
            kind="ML",
            value=4.87,
            sigma=0.06,
            n_detected=14,
            n_censored=4,
            method="censored maximum likelihood",
            stations=stations,
        ),
        Magnitude(kind="Ms", value=3.4, sigma=0.2, n_detected=0, n_censored=3, method="noise", bound="upper"),
    )
    return (
        Event(
            event_id=f"{number}",
            origin=origin,
            arrivals=tuple(arrivals),
            magnitudes=mags,
            expected=tuple(expected),
            assessment=assessment,
            score=40.0,
        ),
        picks,
        traces,
    )


def sites():
    return tuple(Site(key=k, longitude=a, latitude=b, is_array=k == "KS.SEO") for k, a, b in STATIONS)


def bulletin(simulated=True, seed=1):
    """A bulletin of three events and its traces."""
    rng = np.random.default_rng(seed)
    e1, p1, tr1 = event("20160106T013000_01", "explosion", rng)
    e2, p2, tr2 = event(
        "20160106T051203_02", "earthquake", rng, lon=141.2, lat=37.9, t0=T0 + 4 * HOUR_NS, count=18
    )
    e3, p3, _ = event(
        "20160106T080000_03", "earthquake", rng, lon=-178.5, lat=-17.8, t0=T0 + 7 * HOUR_NS, count=9
    )
    e3 = Event(
        event_id=e3.event_id,
        origin=e3.origin,
        arrivals=e3.arrivals,
        expected=e3.expected,
        magnitudes=(),
        assessment=Assessment(
            verdict=Verdict.UNDETERMINED,
            log10_lr=None,
            prior=0.01,
            probability_explosion=None,
            evidence=(),
            reason="no discriminant applies",
        ),
    )
    loose = [
        Pick(
            pick_id=f"x{i}",
            station_key=STATIONS[i % 9][0],
            time_ns=T0 + i * 700 * 10**9,
            snr=3 + (i * 7 % 23),
            phase_hint="P",
            band_hz=(2.0, 4.0),
        )
        for i in range(31)
    ]
    start = T0 // HOUR_NS * HOUR_NS
    noise = tuple(
        NoiseHour(
            station_key=k,
            nslc=Nslc(*k.split("."), "00", "BHZ"),
            hour_ns=start + h * HOUR_NS,
            band_hz=(1.0, 4.0),
            up_s=3600.0 if (h + i) % 11 else 1200.0,
            rms_counts=50 * math.exp(rng.normal() * 0.3 + 0.5 * math.sin(h / 4) + i % 5 / 2),
            a_over_t_nm_s=2 * math.exp(rng.normal() * 0.3 + 0.4 * math.sin(h / 4) + i % 5 / 2),
        )
        for i, (k, _, _) in enumerate(STATIONS)
        for h in range(9)
        if (i, h) not in ((3, 2), (3, 3))
    )
    findings = (
        Finding(
            kind="gap",
            subject="IC.HIA.00.BHZ",
            message="no samples",
            span=Span(T0, T0 + 37 * 10**9),
        ),
        Finding(
            kind="clipped",
            subject="IC.MDJ.00.BHZ",
            message="41 samples at the rail of the digitiser were masked",
        ),
        Finding(
            kind="no-response",
            subject="KS.ULL.00.HHZ",
            message="no response valid on 2016-01-06: no amplitudes from this channel",
        ),
    )
    provenance = Provenance(
        code_version="0.1.0",
        code_digest="a3" * 32,
        configuration_digest="5f" * 32,
        inputs=tuple((f"waveforms/{k}.mseed", f"{i:02x}" * 32) for i, (k, _, _) in enumerate(STATIONS)),
        simulated=simulated,
        command="testban process waveforms --inventory stations.csv --out out",
    )
    picks = tuple(sorted([*p1, *p2, *p3, *loose], key=lambda p: (p.time_ns, p.pick_id)))
    made = Bulletin(
        events=(e1, e2, e3),
        picks=picks,
        sites=sites(),
        noise=noise,
        findings=findings,
        provenance=provenance,
        start_ns=start,
        end_ns=start + 9 * HOUR_NS,
    )
    return made, [*tr1, *tr2]
