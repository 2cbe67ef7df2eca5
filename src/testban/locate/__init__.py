"""Where and when: hypocentre, origin time, depth and their errors from the picks of one event."""

from testban.locate.errors import model_sigma_ as model_sigma
from testban.locate.locator import Located, Settings, locate, named, wave_type

__all__ = ["Located", "Settings", "locate", "model_sigma", "named", "wave_type"]
