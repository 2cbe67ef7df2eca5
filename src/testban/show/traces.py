"""The record of a station as the report shows it."""

import msgspec
import numpy as np
from numpy.typing import NDArray


class ReportTrace(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Samples of one channel, already filtered (and decimated) for display.

    station_key: NET.STA or the array's name; nslc: NET.STA.LOC.CHA or a beam's name, as text. samples: shape (n,),
    any unit (each is drawn to its own scale). band: the filter in words, such as "1-4 Hz".
    """

    station_key: str
    nslc: str
    start_ns: int
    sample_rate_hz: float
    samples: NDArray[np.float64]
    band: str = ""

    @property
    def end_ns(self) -> int:
        """Time one sample interval after the last sample."""
        if self.sample_rate_hz <= 0:
            return self.start_ns
        return self.start_ns + round(len(self.samples) * 1e9 / self.sample_rate_hz)
