"""Tables of the watch: detections.csv, channels.csv, thresholds.csv, reach.csv, footprint.csv.

Rules: times to the millisecond, statistics to 0.01, correlations to 0.001; an empty cell is not measured; rows by time
and template.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from testban.base import quanta
from testban.base.times import format_time
from testban.formats import csvio
from testban.repeat.measure import Match, relative_yield

DETECTIONS = (
    "time", "template_id", "statistic", "threshold", "n_channels", "relative_magnitude", "relative_magnitude_sigma",
    "n_stations", "mean_correlation", "relative_yield_low", "relative_yield_high",
)  # fmt: skip
CHANNELS = (
    "time", "template_id", "station", "component", "band_hz", "sources", "correlation", "lag_s", "amplitude_ratio", "snr",
)  # fmt: skip
THRESHOLDS = (
    "template_id", "false_alarms_per_year", "threshold", "tail_scale", "tail_scale_sigma", "fitted_above", "excesses",
    "noise_hours", "extrapolation", "searched_hours", "detections_excluded", "detections", "note",
)  # fmt: skip

REACH = ("hour", "template_id", "relative_magnitude_90", "share_of_hour", "magnitude_90")
FOOTPRINT = ("template_id", "case", "amount", "loss", "loss_bad", "basis")


class DetectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One repeat that was found."""

    time_ns: int
    template_id: str
    statistic: float
    threshold: float
    relative_magnitude: float | None
    relative_magnitude_sigma: float | None
    matches: tuple[Match, ...]

    @property
    def relative_yield(self) -> tuple[float, float] | None:
        """See `repeat.measure.relative_yield`; None where the size is not measured."""
        if self.relative_magnitude is None or self.relative_magnitude_sigma is None:
            return None
        return relative_yield(self.relative_magnitude, self.relative_magnitude_sigma)


def _fixed(value: float | None, places: int) -> csvio.Fixed | None:
    return (
        None if value is None or not math.isfinite(value) else csvio.Fixed(quanta.decimal_text(value, places))
    )


def mean_correlation(matches: Sequence[Match]) -> float | None:
    """Mean over the channels; None without any."""
    return sum(m.correlation for m in matches) / len(matches) if matches else None


def _digits(values: tuple[float, float] | None, which: int) -> csvio.Fixed | None:
    return None if values is None else csvio.Fixed(f"{values[which]:.2g}")


def write_detections(path: Path, rows: Sequence[DetectionRow]) -> None:
    """detections.csv."""
    csvio.write_rows(
        path,
        DETECTIONS,
        [
            {
                "time": format_time(r.time_ns),
                "template_id": r.template_id,
                "statistic": _fixed(r.statistic, 2),
                "threshold": _fixed(r.threshold, 2),
                "n_channels": len(r.matches),
                "relative_magnitude": _fixed(r.relative_magnitude, 2),
                "relative_magnitude_sigma": _fixed(r.relative_magnitude_sigma, 2),
                "n_stations": len({m.station for m in r.matches}),
                "mean_correlation": _fixed(mean_correlation(r.matches), 3),
                "relative_yield_low": _digits(r.relative_yield, 0),
                "relative_yield_high": _digits(r.relative_yield, 1),
            }
            for r in rows
        ],
    )


def write_channels(path: Path, rows: Sequence[DetectionRow]) -> None:
    """channels.csv: one row a channel and detection."""
    csvio.write_rows(
        path,
        CHANNELS,
        [
            {
                "time": format_time(r.time_ns),
                "template_id": r.template_id,
                "station": m.station,
                "component": m.component,
                "band_hz": f"{m.band[0]:g}-{m.band[1]:g}",
                "sources": " ".join(m.sources),
                "correlation": _fixed(m.correlation, 3),
                "lag_s": _fixed(m.lag_s, 3),
                "amplitude_ratio": None
                if m.amplitude_ratio is None
                else csvio.Fixed(f"{m.amplitude_ratio:.4g}"),
                "snr": None if m.snr is None else csvio.Fixed(f"{m.snr:.4g}"),
            }
            for r in rows
            for m in r.matches
        ],
    )
