"""Which arrivals belong to one event, near or far, with non-arrivals as evidence."""

from testban.associate.associator import Discarded, Explanation, Result, associate
from testban.associate.settings import Settings
from testban.associate.stream import Stream

__all__ = ["Discarded", "Explanation", "Result", "Settings", "Stream", "associate"]
