"""Where and when: hypocentre, origin time, depth and their errors from the picks of one event."""

from testban.locate.locator import Located, Settings, locate, named

__all__ = ["Located", "Settings", "locate", "named"]
