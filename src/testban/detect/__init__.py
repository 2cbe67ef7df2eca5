"""From the samples of one station or array to picks, noise and up-time."""

from testban.detect.array import process_array
from testban.detect.behind import Behind, behind
from testban.detect.behind import needed as needed_behind
from testban.detect.condition import condition
from testban.detect.grouping import group_arrays
from testban.detect.grouping import site as array_site
from testban.detect.settings import WEAK_POWER, Settings
from testban.detect.station import needed, process_station

__all__ = [
    "WEAK_POWER",
    "Behind",
    "Settings",
    "array_site",
    "behind",
    "condition",
    "group_arrays",
    "needed",
    "needed_behind",
    "process_array",
    "process_station",
]
