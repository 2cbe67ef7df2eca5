"""Areas: what is inside, beside a winding number; files that are read and refused; noise and cost of the rock in siting."""

import json

import numpy as np
import pytest

from testban.assure import areas as room
from testban.base.errors import InputError
from testban.run import areas, assurance_siting
from testban.run.assurance_siting import Plan

SQUARE = [[10.0, 40.0], [30.0, 40.0], [30.0, 60.0], [10.0, 60.0], [10.0, 40.0]]
HOLE = [[15.0, 45.0], [15.0, 55.0], [25.0, 55.0], [25.0, 45.0], [15.0, 45.0]]


def test_inside_beside_a_winding_number():
    rng = np.random.default_rng(1)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
    ring = np.column_stack([50 + 20 * rng.uniform(0.3, 1, 9) * np.cos(angle), 20 + 15 * np.sin(angle)])
    a = room.area("x", [ring.tolist()])
    for x, y in rng.uniform((20, 0), (80, 40), (400, 2)).tolist():
        turn = np.arctan2(ring[:, 1] - y, ring[:, 0] - x)
        steps = (np.diff(np.r_[turn, turn[0]]) + np.pi) % (2 * np.pi) - np.pi
        assert room.inside(a, x, y) == (abs(steps.sum()) > np.pi)
        assert room.inside(a, x + 360.0, y) == room.inside(a, x, y)


def test_holes_and_the_date_line():
    a = room.area("ring", [SQUARE, HOLE])
    assert room.inside(a, 12.0, 50.0)
    assert not room.inside(a, 20.0, 50.0)
    pacific = room.area("pacific", [[[170, 50], [-170, 50], [-170, 70], [170, 70]]])
    assert room.inside(pacific, 179.0, 60.0)
    assert room.inside(pacific, -179.0, 60.0)
    assert not room.inside(pacific, 0.0, 60.0)
    assert room.box([pacific]) == (170.0, 190.0, 50.0, 70.0)
    with pytest.raises(InputError, match="pole"):
        room.area("cap", [[[0, 70], [120, 70], [240, 70], [360, 70]]])


def test_what_forbids_wins():
    out = [room.area("a", [SQUARE]), room.area("b", [HOLE], allowed=False)]
    assert room.holding(out, 20.0, 50.0) is None
    assert room.holding(out, 12.0, 50.0).name == "a"


def feature(ring, **given):
    return {"type": "Feature", "properties": given, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def test_noise_and_cost_of_the_rock_reach_the_candidates(tmp_path):
    west = [[30, 50], [60, 50], [60, 60], [30, 60], [30, 50]]
    east = [[60, 50], [90, 50], [90, 60], [60, 60], [60, 50]]
    body = {"type": "FeatureCollection", "features": [feature(west, rock="granite", noise_nm_s=0.5, cost=2),
            feature(east, rock="sediment", noise_nm_s=4.0)]}  # fmt: skip
    path = tmp_path / "rock.geojson"
    path.write_text(json.dumps(body))
    where = assurance_siting.where_of(str(path), "--allowed")
    found = assurance_siting.grid_candidates(Plan(add=1, spacing_deg=4.0), where)
    kinds = {(c.ground, c.sensor.noise_nm_s, c.cost) for c in found}
    assert kinds == {("granite", 0.5, 2.0), ("sediment", 4.0, 1.0)}
    assert all(30.0 <= c.sensor.longitude <= 90.0 and 50.0 <= c.sensor.latitude <= 60.0 for c in found)
    plan = Plan(add=1, region=(30.0, 90.0, 50.0, 60.0), allowed=where, spacing_deg=8.0, step_deg=8.0)
    got = assurance_siting.siting_of("external-1963", plan, tmp_path / "out")
    assert got["additions"][0]["ground"] in ("granite", "sediment")
    inside = assurance_siting.target_of(Plan(add=1, region=where, step_deg=4.0))
    assert inside.longitude.size > 10
    dear = assurance_siting.siting_of("external-1963", Plan(add=3, allowed=where, region=plan.region, spacing_deg=8.0, step_deg=8.0, budget=1.0), tmp_path / "out")  # fmt: skip
    assert [a["ground"] for a in dear["additions"]] == ["sediment"]
    assert dear["random_best"] >= dear["end"]  # the draws keep to the budget too
    assert dear["uniform"] >= dear["end"]


def test_a_table_of_corners_is_the_same(tmp_path):
    path = tmp_path / "corners.csv"
    path.write_text(
        "longitude,latitude,area,rock,noise_nm_s\n" + "".join(f"{x},{y},a,granite,0.5\n" for x, y in SQUARE)
    )
    (got,) = areas.read(path)
    assert (got.rock, got.noise_nm_s) == ("granite", 0.5)
    assert got.rings == room.area("a", [SQUARE]).rings


@pytest.mark.parametrize(
    "body",
    ["{", "[]", "{}", '{"type": "Point", "coordinates": [1, 2]}', '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}',
     '{"type": "Polygon", "coordinates": [[[1, 200], [3, 4], [5, 6]]]}', '{"type": "FeatureCollection", "features": []}',
     json.dumps(feature(SQUARE, noise_nm_s="loud")), json.dumps(feature(SQUARE, cost=-1)), json.dumps(feature(SQUARE, allowed="no"))],
)  # fmt: skip
def test_what_cannot_be_used_is_one_error(tmp_path, body):
    path = tmp_path / "x.geojson"
    path.write_text(body)
    with pytest.raises(InputError):
        areas.read(path)
