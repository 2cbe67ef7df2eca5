"""Travel times from elsewhere, path by path: a three-dimensional model, a table of one's own.

Rules: where such a source has a time for a path it stands in place of the table's, as a correction at the hypocentre that is
found anew until it rests; slowness, derivatives and model errors stay those of the one-dimensional model (its errors are the
larger ones). The phases asked for are those that were identified: Pn, Pg, Sn, Sg, Lg, P, S and so on; a source that does not want
first arrivals resolved is asked for P and S where the pick was taken as the first one.
"""

from typing import Protocol

from testban.base.records import Site


class PathTimes(Protocol):
    """A source of travel times. name: stands in the origin's model, as in "ak135+RSTT"; resolved: whether first arrivals are asked
    for as Pg, Pn, PKPdf and so on, or all of them as P and S.
    """

    name: str
    resolved: bool

    def seconds(
        self, phase: str, longitude: float, latitude: float, depth_km: float, site: Site
    ) -> float | None:
        """Travel time in s from a source (degrees, km) to a station, its elevation included; None where there is none."""
        ...
