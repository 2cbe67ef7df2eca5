"""Where events were found, more are to be expected: what a further event of a sequence needs.

Rules: the score that an event needs anywhere keeps the false events of a day below what is allowed for the whole Earth (see
`trials`). Around a sequence, KIN events and more of one window within `KIN_DEG` of each other, the rate of events is known
from these events themselves, and so is the number of places tried, which is far smaller. There a further event needs
log(trials around the sequences / (SHARE N)), N the events found in them: by Chernoff's bound the false ones stay below SHARE
of what the sequences hold (the control of the false share, not of the false number, of Benjamini & Hochberg 1995, J. R.
Stat. Soc. B 57, 289-300, with the rate taken from the data). It never needs more than elsewhere.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from testban.associate import dense, drift, trials
from testban.associate.search import Search
from testban.base.dmath import DEG, log_
from testban.base.geo import unit_vector_

Floats = NDArray[np.float64]
Place = tuple[float, float]

KIN = 3
KIN_DEG = 0.3
SHARE = (
    0.05  # of false events among those of sequences: as many as the secretariat of the treaty allows itself
)


def close(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """(n, m): which unit vectors lie within KIN_DEG of which."""
    d = a[:, None, :] - b[None, :, :]
    chord2 = d[..., 0] ** 2 + d[..., 1] ** 2 + d[..., 2] ** 2
    return np.asarray(chord2 < (KIN_DEG * DEG) ** 2)


def units(places: Sequence[Place]) -> Floats:
    """Unit vectors (n, 3) of places (longitude, latitude)."""
    return np.array([unit_vector_(*p) for p in places]).reshape(-1, 3)


def members(places: Sequence[Place]) -> list[Place]:
    """Those places that are of a sequence, sorted."""
    if len(places) < KIN:
        return []
    u = units(places)
    return sorted(p for p, n in zip(places, close(u, u).sum(axis=1).tolist(), strict=True) if n >= KIN)


def needed(search: Search, unit: Floats, kin: Sequence[Place], duration_s: float) -> float:
    """Score that a further event around these members of sequences needs in so many seconds. unit: of the stations."""
    cells = dense.nest(kin)
    rate = trials.trials_(cells, drift.still(cells), search.curves[0], unit)
    return log_(max(rate * max(duration_s, 60.0), 1.0) / (SHARE * len(kin)))


def home(kin: Sequence[Place], place: Place) -> bool:
    """Whether a place lies around members of sequences."""
    return bool(len(kin)) and bool(close(units([place]), units(kin)).any())
