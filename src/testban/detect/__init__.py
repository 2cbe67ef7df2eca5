"""From the samples of one station to picks, noise and up-time."""

from testban.detect.condition import condition
from testban.detect.settings import Settings
from testban.detect.station import needed, process_station

__all__ = ["Settings", "condition", "needed", "process_station"]
