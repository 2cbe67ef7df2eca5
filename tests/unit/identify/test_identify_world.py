"""A small simulated world, rendered and measured: verdicts against the truth, and how they degrade."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from testban import identify
from testban.base.records import Verdict

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("figures_world", BENCH / "figures_world.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(BENCH))


def test_verdicts_follow_the_truth_and_degrade_to_undetermined(bench: ModuleType) -> None:
    tune, report = bench.measured(21, 24, 2), bench.measured(22, 40, 2)
    model = bench.model_of(tune)
    rows = bench.judged(report, identify.Settings(ps=model))
    assert not any(x and a.verdict is Verdict.EARTHQUAKE for x, a in rows)
    assert not any(not x and a.verdict is Verdict.EXPLOSION for x, a in rows)
    assert sum(a.verdict is not Verdict.UNDETERMINED for _, a in rows) >= 0.8 * len(rows)
    one = bench.judged([(k, e, p[:1]) for k, e, p in report], identify.Settings(ps=model))
    assert all(a.verdict is Verdict.UNDETERMINED for _, a in one)
    shifted = bench.judged(report, identify.Settings(ps=bench.wrong(model)))
    assert sum(x and a.verdict is Verdict.EARTHQUAKE for x, a in shifted) <= 1
    assert sum(a.verdict is Verdict.UNDETERMINED for _, a in shifted) > sum(
        a.verdict is Verdict.UNDETERMINED for _, a in rows
    )
