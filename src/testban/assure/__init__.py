"""The assurance itself, as numbers. What a series of tests risks (`series`), what inspections are worth (`quota`)."""

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
