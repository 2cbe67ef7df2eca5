"""f-k on correlation traces (SIMULATED array): the same place is kept, another slowness is rejected."""

import numpy as np
import pytest

from testban.repeat import array
from testban.repeat.template import RATE

NINE = {
    f"XX.A{i}": (30.0 + 0.03 * np.cos(i * 0.7) * (1 + i % 3), 50.0 + 0.02 * np.sin(i * 0.7) * (1 + i % 3))
    for i in range(9)
}
BAND_HZ, LONG_S = (0.7, 2.0), 30.0


def traces(east: float, north: float, noise: float, seed: int = 3) -> dict[str, np.ndarray]:
    """Correlation traces of a repeat whose wave crosses the array with a slowness beside the master's."""
    from testban.base.geo import offset_km_

    rng = np.random.default_rng(seed)
    n, reach = round(LONG_S * RATE), round(array.TRACE_S * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(4 * n))
    f = np.fft.rfftfreq(4 * n, 1.0 / RATE)
    wave = np.fft.irfft(np.where((f > BAND_HZ[0]) & (f < BAND_HZ[1]), spectrum, 0.0))
    first = next(iter(NINE.values()))
    out = {}
    for name, place in NINE.items():
        x, y = offset_km_(*first, *place)
        delay = round((east * x + north * y) * RATE)
        data = np.roll(wave, delay)
        hiss = np.fft.rfft(rng.standard_normal(4 * n))
        data = data + noise * np.fft.irfft(np.where((f > BAND_HZ[0]) & (f < BAND_HZ[1]), hiss, 0.0))
        made = array.trace(wave[n : 2 * n], data, n)
        assert made is not None
        assert len(made) == 2 * reach + 1
        out[name] = made
    return out


def test_stations_close_together_are_an_array_and_others_are_not():
    far = {"XX.B": (40.0, 50.0), "XX.C": (41.0, 50.0)}
    assert array.arrays({**NINE, **far}) == [tuple(sorted(NINE))]
    assert array.arrays(dict(list(NINE.items())[:3])) == []


@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0])
def test_a_repeat_from_the_same_place_is_kept(noise):
    degrees = 2.0 * (BAND_HZ[1] - BAND_HZ[0]) * LONG_S
    kept = [array.beam(traces(0.0, 0.0, noise, seed), NINE, degrees).same for seed in range(5)]
    assert all(kept)


@pytest.mark.parametrize(("east", "north"), [(0.12, 0.0), (-0.1, 0.1), (0.0, -0.25)])
def test_what_comes_from_elsewhere_is_rejected_and_its_slowness_found(east, north):
    degrees = 2.0 * (BAND_HZ[1] - BAND_HZ[0]) * LONG_S
    made = array.beam(traces(east, north, 1.0), NINE, degrees)
    assert not made.same
    assert made.best > made.zero
    assert abs(made.east_s_km - east) < 0.03
    assert abs(made.north_s_km - north) < 0.03
