"""mb:Ms: lines, traps, and the figure on real catalogues."""

import itertools
import os
from pathlib import Path

import pytest

from testban.base.errors import InputError
from testban.base.records import Ellipse, Event, Magnitude, Origin
from testban.identify import Settings, calibration, surface
from testban.identify.registry import Inquiry
from testban.run import calibrating


def inquiry(mb: float, ms: float, bound: str = "", sigma: float = 0.1) -> Inquiry:
    o = Origin(
        time_ns=0, longitude=0.0, latitude=0.0, depth_km=0.0, depth_fixed=True, depth_reason="", time_sigma_s=1.0,
        ellipse=Ellipse(smajor_km=10.0, sminor_km=10.0, strike_deg=0.0), rms_s=1.0, n_defining=8, n_stations=8,
        gap_deg=90.0, secondary_gap_deg=100.0, min_distance_deg=20.0, max_distance_deg=60.0,
    )  # fmt: skip
    sizes = (
        Magnitude(kind="mb", value=mb, sigma=sigma, n_detected=8, n_censored=0, method=""),
        Magnitude(kind="Ms", value=ms, sigma=sigma, n_detected=8, n_censored=0, method="", bound=bound),
    )
    return Inquiry(
        event=Event(event_id="e", origin=o, arrivals=(), magnitudes=sizes),
        paths=(),
        picks=(),
        settings=Settings(),
    )


def test_d1_lines() -> None:
    assert surface.line(4.5) == pytest.approx(3.860, abs=1e-3)
    assert surface.old_line(4.5) == pytest.approx(3.425, abs=1e-3)
    crossing = (surface.LINE + surface.OLD_INTERCEPT) / (1.0 - surface.OLD_SLOPE)
    assert crossing == pytest.approx(6.24, abs=1e-3)


def test_the_weight_never_turns_round() -> None:
    """The wider density of explosions must not win back what lies far on the side of earthquakes."""
    for sigma in (0.2, 0.35, 0.6):
        ratios = [surface.weigh(d / 20.0, sigma, "", calibration.MS_DEFAULT)[0] for d in range(-80, 120)]
        assert all(a >= b - 1e-3 for a, b in itertools.pairwise(ratios))


@pytest.mark.parametrize(("mb", "ms"), [(5.0, 7.7), (5.0, 1.2)])
def test_a_slip_of_nm_and_um_is_caught(mb: float, ms: float) -> None:
    got = surface.surface(inquiry(mb, ms))
    assert not got.applicable
    assert "slip of units" in got.reason


def test_an_upper_limit_never_speaks_against_an_explosion_nor_screens() -> None:
    for ms in (2.0, 3.5, 5.0, 6.5):
        got = surface.surface(inquiry(5.0, ms, "upper"))
        assert got.log10_lr is not None
        assert got.log10_lr >= 0.0
        assert got.detail["screened"] == "no"


def test_more_stations_do_not_shrink_the_model_error() -> None:
    got = surface.surface(inquiry(5.0, 4.5, sigma=0.001))
    assert got.sigma is not None
    assert got.sigma >= Settings().s_model


def test_dprk_2009_is_not_rejected_as_an_explosion() -> None:
    # mb 4.5 (IDC) and Ms 3.6: the case for which Selby et al. chose the line.
    assert not surface.screened_out(3.6, 4.5, (0.3**2 + 2 * 0.1**2) ** 0.5)


def test_fit_refuses_swapped_tables() -> None:
    low, high = [-1.0 + 0.01 * i for i in range(20)], [0.3 + 0.01 * i for i in range(20)]
    assert calibration.fit_ms(low, high, "x").n_explosions == 20
    with pytest.raises(InputError, match="swapped"):
        calibration.fit_ms(high, low, "x")


def catalogues() -> tuple[Path, Path]:
    root = os.environ.get("TESTBAN_DATA")
    folder = Path(root or "") / "reference"
    x = folder / "nuclear_catalogue" / "sipri_2000_part.csv"
    q = folder / "mbms_earthquakes_isc2005" / "isc2005_multi_agency_magnitudes.csv"
    if not root or not x.is_file() or not q.is_file():
        pytest.skip("not run: TESTBAN_DATA does not name a folder with the catalogues of mb and Ms")
    return x, q


@pytest.mark.data
def test_the_shipped_table_is_rebuilt_and_separates_the_other_half() -> None:
    x, q = catalogues()
    found = calibrating.mb_ms(x, q, calibration.MS_DEFAULT.name)
    shipped = calibration.MS_DEFAULT
    m = found["model"]
    assert (tuple(m["explosion"]), tuple(m["earthquake"])) == (shipped.explosion, shipped.earthquake)
    assert (m["n_explosions"], m["n_earthquakes"]) == (shipped.n_explosions, shipped.n_earthquakes)
    area = found["area_under_roc"]
    assert area["value"] >= 0.94
    assert area["low"] < area["value"] < area["high"]
    assert (
        found["screened_out"]["earthquakes_old_line"]["k"]
        > found["screened_out"]["earthquakes_new_line"]["k"]
    )
    assert calibrating.mb_ms(x, q, shipped.name)["digests"] == found["digests"]
