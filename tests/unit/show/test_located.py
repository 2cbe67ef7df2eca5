"""What `testban locate` tells has its Russian, with the texts as the rooms make them."""

import re

import msgspec
import pytest

from testban import locate
from testban.base.errors import InputError
from testban.base.geo import delaz_, destination_
from testban.base.records import Event, Finding, Pick, Site
from testban.earth import travel
from testban.locate.hollows import Rival
from testban.run import stages
from testban.show import located, reasons


def near(depth: float, nearest: float):
    """P and S of an event below Germany at eight stations around it."""
    sites, rows, model = {}, [], travel.load()
    for i in range(8):
        lon, lat = destination_(9.0, 48.0, 45.0 * i, nearest + 0.15 * i)
        sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
        delta = delaz_(9.0, 48.0, lon, lat)[0]
        for label, phase in (("P", "P1"), ("S", "S1")):
            t = float(model.predict(phase, depth, delta)[0])
            pick = Pick(pick_id=f"{i}{label}", station_key=f"S{i}", time_ns=round(t * 1e9), time_sigma_s=0.1)
            rows.append((pick, label))
    return sites, rows


def russian(text: str) -> str:
    both = reasons.reason(text)
    assert not both.foreign, text
    assert re.search("[а-яё]", both.ru)
    assert not re.search("[a-z]{5}", both.ru.replace("event_id", "")), both.ru
    return both.ru


@pytest.mark.parametrize(("nearest", "part"), [(0.1, " в пределах 0,3°"), (0.5, " S–P в пределах 2°")])
def test_a_located_event_is_told_in_both_languages(nearest, part):
    sites, rows = near(10.0, nearest)
    found = locate.locate(rows, sites)
    assert found.origin.depth_reason.startswith("free: ")
    line = located.with_depth(Event(event_id="e", origin=found.origin, arrivals=found.arrivals))
    assert part in line.ru
    assert found.origin.depth_reason.replace(" deg", "").split(" within")[0] in line.en
    assert " km " in line.en
    assert " км" in line.ru


def test_other_places_are_told_in_both_languages():
    sites, rows = near(10.0, 0.1)
    r = Rival(longitude=-9.5, latitude=48.25, distance_km=61.2, share=0.123, covariance=(1.0, 0.0, 1.0))
    one = locate.locate(rows, sites)
    for rivals in ((r,), (r, r)):
        text = russian(stages._rivals_said(msgspec.structs.replace(one, rivals=rivals)))
        assert "61 км" in text
        assert "12,3\u00a0%" in text


def test_what_was_not_located_says_why_in_both_languages():
    sites, rows = near(10.0, 0.1)
    for some in ([], rows[:1], [(msgspec.structs.replace(rows[0][0], time_sigma_s=-1.0), "P"), *rows[1:]]):
        with pytest.raises(InputError) as caught:
            locate.locate(some, sites)
        russian(f"not located: {caught.value}")


def test_notes_are_told_in_both_languages():
    _, rows = near(10.0, 0.1)
    odd = {"e": [(rows[0][0], name) for name in ("LR", "x", *(f"y{i}" for i in range(9)))]}
    for groups in (odd, {"e": odd["e"][:2]}):
        (found,) = stages._without_times("table.csv", groups, "ak135")
        both = located.note(found)
        assert both.en == f"note: table.csv: {found.message}"
        assert both.ru.startswith("замечание: table.csv: вступления")
    for text in (
        "3 of 14 rows without a position are not used",
        "2 of 14 rows that repeat another to the letter are not used",
        "3 arrivals without an event_id are not used",
        "located together with b, c: their model errors are shared",
        "slowness-azimuth corrections of 4 stations",
        "fixed where P at 0.5 deg and far P agree",
        "free: 5 depth phases",
        "free: 4 core reflections",
        "free: P at 42 stations puts it below the crust",
    ):
        russian(text)
    assert located.note(Finding(kind="x", subject="y", message="because")).ru == "замечание: y: because"
