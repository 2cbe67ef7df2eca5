"""Responses against evalresp, against closed forms, and bad metadata."""

import os
import warnings
from pathlib import Path

import msgspec
import numpy as np
import pytest

from testban.base.errors import InventoryError
from testban.base.records import Response, ResponseStage
from testban.earth import response

DATA = os.environ.get("TESTBAN_DATA")


def paz(**kw):
    return ResponseStage(kind="paz", **kw)


def test_pendulum_has_its_closed_form():
    w0, h = 2 * np.pi, 0.7
    root = np.sqrt(1 - h * h)
    poles = ((-h * w0, w0 * root), (-h * w0, -w0 * root))
    r = Response(input_unit="m/s", stages=(paz(zeros=((0.0, 0.0), (0.0, 0.0)), poles=poles, gain=100.0),))
    f = np.array([0.1, 1.0, 10.0])
    s = 2j * np.pi * f
    expected = 100.0 * s * s / (s * s + 2 * h * w0 * s + w0 * w0)
    assert np.allclose(response.evaluate(r, f, "m/s"), expected, rtol=1e-13)
    assert np.allclose(response.evaluate(r, f, "m"), expected * s, rtol=1e-13)
    assert np.allclose(response.evaluate(r, f, "m/s**2"), expected / s, rtol=1e-13)
    assert response.displacement_gain(r, 1.0) == pytest.approx(abs(expected[1] * s[1]))


def test_digital_stages_have_their_closed_forms():
    f, dt = np.array([0.0, 1.0, 3.0, 9.0]), 0.05
    z = np.exp(2j * np.pi * f * dt)
    c = (0.5, 0.3, 0.2)
    fir = ResponseStage(kind="fir", numerator=c, sample_rate_hz=20.0, correction_s=0.05)
    expected = (0.5 + 0.3 / z + 0.2 / z**2) * np.exp(2j * np.pi * f * 0.05)
    assert np.allclose(response.evaluate(Response(input_unit="m", stages=(fir,)), f), expected)
    even = ResponseStage(kind="fir", numerator=(0.25, 0.5, 0.25), sample_rate_hz=20.0, delay_s=0.05)
    assert np.allclose(
        response.evaluate(Response(input_unit="m", stages=(even,)), f), 0.5 + 0.5 * np.cos(2 * np.pi * f * dt)
    )
    iir = ResponseStage(kind="iir", numerator=(0.5,), denominator=(1.0, -0.5), sample_rate_hz=20.0)
    assert np.allclose(response.evaluate(Response(input_unit="m", stages=(iir,)), f), 0.5 / (1 - 0.5 / z))
    dpaz = paz(zeros=((0.0, 0.0),), poles=((0.5, 0.0),), sample_rate_hz=20.0, normalization=0.5)
    assert np.allclose(response.evaluate(Response(input_unit="m", stages=(dpaz,)), f), 0.5 * z / (z - 0.5))


def test_list_is_interpolated_and_not_extrapolated():
    table = ((1.0, 10.0, 170.0), (10.0, 1.0, -170.0))
    r = Response(input_unit="m", stages=(ResponseStage(kind="list", table=table, gain=2.0),))
    h = response.evaluate(r, [0.5, 1.0, 10.0**0.5, 10.0, 11.0])
    assert np.isnan(h[0])
    assert np.isnan(h[4])
    assert np.allclose(np.abs(h[1:4]), [20.0, 20.0 / 10**0.5, 2.0])
    assert np.allclose(np.degrees(np.angle(h[[1, 3]])), [170.0, -170.0])


def test_gain_holds_at_the_gain_frequency():
    stage = paz(poles=((-5.0, 0.0),), gain=7.0, gain_frequency_hz=2.0, normalization=1.0)
    r = Response(input_unit="m", stages=(stage,), sensitivity=7.0, sensitivity_frequency_hz=1.0)
    assert abs(response.evaluate(r, [2.0])[0]) == pytest.approx(7.0)
    ratio = response.sensitivity_ratio(r)
    assert ratio is not None
    assert ratio == pytest.approx(abs(2j * np.pi * 2 + 5) / abs(2j * np.pi + 5))


def test_bad_metadata_are_named_errors():
    with pytest.raises(InventoryError, match="neither"):
        response.evaluate(Response(input_unit="m", stages=()), [1.0])
    with pytest.raises(InventoryError, match="sample rate"):
        response.evaluate(
            Response(input_unit="m", stages=(ResponseStage(kind="fir", numerator=(1.0, 2.0)),)), [1.0]
        )
    with pytest.raises(InventoryError, match="polynomial"):
        response.evaluate(Response(input_unit="m", stages=(ResponseStage(kind="polynomial"),)), [1.0])
    with pytest.raises(InventoryError, match="Pa"):
        response.evaluate(Response(input_unit="Pa", stages=(ResponseStage(kind="gain"),)), [1.0])
    flat = Response(input_unit="m/s", stages=(), sensitivity=3.0)
    assert response.evaluate(flat, [1.0], "m/s")[0] == 3.0


