"""Hypocentre, origin time, depth and error ellipse of one event."""

from testban.locate.locator import Located, locate
from testban.locate.settings import Settings

__all__ = ["Located", "Settings", "locate"]
