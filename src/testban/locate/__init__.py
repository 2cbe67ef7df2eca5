"""Hypocentre, origin time, depth and error ellipse of one event."""

from testban.locate.corrections import TimeCorrection, VectorBin, VectorCorrection, read_sasc
from testban.locate.depth import DepthPoint, depth_curve, depth_interval
from testban.locate.joint import NEIGHBOURS_KM, SITE_KM, locate_together, together
from testban.locate.locator import Solved, locate, solve
from testban.locate.paths import PathTimes
from testban.locate.phases import has_times
from testban.locate.result import Located, beside
from testban.locate.settings import Settings
from testban.locate.stacked import Heard, Stacked, stacked_depth
from testban.locate.table_times import LOOKED_UP, TableTimes

__all__ = [
    "LOOKED_UP",
    "NEIGHBOURS_KM",
    "SITE_KM",
    "DepthPoint",
    "Heard",
    "Located",
    "PathTimes",
    "Settings",
    "Solved",
    "Stacked",
    "TableTimes",
    "TimeCorrection",
    "VectorBin",
    "VectorCorrection",
    "beside",
    "depth_curve",
    "depth_interval",
    "has_times",
    "locate",
    "locate_together",
    "read_sasc",
    "solve",
    "stacked_depth",
    "together",
]