def _from_obspy(resp) -> Response:
    """Independent of the program's own StationXML reader."""
    from obspy.core.inventory import response as oi

    stages = []
    for s in resp.response_stages:
        common = {
            "gain": float(s.stage_gain or 1.0),
            "gain_frequency_hz": float(s.stage_gain_frequency or 0.0),
        }
        digital = {
            "sample_rate_hz": float(s.decimation_input_sample_rate)
            if s.decimation_input_sample_rate
            else None,
            "correction_s": float(s.decimation_correction or 0.0),
        }
        if isinstance(s, oi.PolesZerosResponseStage):
            turn = 2 * np.pi if "HERTZ" in s.pz_transfer_function_type else 1.0
            norm = float(s.normalization_factor) * turn ** (len(s.poles) - len(s.zeros))
            stages.append(
                paz(
                    zeros=tuple((z.real * turn, z.imag * turn) for z in s.zeros),
                    poles=tuple((z.real * turn, z.imag * turn) for z in s.poles),
                    normalization=norm,
                    **common,
                )
            )
        elif isinstance(s, oi.FIRResponseStage):
            half = [float(c) for c in s.coefficients]
            if s.symmetry == "ODD" and abs(half[0]) > abs(half[-1]):  # listed from the centre outwards
                half = half[::-1]
            full = {"NONE": half, "EVEN": half + half[::-1], "ODD": half + half[-2::-1]}[s.symmetry]
            stages.append(ResponseStage(kind="fir", numerator=tuple(full), **digital, **common))
        elif isinstance(s, oi.CoefficientsTypeResponseStage) and len(s.numerator):
            kind = "iir" if len(s.denominator) else "fir"
            stages.append(
                ResponseStage(
                    kind=kind,
                    numerator=tuple(float(c) for c in s.numerator),
                    denominator=tuple(float(c) for c in s.denominator),
                    **digital,
                    **common,
                )
            )
        else:
            stages.append(ResponseStage(kind="gain", **common))
    total = resp.instrument_sensitivity
    return Response(
        input_unit={"M": "m", "M/S": "m/s", "M/S**2": "m/s**2"}[total.input_units.upper()],
        stages=tuple(stages),
        sensitivity=float(total.value),
        sensitivity_frequency_hz=float(total.frequency),
    )


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="TESTBAN_DATA is not set")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    ["nnsn_nuclear/stations.xml", "station_metadata/IU_ULN.xml", "eq_germany_grsn/stations.xml",
     "array_yka_2012-08-14/stations.xml", "eq_2019-07-16_california_bk/stations.xml"],
)  # fmt: skip
def test_real_responses_equal_evalresp(name):
    obspy = pytest.importorskip("obspy")
    path = Path(str(DATA)) / "waveforms" / name
    if not path.exists():
        pytest.skip(f"{name} is absent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inventory = obspy.read_inventory(str(path))
    channels = [
        c for net in inventory for sta in net for c in sta if c.response and c.response.response_stages
    ]
    motion = ("M", "M/S", "M/S**2")
    channels = [c for c in channels if c.response.instrument_sensitivity.input_units.upper() in motion]
    compared = reversed_lists = 0
    for c in channels[:: max(1, len(channels) // 25)]:
        nyquist = (c.sample_rate or 40.0) / 2
        f = np.exp(np.linspace(np.log(nyquist / 2000), np.log(nyquist * 0.9), 25))
        ours = _from_obspy(c.response)
        ratio = response.sensitivity_ratio(ours)
        halves = [
            s.coefficients for s in c.response.response_stages if getattr(s, "symmetry", "NONE") == "ODD"
        ]
        if any(abs(h[0]) > abs(h[-1]) for h in halves):
            reversed_lists += 1  # evalresp reads these from the wrong end
            assert response.contradiction(ours, c.sample_rate) is None
            continue
        theirs = c.response.get_evalresp_response_for_frequencies(f, output="DISP")
        assert np.abs(response.evaluate(ours, f, "m") / theirs - 1.0).max() < 1e-6, c.code
        assert ratio is not None
        compared += 1
    assert compared >= 5
    assert (reversed_lists > 0) == ("california" in name)


def test_a_response_that_contradicts_itself_is_told():
    low_pass = tuple(np.hanning(33)[1:-1] / np.hanning(33)[1:-1].sum() * 1.0)
    fir = ResponseStage(kind="fir", numerator=low_pass, sample_rate_hz=1000.0, gain=1.0)
    good = Response(
        input_unit="m/s",
        stages=(ResponseStage(kind="gain", gain=2e9), fir),
        sensitivity=2e9,
        sensitivity_frequency_hz=1.0,
    )
    assert response.contradiction(good, 40.0) is None
    slow = msgspec.structs.replace(fir, sample_rate_hz=40.0)
    silent = msgspec.structs.replace(good, stages=(good.stages[0], slow), sensitivity=None)
    assert "FIR stages pass" in str(response.contradiction(silent, 40.0))
    told = response.contradiction(msgspec.structs.replace(good, sensitivity=2e6), 40.0)
    assert told == "its stages give 999 times its stated sensitivity at 1 Hz"
