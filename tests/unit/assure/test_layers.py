"""The map's further columns: location against a slow twin, yields, identification, measured noise day by day."""

import csv
import json
import math

import numpy as np
import pytest

from testban.assure import capability, identification, resolution, scenario
from testban.assure.capability import Rule, Sensor
from testban.base.errors import InputError
from testban.base.geo import delaz_
from testban.cli import app
from testban.earth import travel
from testban.locate import errors_model
from testban.run import assurance_layers, assurance_map
from testban.run.assurance_layers import Layers


def ring(n, delta=30.0, array=False):
    from testban.base.geo import destination_

    out = []
    for i in range(n):
        lon, lat = destination_(10.0, 20.0, 360.0 / n * i + 5.0, delta + 3.0 * (i % 3))
        out.append(
            Sensor(
                code=f"S{i}",
                longitude=lon,
                latitude=lat,
                noise_nm_s=0.3,
                reliability=1.0,
                array=array and i == 0,
            )
        )
    return tuple(out)


def slow(sensors, free):
    """Area or depth by NumPy's own inverse, all stations used."""
    rows, own, where = [], [], []
    for s in sensors:
        d, az, _ = delaz_(10.0, 20.0, s.longitude, s.latitude)
        _, p, h = travel.load("ak135").predict("P1", 0.0, d)
        p /= 111.19492664455873
        rows.append([-p * math.sin(math.radians(az)), -p * math.cos(math.radians(az)), 1.0, h])
        own.append(errors_model.model_sigma_(errors_model.P_ERROR, 0, d))
        where.append(resolution.unit_vector_(s.longitude, s.latitude))
    n = len(sensors)
    c = np.array(
        [
            [
                own[i] * own[j] * (1.0 if i == j else errors_model.correlation_(*where[i], *where[j]))
                for j in range(n)
            ]
            for i in range(n)
        ]
    )
    c += np.eye(n) * resolution.PICK_S**2
    g = np.array(rows)[:, : 4 if free else 3]
    cov = np.linalg.inv(g.T @ np.linalg.inv(c) @ g)
    if free:
        return resolution.NORMAL_90 * math.sqrt(cov[3, 3])
    return math.pi * resolution.CHI2_90 * math.sqrt(np.linalg.det(cov[:2, :2]))


def at_centre(sensors, mb=6.0):
    area, depth = resolution.resolve(sensors, Rule(), np.array([10.0]), np.array([20.0]), np.array([mb]))
    return float(area[0]), float(depth[0])


def test_area_and_depth_equal_the_slow_twin():
    sensors = ring(9)
    area, depth = at_centre(sensors)
    assert area == pytest.approx(slow(sensors, False), rel=2e-3)
    assert depth == pytest.approx(slow(sensors, True), rel=2e-2)


def test_more_stations_and_an_array_never_widen_the_area():
    areas = [at_centre(ring(24)[: k * 3])[0] for k in (2, 4, 8)]
    assert areas == sorted(areas, reverse=True)
    assert at_centre(ring(5, array=True))[0] < at_centre(ring(5))[0]
    assert math.isnan(at_centre(ring(2))[0])


def test_at_the_threshold_fewer_stations_locate_than_far_above_it():
    told = scenario.read(scenario.text_of("ims"), "ims")
    sensors = scenario.sensors(told)
    lon, lat = np.array([78.9, -116.2, 129.1]), np.array([49.9, 37.2, 41.3])
    mb = capability.thresholds(sensors, told.rule, lon, lat)
    near, _ = resolution.resolve(sensors, told.rule, lon, lat, mb)
    far, _ = resolution.resolve(sensors, told.rule, lon, lat, mb + 1.0)
    assert (far < 0.5 * near).all()


def test_columns(tmp_path, capsys):
    line = f"assure map ims --out {tmp_path} --step 30 --identification --location --kt 1,10,70 --json"
    assert app(line.split(), result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)
    assert any("Bowers" in a for a in got["assumptions"])
    rows = list(csv.DictReader((tmp_path / "map.csv").open()))
    assert list(rows[0])[:3] == ["longitude", "latitude", "mb90"]
    for r in rows:
        assert float(r["identified90"]) >= float(r["mb90"]) - 0.011
        assert float(r["kt_df10"]) == pytest.approx(10 * float(r["kt_df1"]), rel=0.01)
        assert float(r["area90_km2"]) > 100.0
    with pytest.raises(InputError, match="--kt"):
        assurance_layers.factors("1,x")


def hours(day, station, noise, up=3600.0, n=24):
    return [
        f"XX,{station},,BHZ,2020-01-{day:02d}T{h:02d}:00:00Z,1,3,{up:g},100,{'' if noise is None else noise}"
        for h in range(n)
    ]


@pytest.fixture
def recorded(tmp_path):
    lines = ["network,station,location,channel,hour,low_hz,high_hz,up_s,rms_counts,a_over_t_nm_s"]
    for day in (1, 2, 3):
        for k in range(6):
            storm = day == 2
            if day == 3 and k in (0, 1):
                lines += hours(day, f"S{k}", 1.0, n=6)  # an outage of 18 hours
            else:
                lines += hours(day, f"S{k}", 5.0 if storm else 1.0)
    lines += hours(1, "MUTE", None)
    (tmp_path / "noise.csv").write_text("\n".join(lines) + "\n")
    places = ["network,station,latitude,longitude,elevation_m"]
    places += [f"XX,{s.code},{s.latitude},{s.longitude},0" for s in ring(6)]
    (tmp_path / "stations.csv").write_text("\n".join([*places, "XX,MUTE,0,0,0"]) + "\n")
    return tmp_path


def test_measured_noise_and_uptime_day_by_day(recorded):
    out = recorded / "out"
    got = assurance_map.capability_of("ims", out, 30.0, Layers(noise=recorded))
    assert got["stations"] == 6
    days = {d["day"]: d for d in got["days"]}
    assert list(days) == ["2020-01-01", "2020-01-02", "2020-01-03"]
    calm, storm, outage = (days[d] for d in sorted(days))
    assert storm["mean"] - calm["mean"] == pytest.approx(math.log10(5.0), abs=0.02)
    assert outage["mean"] > calm["mean"]
    assert outage["up"] == pytest.approx((4 + 2 * 0.25) / 6, abs=1e-4)
    assert days["2020-01-01"]["left_out"] == 1
    assert (out / "map-2020-01-02.csv").exists()
    assert "Noise and up-time measured" in (out / "map.en.svg").read_text()
    with pytest.raises(InputError, match="--band"):
        assurance_map.capability_of("ims", out, 30.0, Layers(noise=recorded, band_hz=(2.0, 4.0)))
    (recorded / "stations.csv").unlink()
    with pytest.raises(InputError, match="--inventory"):
        assurance_map.capability_of("ims", out, 30.0, Layers(noise=recorded))


def test_measured_equals_assumed_of_the_same_numbers(recorded):
    got = assurance_layers.network(Layers(noise=recorded), ())[1][0].sensors
    same = tuple(
        Sensor(code=f"XX.S{i}", longitude=s.longitude, latitude=s.latitude, noise_nm_s=1.0, reliability=1.0)
        for i, s in enumerate(ring(6))
    )
    lon, lat = np.array([10.0, 40.0]), np.array([20.0, 0.0])
    a, b = (capability.thresholds(x, Rule(), lon, lat) for x in (got, same))
    assert a == pytest.approx(b, abs=1e-6)
    how = identification.Identification()
    assert identification.thresholds(got, Rule(), how, lon, lat) == pytest.approx(
        identification.thresholds(same, Rule(), how, lon, lat), abs=1e-6
    )
