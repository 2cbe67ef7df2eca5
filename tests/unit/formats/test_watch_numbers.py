"""Numbers of the watch's tables are published ones: half to even, and no minus before nothing."""

import pytest

from testban.formats import watch_tables


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.001, "0.00"), (-0.126, "-0.13"), (7.245, "7.24"), (None, None), (float("nan"), None)],
)
def test_numbers(value, text):
    assert watch_tables._fixed(value, 2) == text
