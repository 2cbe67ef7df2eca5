"""How coherent an array is through time: semblance in sliding windows, the best over a set of beams.

Rules: S = |sum of the elements|^2 over N times the sum of their powers, in the same window of the shifted traces
(Blandford 1974, Geophysics 39, 633-643: F = (N - 1) S / (1 - S)), shifted by whole samples; one fixed order of
summation, so the bits do not depend on the machine.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def best_semblance(x: Floats, shifts: Ints, width: int, window: int, out: Floats) -> None:
    """The greatest semblance over beams of every window that begins with a bin; nought where a trace has no power.

    x: (n, samples), band-passed; shifts: (beams, n) samples by which a trace is read later. width: samples a bin;
    window: bins a window; out: (bins,), window k covers samples k width .. (k + window) width. Samples beyond an end
    of a trace count as zero.
    """
    n, samples = x.shape
    bins = out.size
    power, parts = np.zeros(bins), np.zeros(bins)
    out[:] = 0.0
    total = np.empty(width)
    for b in range(shifts.shape[0]):
        for k in range(bins):
            total[:] = 0.0
            own = 0.0
            for i in range(n):
                at = k * width + shifts[b, i]
                lo, hi = max(0, -at), min(width, samples - at)
                for t in range(lo, hi):
                    v = x[i, at + t]
                    total[t] += v
                    own += v * v
            whole = 0.0
            for t in range(width):
                whole += total[t] * total[t]
            power[k], parts[k] = whole, own
        for k in range(bins - window + 1):
            whole, own = 0.0, 0.0
            for j in range(k, k + window):
                whole += power[j]
                own += parts[j]
            if own > 0.0:
                out[k] = max(out[k], whole / (n * own))
