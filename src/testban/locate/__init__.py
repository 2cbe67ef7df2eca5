"""Hypocentre, origin time, depth and error ellipse of one event."""

from testban.locate.corrections import TimeCorrection, VectorBin, VectorCorrection, read_sasc
from testban.locate.depth import DepthPoint, depth_curve, depth_interval
from testban.locate.joint import locate_together
from testban.locate.locator import locate
from testban.locate.paths import PathTimes
from testban.locate.result import Located
from testban.locate.settings import Settings

__all__ = [
    "DepthPoint",
    "Located",
    "PathTimes",
    "Settings",
    "TimeCorrection",
    "VectorBin",
    "VectorCorrection",
    "depth_curve",
    "depth_interval",
    "locate",
    "locate_together",
    "read_sasc",
]
