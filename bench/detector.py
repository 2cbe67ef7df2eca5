"""Filters, detector and triggers of one station-day, beside ObsPy's band-pass, recursive STA/LTA and trigger_onset."""

import time

import numpy as np
from obspy.signal.filter import bandpass
from obspy.signal.trigger import recursive_sta_lta, trigger_onset

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.base.spans import Span
from testban.detect import Settings
from testban.detect.block import Block
from testban.detect.sensor import Sensor, trace
from testban.detect.settings import usable_bands, window_s
from testban.detect.station import needed

RATE = 40.0
NS = 10**9
START = 17_000 * 86400 * NS


def _ours(segment: Segment, settings: Settings) -> int:
    found = 0
    for hour in range(24):
        own = Span(START + hour * 3600 * NS, START + (hour + 1) * 3600 * NS)
        t = trace([segment], needed(own, settings))
        found += len(Block(Sensor(vertical=t, horizontals=()), needed(own, settings), settings).triggers())
    return found


def _rival(x: np.ndarray, settings: Settings) -> int:
    found = 0
    for band in usable_bands(settings, RATE):
        y = bandpass(x, band[0], band[1], RATE, corners=settings.filter_order)
        ratio = recursive_sta_lta(y, int(window_s(band) * RATE), int(settings.noise_s * RATE))
        found += len(trigger_onset(ratio, 5.0, 2.0))
    return found


def main() -> list[dict]:
    """One row: station-days a second, ours and the rival's; lead and tail of our blocks included."""
    settings = Settings()
    x = np.round(np.random.default_rng(1).normal(size=int(86400 * RATE)) * 100).astype(np.int32)
    segment = Segment(nslc=Nslc("XX", "AAA", "00", "BHZ"), start_ns=START, sample_rate_hz=RATE, samples=x)
    _ours(segment, settings)
    times = [float("inf"), float("inf")]
    y = x.astype(np.float64)
    for _ in range(7):  # by turns and by processor time: what else the machine does meets both
        for i, (run, data) in enumerate(((_ours, segment), (_rival, y))):
            begun = time.process_time()
            run(data, settings)
            times[i] = min(times[i], time.process_time() - begun)
    return [
        {
            "name": "detector",
            "ours": 1.0 / times[0],
            "rival": 1.0 / times[1],
            "ratio": times[1] / times[0],
            "unit": "station-days/s",
            "note": f"vertical, {RATE:g} Hz, {len(usable_bands(settings, RATE))} bands; rival ObsPy",
        }
    ]


if __name__ == "__main__":
    print(main())
