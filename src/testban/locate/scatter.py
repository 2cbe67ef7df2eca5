"""A depth below the crust that is told by how little the data scatter there.

Rules: how large errors are nobody knows, neither of picks that state a round second nor of a model. Eight P that scatter by 1.5 s at the
surface and by 0.25 s at 110 km reject it, although each is within what is stated. So misfits are compared with the size of the errors
integrated out, for each kind of data its own (Student's t; Box & Tiao 1973, Bayesian Inference in Statistical Analysis, ch. 2): n log(1 + misfit),
in which one datum as good as stated is what is known beforehand. A network on one side cannot tell depth from distance without S.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from testban.base.dmath import log_
from testban.locate.kernel import REJECT, STUDENT, misfit_
from testban.locate.problem import Problem, Solution, again

GAIN = 6.63  # by which a depth below the crust must be better than any within: 99 % of one degree of freedom
WITHIN_KM = (10.0, 20.0, 35.0)
BELOW_KM = (55.0, 80.0, 120.0, 180.0, 260.0, 370.0, 500.0)
LEAST = 5  # data with a say; four fit any depth
LOST = (STUDENT + 1.0) * log_(1.0 + REJECT * REJECT / STUDENT)  # misfit of a datum without a say


class Level(NamedTuple):
    """A solution at one depth: misfit of its times and of its slownesses and back-azimuths, and times without a say."""

    found: Solution
    times: float
    vectors: float
    lost: int


def deeper(problem: Problem, base: Solution) -> Solution | None:
    """The best solution below the crust, where it is better than any within it at whatever size of the errors; else None.

    base: the solution at the surface. The arrays hold it afterwards, or the one that is returned.
    """
    n, k = len(problem.rows), int(np.isfinite(problem.data[:, 4:7:2]).sum())
    first = _level(problem, base)
    if n < LEAST or _score(first, n, k, 0) <= GAIN:
        return None
    tried: dict[float, Level] = {}

    def best(depths: Sequence[float]) -> float:
        """The depth of least score of these, after they have been tried."""
        tried.update({d: _tried(problem, base, d) for d in depths if d not in tried})
        return min(depths, key=lambda d: _score(tried[d], n, k, 0))

    def beats(deep: float, rivals: Sequence[float]) -> bool:
        """Whether a depth is better by GAIN than the surface and these, data left out that nothing tried so far explains."""
        tried.update({d: _tried(problem, base, d) for d in rivals})
        levels = [first, *(tried[d] for d in rivals)]
        lost = min(first.lost, *(v.lost for v in tried.values()))
        least = min(_score(v, n, k, lost) for v in levels)
        return n - lost >= LEAST and _score(tried[deep], n, k, lost) < least - GAIN

    at = BELOW_KM.index(best(BELOW_KM[1::2]))
    if _score(tried[BELOW_KM[at]], n, k, 0) < _score(first, n, k, 0) + GAIN:
        deep = best(BELOW_KM[at - 1 : at + 2])
        if beats(deep, ()) and beats(deep, WITHIN_KM):
            return again(problem, tried[deep].found)
    again(problem, base)
    return None


def _tried(problem: Problem, base: Solution, depth: float) -> Level:
    """The best at another depth; one without a datum where there is none."""
    start = base.x.copy()
    start[2] = depth
    found = problem.run(start, False, scale=4.0)
    n = len(problem.rows)
    return _level(problem, found) if found.ok else Level(found, LOST * n, 0.0, n)


def _level(problem: Problem, found: Solution) -> Level:
    """Of the solution that the arrays hold."""
    only = problem.data.copy()
    only[:, 4:7:2] = np.nan
    times = misfit_(only, problem.out, problem.column, problem.loss)
    return Level(found, times, max(0.0, found.cost - times), int((problem.out[:, 9] <= 0.0).sum()))


def _score(v: Level, n: int, k: int, lost: int) -> float:
    """Twice the negative logarithm of the likelihood with unknown sizes of errors, but for a constant; n times, k other data."""
    return (n - lost - 2.0) * log_(1.0 + max(0.0, v.times - LOST * lost)) + (k + 1.0) * log_(1.0 + v.vectors)
