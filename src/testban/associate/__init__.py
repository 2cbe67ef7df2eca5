"""Which arrivals belong to one event, near or far, with the silence of others as evidence."""

from testban.associate.associator import Discarded, Result, associate
from testban.associate.settings import Settings

__all__ = ["Discarded", "Result", "Settings", "associate"]
