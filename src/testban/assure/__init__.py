"""The assurance itself, as numbers. So far: what a series of tests risks (`series`)."""

from testban.assure.series import (
    Cause,
    false_alarms_per_year,
    posterior,
    posterior_curve,
    quakes_per_year,
    seen,
    series_length,
    unseen,
    unseen_of,
    with_template,
)

__all__ = [
    "Cause",
    "false_alarms_per_year",
    "posterior",
    "posterior_curve",
    "quakes_per_year",
    "seen",
    "series_length",
    "unseen",
    "unseen_of",
    "with_template",
]
