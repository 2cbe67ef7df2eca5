"""What a shot beside its master would look like: the formula beside its slow twin, and how it is said."""

import math

import msgspec
import numpy as np
import pytest

from testban.repeat import Template, TemplateChannel, footprint
from testban.repeat.template import RATE
from testban.show import footprint as said

PLACES = {"XX.AAA": (2.0, 1.0), "XX.BBB": (-2.0, 3.0)}


def template(stations=("XX.AAA",), bands=((0.7, 2.0),), noise=1.0, seconds=100) -> Template:
    rng = np.random.default_rng(3)
    n = seconds * RATE
    channels = []
    for station in stations:
        for band in bands:
            f = np.fft.rfftfreq(n, 1.0 / RATE)
            inside = (f > band[0]) & (f < band[1])
            x = np.fft.irfft(np.where(inside, np.fft.rfft(rng.standard_normal(n)), 0.0), n)
            channels.append(
                TemplateChannel(
                    station=station, location="", component="Z", sources=(f"{station}..BHZ",), band=band, unit="counts",
                    offset_samples=30 * RATE, samples=10.0 * x / np.sqrt(np.mean(x * x)), noise=noise, snr=100.0,
                )
            )  # fmt: skip
    return Template(
        template_id="t", origin_ns=0, longitude=0.0, latitude=1.0, depth_km=0.0, rate_hz=RATE, channels=tuple(channels)
    )  # fmt: skip


def test_mean_statistic_of_a_half_coherent_copy_is_that_of_the_formula():
    """SIMULATED: z of a(k t + sqrt(1 - k^2) u) in noise, beside what `_power` says reaches it."""
    rng = np.random.default_rng(1)
    nu, n = 400, 400
    for k, amplitude in ((1.0, 0.5), (0.7, 0.8), (0.5, 1.5)):
        z = []
        for _ in range(600):
            t, u, x = rng.standard_normal((3, n))
            y = amplitude * (k * t + math.sqrt(1.0 - k * k) * u) + x
            r = float(np.sum(t * y) / math.sqrt(np.sum(t * t) * np.sum(y * y)))
            z.append(math.copysign(math.sqrt(-nu * math.log(1.0 - r * r)), r))
        rows = [(np.full(1, k * nu), float(nu), float(nu))]
        assert math.sqrt(footprint._power(rows, float(np.mean(z)))) == pytest.approx(amplitude, rel=0.08)
    assert footprint._power([(np.full(1, 0.2 * nu), float(nu), float(nu))], 8.0) == math.inf


def test_losses_grow_with_distance_and_never_fall_below_the_coherence():
    one = template()
    rows = [x for x in footprint.footprint(one, PLACES) if x.case == "distance"]
    losses = [x.middle for x in rows]
    assert losses == sorted(losses)
    for x in rows:
        assert (
            x.bad >= x.middle >= min(footprint.MOST, -math.log10(footprint.coherence(x.amount, (0.7, 2.0))))
        )
        assert x.basis == ("fitted" if x.amount <= footprint.FITTED_KM else "extrapolated")
    high = footprint.footprint(template(bands=((2.0, 4.0),)), PLACES)
    assert next(x for x in high if x.amount == 2.0).middle > next(x for x in rows if x.amount == 2.0).middle


def test_what_no_station_can_say_is_left_out():
    assert footprint.footprint(template(), {}) == ()
    assert footprint.footprint(template(noise=0.0), PLACES) == ()
    assert "not known" in said.sentences(())[0].en


def test_a_network_that_the_offset_pulls_apart_falls_back_on_its_best_station():
    both = template(stations=("XX.AAA", "XX.BBB"))
    loud = tuple(
        msgspec.structs.replace(c, noise=30.0) if c.station == "XX.BBB" else c for c in both.channels
    )
    uneven = msgspec.structs.replace(both, channels=loud)
    alone = footprint.footprint(template(), PLACES)
    for a, b in zip(footprint.footprint(uneven, PLACES), alone, strict=True):
        assert a.middle <= b.middle + 0.1


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_words_name_distance_cavity_and_what_they_rest_on(language):
    losses = footprint.footprint(template(), PLACES)
    lines = [b.of(language) for b in said.sentences(losses, -2.5, 5.1)]
    assert len(lines) == 3
    assert "70" in lines[1]
    assert "1.85" in lines[1] or "1,85" in lines[1]
    assert ("model" if language == "en" else "модель") in lines[0]
    assert ("2.6" if language == "en" else "2,6") in lines[2]
    near = said.sentences(losses, -1.0)[-1].of(language)
    assert ("NOT" if language == "en" else "НЕ") in near
    assert len(said.rows(losses)) == len(losses)
