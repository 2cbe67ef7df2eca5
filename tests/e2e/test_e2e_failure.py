"""A station whose measurement fails for a reason that nobody foresaw is reported; the others go on."""

import pytest
from conftest import World, process_words, run

from testban import identify


def test_a_failing_measurement_costs_one_station(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    honest = identify.measure_path

    def broken(origin, site, segments, channels, arrivals):
        if site.key == "XD.BEL":
            raise ZeroDivisionError("made up")
        return honest(origin, site, segments, channels, arrivals)

    monkeypatch.setattr(identify, "measure_path", broken)
    done = run(*process_words(world, tmp_path))
    assert done.status == 0
    assert len(done.json["events"]) >= 1
    assert "measurement of XD.BEL failed" in (tmp_path / "findings.csv").read_text()
