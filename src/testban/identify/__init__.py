"""What it was: discriminants, each one small module, and their combination into a verdict with reasons.

The public functions are `measure_path` (one station's record of one event) and `assess` (all evidence of one
event). Discriminants register in `registry.DISCRIMINANTS`; importing this package registers those that we have.
"""

# The order in which they register is the order in the bulletin.
from testban.identify import depth, polarity, regional, surface  # noqa: F401, I001
from testban.identify import shape, repeated, tensor, sea, outside_score  # noqa: F401
from testban.identify.combine import assess, combine, judge, probability
from testban.identify.path import measure_path
from testban.identify.registry import DISCRIMINANTS, Inquiry, Settings, register

__all__ = [
    "DISCRIMINANTS",
    "Inquiry",
    "Settings",
    "assess",
    "combine",
    "judge",
    "measure_path",
    "probability",
    "register",
]
