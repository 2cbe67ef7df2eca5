"""Amplitude and period as for mb. (Filled when responses can be evaluated.)"""

from collections.abc import Sequence

from testban.base.records import Channel
from testban.detect.sensor import Trace


def mb_amplitude(
    trace: Trace, onset_sample: float, channels: Sequence[Channel]
) -> tuple[float, float] | None:
    """(half peak-to-peak displacement in nm, period in s), 0.8-4.5 Hz; None without a valid response."""
    return None
