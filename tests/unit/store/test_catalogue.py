"""The catalogue keeps what it was given, once, and says what is wrong when it cannot."""

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from testban.base.errors import StoreError
from testban.base.records import (
    Arrival,
    Assessment,
    Bulletin,
    Ellipse,
    Event,
    Evidence,
    Finding,
    Magnitude,
    Origin,
    Pick,
    Provenance,
    Verdict,
)
from testban.store import Catalogue
from testban.store.tables import metadata


def small_bulletin() -> Bulletin:
    origin = Origin(
        time_ns=1504409400_000000000,
        longitude=129.07,
        latitude=41.3,
        depth_km=0.0,
        depth_fixed=True,
        depth_reason="no near station",
        time_sigma_s=0.4,
        ellipse=Ellipse(smajor_km=9.0, sminor_km=7.0, strike_deg=30.0),
        rms_s=0.5,
        n_defining=1,
        n_stations=1,
        gap_deg=360.0,
        secondary_gap_deg=360.0,
        min_distance_deg=3.3,
        max_distance_deg=3.3,
    )
    arrival = Arrival(
        pick_id="p1",
        station_key="IC.MDJ",
        phase="Pn",
        time_ns=origin.time_ns + 50_000000000,
        distance_deg=3.3,
        azimuth_deg=6.0,
        backazimuth_deg=187.0,
        residual_s=0.1,
    )
    event = Event(
        event_id="e1",
        origin=origin,
        arrivals=(arrival,),
        magnitudes=(
            Magnitude(kind="mb", value=6.1, sigma=0.1, n_detected=3, n_censored=1, method="censored"),
        ),
        assessment=Assessment(
            verdict=Verdict.EXPLOSION,
            log10_lr=2.5,
            prior=0.01,
            probability_explosion=0.76,
            evidence=(Evidence(name="ps", applicable=True, value=0.5, log10_lr=2.5, reason="P is strong"),),
            reason="P/S",
        ),
    )
    return Bulletin(
        events=(event,),
        picks=(Pick(pick_id="p1", station_key="IC.MDJ", time_ns=arrival.time_ns),),
        sites=(),
        noise=(),
        findings=(Finding(kind="gap", subject="IC.MDJ.00.BHZ", message="3 s missing"),),
        provenance=Provenance(
            code_version="0", code_digest="c", configuration_digest="d", inputs=(("a", "b"),)
        ),
        start_ns=0,
        end_ns=1,
    )


def test_bulletin_comes_back(tmp_path):
    store = Catalogue(tmp_path / "c.sqlite")
    bulletin = small_bulletin()
    key = store.write_bulletin(bulletin)
    assert store.write_bulletin(bulletin) == key, "written twice is the same bulletin"
    assert store.bulletins() == [key]
    assert store.events(key) == list(bulletin.events)
    store.close()
    assert Catalogue(tmp_path / "c.sqlite").events(key) == list(bulletin.events)


def test_unit_is_written_once(tmp_path):
    store = Catalogue(tmp_path / "c.sqlite")
    assert store.finished("k") is None
    store.finish("k", "detect", "IC.MDJ", b"first")
    store.finish("k", "detect", "IC.MDJ", b"second")
    assert store.finished("k") == b"first"


def test_schema_is_the_head(tmp_path):
    store = Catalogue(tmp_path / "c.sqlite")
    with store.engine.connect() as c:
        assert compare_metadata(MigrationContext.configure(c), metadata) == []


@pytest.mark.parametrize("place", ["missing/folder/c.sqlite", "."])
def test_unusable_place_is_named(tmp_path, place):
    with pytest.raises(StoreError, match="cannot be used"):
        Catalogue(tmp_path / place)


def test_not_a_database(tmp_path):
    (tmp_path / "c.sqlite").write_bytes(b"this is not a database, it is a text" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Catalogue(tmp_path / "c.sqlite")


def test_records_are_json_safe():
    assert msgspec.json.decode(msgspec.json.encode(small_bulletin()), type=Bulletin) == small_bulletin()
