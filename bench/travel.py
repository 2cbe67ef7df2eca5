"""Travel-time look-ups beside TauPyModel, and response evaluation beside evalresp, in the same run.

Usage: PYTHONPATH=src python bench/travel.py
"""

import json
import time
import warnings
from collections.abc import Callable

import numpy as np

from testban.base.records import Response, ResponseStage
from testban.earth import response, travel


def _best(job: Callable[[], object], repeats: int) -> float:
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return float(best)


def _lookups(phase: str, one_depth: bool, n_ours: int = 200_000, n_rival: int = 30) -> dict[str, object]:
    from obspy.taup import TauPyModel

    rng = np.random.default_rng(7)
    depth, delta = rng.uniform(0.0, 700.0, n_ours), rng.uniform(1.0, 95.0, n_ours)
    if one_depth:
        depth[:] = 10.0
    model = travel.load("ak135")
    model.predict(phase, depth[:10], delta[:10])
    ours = n_ours / _best(lambda: model.predict(phase, depth, delta), 5)
    rival = TauPyModel("ak135")
    names = {"P": ["P", "p"], "S": ["S", "s"]}.get(phase, [phase])
    rival.get_travel_times(10.0, 50.0, names)
    job = [(float(h), float(d)) for h, d in zip(depth[:n_rival], delta[:n_rival], strict=True)]
    # once: a second pass would find the depths in the rival's cache
    theirs = n_rival / _best(lambda: [rival.get_travel_times(h, d, names) for h, d in job], 1)
    where = "depth 10 km, cached by the rival" if one_depth else "a new depth each, 0-700 km"
    return {
        "name": f"travel times {phase}, {'one depth' if one_depth else 'any depth'}",
        "ours": ours, "rival": theirs, "ratio": ours / theirs, "unit": "look-ups/s",
        "note": f"one core, distance 1-95 deg, {where}; rival ObsPy TauPyModel, {n_rival} points",
    }  # fmt: skip


def _load() -> dict[str, object]:
    from obspy.taup import TauPyModel

    travel.load.cache_clear()
    ours = _best(lambda: (travel.load.cache_clear(), travel.load("ak135")), 3)
    theirs = _best(lambda: TauPyModel("ak135"), 2)
    return {
        "name": "load ak135", "ours": ours, "rival": theirs, "ratio": theirs / ours, "unit": "s",
        "note": "from the package resource into arrays; rival ObsPy TauPyModel",
    }  # fmt: skip


def _response(n: int = 8193) -> dict[str, object]:
    from obspy.core.inventory.response import (
        FIRResponseStage,
        InstrumentSensitivity,
        PolesZerosResponseStage,
    )
    from obspy.core.inventory.response import Response as ObsPyResponse

    poles = [complex(-0.037, 0.037), complex(-0.037, -0.037), complex(-251.3, 0.0), complex(-131.0, 467.3),
             complex(-131.0, -467.3)]  # fmt: skip
    zeros = [0j, 0j]
    taps = np.hanning(103)[1:-1]
    taps = taps / taps.sum()
    s = 2j * np.pi
    norm = 1.0 / abs(np.prod([s - z for z in zeros]) / np.prod([s - p for p in poles]))
    ours = Response(
        input_unit="m/s",
        stages=(
            ResponseStage(
                kind="paz", zeros=tuple((z.real, z.imag) for z in zeros), normalization=norm, gain=1500.0,
                poles=tuple((p.real, p.imag) for p in poles), gain_frequency_hz=1.0,
            ),
            ResponseStage(
                kind="fir", numerator=tuple(float(t) for t in taps), gain=4e5, gain_frequency_hz=1.0,
                sample_rate_hz=200.0,
            ),
        ),
        sensitivity=6e8,
        sensitivity_frequency_hz=1.0,
    )  # fmt: skip
    rival = ObsPyResponse(
        instrument_sensitivity=InstrumentSensitivity(6e8, 1.0, "M/S", "COUNTS"),
        response_stages=[
            PolesZerosResponseStage(1, 1500.0, 1.0, "M/S", "V", "LAPLACE (RADIANS/SECOND)", 1.0, zeros, poles, norm),
            FIRResponseStage(
                2, 4e5, 1.0, "V", "COUNTS", coefficients=list(taps), decimation_input_sample_rate=200.0,
                decimation_factor=2, decimation_offset=0, decimation_delay=0.25, decimation_correction=0.25,
            ),
        ],
    )  # fmt: skip
    f = np.linspace(0.01, 40.0, n)
    a, b = response.evaluate(ours, f, "m/s"), rival.get_evalresp_response_for_frequencies(f, output="VEL")
    t_ours = _best(lambda: response.evaluate(ours, f, "m/s"), 5)
    t_rival = _best(lambda: rival.get_evalresp_response_for_frequencies(f, output="VEL"), 5)
    worst = float(np.max(np.abs(a - b) / np.abs(b)))
    return {
        "name": "response", "ours": n / t_ours, "rival": n / t_rival, "ratio": t_rival / t_ours,
        "unit": "frequencies/s",
        "note": f"5 poles and a FIR of 101 coefficients; rival evalresp through ObsPy; largest difference {worst:.1e}",
    }  # fmt: skip


def main() -> list[dict[str, object]]:
    """Rows of name, ours, rival, ratio, unit, note."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            _lookups("P", False), _lookups("S", False), _lookups("P", True), _load(), _response(),
        ]  # fmt: skip


if __name__ == "__main__":
    for row in main():
        print(json.dumps(row))
