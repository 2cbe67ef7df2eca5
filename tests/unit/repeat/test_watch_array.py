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


def traces(
    east: float, north: float, noise: float, seed: int = 3, late_s: float = 0.0
) -> dict[str, np.ndarray]:
    """Correlation traces of a repeat whose wave crosses the array with a slowness beside the master's.

    late_s: by how much the time of the first element is later than what the detection implies.
    """
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
        delay = round((east * x + north * y + late_s) * RATE)
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


def test_the_time_of_a_stranger_may_be_that_of_an_edge_of_the_array():
    """With 0.3 s/km over 8 km the wave is at the middle more than a second before or after it is at the edge."""
    degrees = 2.0 * (BAND_HZ[1] - BAND_HZ[0]) * LONG_S
    for late_s in (-1.5, 1.5):
        made = array.beam(traces(0.3, 0.0, 1.0, late_s=late_s), NINE, degrees)
        assert not made.same
        assert abs(made.east_s_km - 0.3) < 0.03
        assert abs(made.north_s_km) < 0.03


@pytest.mark.parametrize(("slow", "same"), [(0.0, True), (0.2, False)])
def test_recordings_of_an_array_are_judged_where_a_detection_is_measured(slow, same):
    """SIMULATED recordings of nine elements: the same waveform across the array as the master, or otherwise."""
    from testban.base.geo import offset_km_
    from testban.base.ids import Nslc
    from testban.base.records import Channel, Segment
    from testban.repeat import Template, TemplateChannel, grid, measure
    from testban.repeat.ground import ground

    start = 400_000 * grid.BLOCK_NS
    begin = start + 1000 * 10**9
    rng = np.random.default_rng(8)
    n = 60 * RATE
    t = rng.standard_normal(n) * np.exp(-np.arange(n) / (20.0 * RATE))
    first = next(iter(NINE.values()))

    def recorded(name: str, slowness: float) -> Segment:
        east, _ = offset_km_(*first, *NINE[name])
        x = 0.05 * np.random.default_rng(sum(map(ord, name))).standard_normal(grid.WINDOW_S * RATE)
        at = (grid.LEAD_S + 1000) * RATE + round(slowness * east * RATE)
        x[at : at + n] += t
        station = name.split(".")[1]
        return Segment(
            nslc=Nslc("XX", station, "", "BHZ"), start_ns=grid.window_of(400_000).start_ns, sample_rate_hz=float(RATE), samples=x
        )  # fmt: skip

    def load(name: str, _window: object):
        lon, lat = NINE[name]
        s = recorded(name, slow)
        return [s], [Channel(nslc=s.nslc, longitude=lon, latitude=lat, dip_deg=-90.0)]

    channels = []
    for name in sorted(NINE):
        s = recorded(name, 0.0)
        got = ground([s], None, BAND_HZ, grid.window_of(400_000).start_ns, RATE)
        assert got is not None
        at = (grid.LEAD_S + 1000) * RATE
        channels.append(
            TemplateChannel(
                station=name, location="", component="Z", sources=(str(s.nslc),), band=BAND_HZ, unit="counts", offset_samples=0,
                samples=got[0][at : at + n].copy(), noise=0.1, snr=50.0,
            )
        )  # fmt: skip
    made = Template(
        template_id="array", origin_ns=begin, longitude=0.0, latitude=40.0, depth_km=0.0, rate_hz=RATE, channels=tuple(channels)
    )  # fmt: skip
    (beam,) = measure.measure(made, begin, load).beams
    assert beam.same == same
    assert len(beam.stations) == len(NINE)
    if not same:
        assert abs(beam.east_s_km - slow) < 0.03
