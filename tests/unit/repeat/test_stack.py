"""The network beside its best station: a second trial only where it is worth one."""

import numpy as np
import pytest

from testban.repeat import stack
from testban.repeat.correlate import OUT, StationBlock


def block(z: np.ndarray, gain: float) -> StationBlock:
    return StationBlock(
        z=z.astype(np.float32),
        gain=np.full(OUT, gain, dtype=np.float32),
        middle=0.0,
        spread=1.0,
        freedom=100.0,
    )


@pytest.mark.parametrize(("share", "alone"), [(0.02, True), (0.5, False)])
def test_a_sum_that_promises_nothing_does_not_cost_a_trial(share, alone):
    """Where the others add less than 5 % of gain the statistic is that of the best station, else the larger of both."""
    rng = np.random.default_rng(4)
    best, other = rng.standard_normal(OUT), rng.standard_normal(OUT)
    made = stack.network([block(best, 1.0), block(other, share)])
    same = made.statistic == best.astype(np.float32)
    assert np.all(made.statistic >= best.astype(np.float32))
    assert bool(np.all(same)) == alone


def test_where_the_best_station_is_down_the_other_speaks():
    z = np.random.default_rng(5).standard_normal(OUT)
    dead = block(np.full(OUT, np.nan), 0.0)
    made = stack.network([dead, block(z, 0.02)])
    np.testing.assert_allclose(made.statistic, z.astype(np.float32), rtol=1e-6)
