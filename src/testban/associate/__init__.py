"""Which arrivals belong to one event, near or far, with non-arrivals as evidence."""

from testban.associate.associator import Discarded, Explanation, Result, associate
from testban.associate.settings import Settings

__all__ = ["Discarded", "Explanation", "Result", "Settings", "associate"]
