"""The absolute grid of the watch: hours of UTC, each correlated by itself.

Rules: block k answers for the hour of origin time [3600 k, 3600 (k + 1)) s since 1970; at a station whose waveforms begin
d s after the origin it looks at one window of 4096 s that begins `LEAD_S` before 3600 k + d rounded down to `STEP_S`, whatever
the length of the files, the pieces or the template. So no value depends on how the data were cut, an hour rests on one window
a station, the templates of one site share it, and every Fourier transform has the same length at one sample rate
(docs/decisions/0004, 0031).
"""

from testban.base.spans import Span

BLOCK_S = 3600
WINDOW_S = 4096
LEAD_S = 48
MARGIN_S = 8.0  # what is not used beside a gap or the edge of a window: the length of the filter's memory
STEP_S = 32  # of the windows of stations at different distances
TEMPLATE_S = (
    WINDOW_S - BLOCK_S - LEAD_S - STEP_S - 2 * MARGIN_S
)  # the longest template window that a block can hold
BLOCK_NS = BLOCK_S * 10**9


def blocks_of(span: Span) -> range:
    """Numbers of the blocks that a span touches."""
    return range(span.start_ns // BLOCK_NS, -(-span.end_ns // BLOCK_NS))


def late_of(delay_s: int) -> int:
    """How late (s) the window of a station begins whose waveforms begin so long after the origin."""
    return delay_s // STEP_S * STEP_S


def window_of(block: int, late_s: int = 0) -> Span:
    """What a block looks at, of a station whose windows begin so late (`late_of`)."""
    start = block * BLOCK_NS + (late_s - LEAD_S) * 10**9
    return Span(start, start + WINDOW_S * 10**9)


def block_span(block: int) -> Span:
    """What a block answers for."""
    return Span(block * BLOCK_NS, (block + 1) * BLOCK_NS)


def work_rate(high_hz: float) -> int:
    """Samples per second that a band needs: five for a period of its upper corner, from a fixed list."""
    return next((r for r in (5, 10, 20, 40) if r >= 5.0 * high_hz), 40)
