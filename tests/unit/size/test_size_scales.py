"""Scales: check numbers of the literature, ranges, units."""

import math

import pytest

from testban.identify import surface
from testban.size import scales


def test_row_d1_screening_lines():
    assert surface.line(4.5) == pytest.approx(3.860, abs=1e-3)
    assert surface.old_line(4.5) == pytest.approx(3.425, abs=1e-3)
    crossing = (surface.OLD_INTERCEPT + surface.LINE) / (1.0 - surface.OLD_SLOPE)
    assert crossing == pytest.approx(6.24, abs=1e-3)


def test_row_d2_surface_wave_distance_term():
    table = {20: 2.6627, 40: 2.9921, 60: 3.2075, 80: 3.3690, 100: 3.4933}
    for delta, term in table.items():
        assert scales.ms_distance_term(delta) == pytest.approx(term, abs=1e-3)
    # Prague takes micrometres: three units of magnitude apart, no more than 0.044 at 60 deg besides
    assert scales.ms_prague_term(60.0) - 0.044 - 3.0 == pytest.approx(scales.ms_distance_term(60.0), abs=1e-3)


def test_mb_uses_veith_clawson_for_half_peak_to_peak():
    assert scales.mb(10.0, 1.0, 60.0, 0.0) == pytest.approx(1.0 + 3.731, abs=2e-3)
    assert scales.mb(10.0, 1.0, 60.0, 100.0) == scales.mb(10.0, 1.0, 60.0, 0.0), (
        "a fixed depth counts as surface"
    )
    assert scales.mb(10.0, 1.0, 60.0, 100.0, fixed_depth=False) == pytest.approx(1.0 + 3.401, abs=2e-2)


def test_mb_is_refused_near_and_far():
    assert math.isnan(scales.mb(10.0, 1.0, 19.9, 0.0))
    assert math.isnan(scales.mb(10.0, 1.0, 105.1, 0.0))


def test_ml_is_richters_at_100_km():
    # 1 mm on a Wood-Anderson (magnification 2080) at 100 km is ML 3 (Richter 1935, Hutton & Boore 1987)
    assert scales.ml(1e6 / 2080.0, 100.0) == pytest.approx(3.0, abs=5e-3)
    assert math.isnan(scales.ml(1.0, 1300.0))
