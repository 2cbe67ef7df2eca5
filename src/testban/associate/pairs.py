"""Places that one array gives alone: P with a direction, and an S behind it.

Rules: S less P says how far, the back-azimuth of P where; a pair counts where the slowness of P is that of its distance and S, where
its direction was measured too, comes from the same side. In a coarse cell such an event, of one array and a station or two near by,
drowns among the stations that could have seen it; its own picks say where to look.
"""

import numpy as np
from numpy.typing import NDArray

from testban.associate.odds import P_P, ROWS, T_P, T_S
from testban.associate.table import ARRAY_SIGMA, Table, Window
from testban.base.dmath import DEG, asin_
from testban.base.geo import destination_

Floats = NDArray[np.float64]

MOST_SIGMA_DEG = 15.0  # of a back-azimuth that says where
LEAST_S = 4.0  # S behind P
SIGMAS = 3.0
RING_S_PER_DEG = 1.0  # of the model's slowness


def places(window: Window, table: Table, curve: Floats) -> list[tuple[float, float, float]]:
    """Longitude, latitude and origin time (s of the window) of each pair of free picks, by station and time.

    curve: times by distance, see `odds.curve`.
    """
    reached = np.flatnonzero(curve[:, T_S] == curve[:, T_S])
    behind = curve[reached, T_S] - curve[reached, T_P]
    rising = np.concatenate([[True], behind[1:] > np.maximum.accumulate(behind)[:-1]])
    reached, behind = reached[rising], behind[rising]
    if not len(behind):
        return []
    d, out = window.data, []
    pointing = (d[:, 3] < ARRAY_SIGMA) & (d[:, 5] < MOST_SIGMA_DEG) & (window.used == 0)
    for p in np.flatnonzero(pointing & (window.hint != 2)).tolist():
        site = table.sites[window.station[p]]
        for s in range(p + 1, int(window.start[window.station[p] + 1])):
            late = float(d[s, 0] - d[p, 0])
            if late > behind[-1]:
                break
            if late < LEAST_S or window.hint[s] == 1 or window.used[s] or _elsewhere(d[p], d[s]):
                continue
            row = int(reached[min(int(np.searchsorted(behind, late)), len(reached) - 1)])
            if abs(d[p, 2] - curve[row, P_P]) > SIGMAS * d[p, 3] + RING_S_PER_DEG:
                continue
            delta = 2.0 * asin_(row / (ROWS - 1.0)) / DEG
            lon, lat = destination_(site.longitude, site.latitude, float(d[p, 4]), delta)
            out.append((lon, lat, float(d[p, 0] - curve[row, T_P])))
    return out


def _elsewhere(p: Floats, s: Floats) -> bool:
    """Whether two picks of an array come from different sides; not where one has no direction."""
    if s[4] != s[4] or s[5] >= MOST_SIGMA_DEG:
        return False
    apart = abs((s[4] - p[4] + 180.0) % 360.0 - 180.0)
    return bool(apart > SIGMAS * (p[5] + s[5]))
