"""Calibration that cannot be recorded beforehand: a pulse whose time and size come from the beacon.

Rules: the pulse is half a second of a half-sine added to the first channel at the challenge's sample, amplitude x UNIT counts; a
matched filter must find it within a quarter of a unit; the answer of a station that was recorded earlier has none.
"""

import numpy as np
import numpy.typing as npt

from testban.base import dmath
from testban.trust import checks
from testban.trust.beacon import Challenge
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.packet import Counts

UNIT = 1000
TOLERANCE = 0.25


def pulse(policy: Policy) -> npt.NDArray[np.float64]:
    """The agreed shape, one sample each 1/rate seconds."""
    length = max(policy.rate // 2, 2)
    phase = (np.arange(length) + 0.5) * (3.141592653589793 / length)
    return dmath.sin(phase)


def apply(samples: Counts, policy: Policy, challenge: Challenge) -> Counts:
    """The slot's samples with the pulse in their first channel."""
    shape = pulse(policy)
    out = samples.copy()
    end = min(challenge.sample + shape.size, out.shape[1])
    added = (
        np.rint(challenge.amplitude * UNIT * shape[: end - challenge.sample] / policy.quantum)
        * policy.quantum
    )
    out[0, challenge.sample : end] += added.astype(np.int32)
    return out


def measure(samples: Counts, policy: Policy, challenge: Challenge) -> float:
    """Amplitude of the pulse in units, by matched filter at the challenge's sample."""
    shape = pulse(policy)
    end = min(challenge.sample + shape.size, samples.shape[1])
    shape = shape[: end - challenge.sample]
    part = samples[0, challenge.sample : end].astype(np.float64)
    return float((part * shape).sum() / (shape * shape).sum()) / UNIT


def check(samples: Counts, policy: Policy, challenge: Challenge) -> float:
    """Refuse a slot without the pulse that the beacon asked for; returns what was measured."""
    found = measure(samples, policy, challenge)
    near = abs(found - challenge.amplitude) <= TOLERANCE * max(1, challenge.amplitude)
    checks.require(near, Reason.CALIBRATION, f"expected {challenge.amplitude} units, found {found:.2f}")
    return found
