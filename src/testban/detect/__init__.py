"""From the samples of one station or array to picks, noise and up-time."""

from testban.detect.array import group_arrays, process_array
from testban.detect.condition import condition
from testban.detect.settings import Settings
from testban.detect.station import needed, process_station

__all__ = ["Settings", "condition", "group_arrays", "needed", "process_array", "process_station"]
