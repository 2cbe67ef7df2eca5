"""The twin test: a station's counts beside those of the host's own sensor at the same place, channel by channel.

Rules: where ground motion is common, the difference has the variance of the two sensors' own noise and of the rounding, no more; what a
hostile digitiser adds shows as variance (chi-square, 6 sigma: `covert.SIGMAS`). The host's sensor gives whole counts on the slots' grid.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from testban.station import covert
from testban.trust.packet import Counts


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One channel over a time. z: of the variance of the difference; samples: how many were compared."""

    channel: str
    samples: int
    z: float

    @property
    def differs(self) -> bool:
        """True where noise does not explain the difference."""
        return self.z >= covert.SIGMAS


def compare(
    channels: tuple[str, ...], pairs: Iterable[tuple[Counts, Counts]], self_rms: float, quantum: int
) -> list[Compared]:
    """Station's and twin's counts, (channels, samples) each, of any number of slots. self_rms: counts, of one sensor."""
    squares, samples = np.zeros(len(channels)), 0
    for own, twin in pairs:
        difference = own.astype(np.float64) - twin
        squares += (difference * difference).sum(axis=1)
        samples += own.shape[1]
    if not samples:
        return []
    return [
        Compared(
            channel=c, samples=samples, z=covert.variance_z(float(s) / samples, samples, self_rms, quantum)
        )
        for c, s in zip(channels, squares, strict=True)
    ]
