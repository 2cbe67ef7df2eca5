"""A much stronger arrival inside a running detection: the main shock after its foreshock, P after a disturbance.

Rules: a trigger names one onset, and while it lasts no other can start one; so within it the vertical is asked where
a second's mean power first exceeds everything since the onset by `GROWN` in some band. A rupture or a Pg that grows
by less stays part of the first arrival.
"""

import numpy as np
from numpy.typing import NDArray

from testban.detect.block import Block

F64 = NDArray[np.float64]

GROWN = 50.0  # power over all before: 17 dB; half a magnitude unit is 10 dB
WINDOW_S = 1.0


def grown(block: Block, onset: int, off: int, apart: int) -> int | None:
    """The first bin, `apart` bins or more after bin `onset`, where the vertical outgrows all since; None up to `off`.

    Level: the larger of the noise ahead of the onset and the loudest second since.
    """
    width, bands = round(WINDOW_S / block.bin_s), len(block.bands)
    power = block.power[onset : min(block.bins, off + width), :bands]
    if len(power) < apart + width:
        return None
    sums = np.vstack([np.zeros((1, bands)), np.cumsum(power, axis=0)])
    means = (sums[width:] - sums[:-width]) / width
    noise = np.array([block.noise(j, onset - round(2.0 / block.bin_s))[0] for j in range(bands)])
    loudest = np.maximum(np.fmax.accumulate(means, axis=0), noise)
    with np.errstate(invalid="ignore"):
        over = (means[width:] > GROWN * loudest[:-width]).any(axis=1)
    over[: max(0, apart - width)] = False
    found = np.flatnonzero(over)
    return onset + width + int(found[0]) if len(found) else None
