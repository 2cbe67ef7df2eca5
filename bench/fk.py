"""f-k beside ObsPy's `array_processing`: 25 elements, 118 windows, 51x51 grid, the same bins and taper, one run each."""

import time
import warnings

import numpy as np

from testban.base.geo import KM_PER_DEG
from testban.signal import fk

N, WINDOWS, GRID, RATE, WINDOW_S, STEP_S = 25, 118, 51, 40.0, 3.0, 1.5
LOW, HIGH = 1.0, 4.0
SMAX = 0.5 * KM_PER_DEG  # 0.5 s/km


def _traces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A 25-element array of 3 km and a signal of 0.1 s/km from 70 degrees in noise."""
    rng = np.random.default_rng(25)
    radius = np.array([0.0] + [0.15] * 3 + [0.33] * 5 + [0.7] * 7 + [1.5] * 9)
    angle = np.concatenate([2 * np.pi * np.arange(k) / k + 0.3 * k for k in (1, 3, 5, 7, 9)])
    x, y = radius * np.sin(angle), radius * np.cos(angle)
    n = int((WINDOW_S + (WINDOWS - 1) * STEP_S) * RATE) + 1
    f = np.fft.rfftfreq(n, 1 / RATE)
    source = np.fft.rfft(rng.standard_normal(n))
    t = -0.1 * (np.sin(np.radians(70)) * x + np.cos(np.radians(70)) * y)
    wave = np.fft.irfft(source * np.exp(-2j * np.pi * f * t[:, None]), n, axis=1)
    return wave + 0.5 * rng.standard_normal((N, n)), x, y


def _rival(data: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    from obspy import Stream, Trace, UTCDateTime
    from obspy.core.util import AttribDict
    from obspy.signal.array_analysis import array_processing

    stream = Stream()
    for i in range(N):
        trace = Trace(
            data[i].copy(), {"sampling_rate": RATE, "starttime": UTCDateTime(0), "station": f"E{i}"}
        )
        trace.stats.coordinates = AttribDict(x=x[i], y=y[i], elevation=0.0)
        stream.append(trace)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = array_processing(
            stream, WINDOW_S, STEP_S / WINDOW_S, -0.5, 0.5, -0.5, 0.5, 1.0 / (GRID - 1), -1e9, -1e9, LOW, HIGH,
            UTCDateTime(0), UTCDateTime(0) + (data.shape[1] - 1) / RATE, 0, coordsys="xy", timestamp="julsec",
        )  # fmt: skip
    return time.perf_counter() - began, out


def main() -> list[dict[str, object]]:
    """Seconds for the whole scan; ours is the median of five after one warm-up, with refinement and without."""
    data, x, y = _traces()
    rival_s, theirs = _rival(data, x, y)
    rows: list[dict[str, object]] = []
    for refine in (False, True):
        took = []
        for _ in range(6):
            began = time.perf_counter()
            ours = fk.scan(
                data, x, y, RATE, LOW, HIGH, SMAX, GRID, window_s=WINDOW_S, step_s=STEP_S, refine=refine
            )
            took.append(time.perf_counter() - began)
        m = min(len(theirs), len(ours.start_s))
        a = np.radians(theirs[:m, 3])
        miss = np.maximum(
            np.abs(theirs[:m, 4] * np.sin(a) - ours.east_s_per_deg[:m] / KM_PER_DEG),
            np.abs(theirs[:m, 4] * np.cos(a) - ours.north_s_per_deg[:m] / KM_PER_DEG),
        ) * (GRID - 1)
        mine = float(np.median(took[1:]))
        rows.append(
            {
                "name": "fk " + ("grid and refinement" if refine else "grid"),
                "ours": mine,
                "rival": rival_s,
                "ratio": rival_s / mine,
                "unit": "s",
                "note": f"{m} windows, {N} elements, {GRID}x{GRID}; peak within {miss.max():.2f} grid cell of ObsPy's; "
                f"ours {min(took[1:]):.3f}-{max(took[1:]):.3f} s",
            }
        )
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)
