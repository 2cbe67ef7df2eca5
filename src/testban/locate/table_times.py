"""Travel times of tables of one's own (`earth.grid_times`) as a source of times by path.

Rules: the tables hold for a round Earth at sea level, so ellipticity and station elevation come from the built-in model; a first
arrival is looked up in the table of P or S, as LOCSAT does, any other phase in that of its name; what has no table, or lies outside
it, keeps the time of the built-in model.
"""

from collections.abc import Mapping

from testban.base.geo import delaz_
from testban.base.records import Site
from testban.earth import elevation, ellipticity, travel
from testban.earth.grid_times import GridTimes, time_between

_FIRST = {"P": "P1", "S": "S1"}
LOOKED_UP = ("P", "S", *(p for p in travel.load().phases if p not in _FIRST.values()))


class TableTimes:
    """The tables of one model by phase (see `paths.PathTimes`). built_in: the model that corrections come from."""

    resolved = False

    def __init__(self, name: str, tables: Mapping[str, GridTimes], built_in: str = "ak135") -> None:
        self.name = f"{name}-tables"
        self.tables = dict(tables)
        self.model = travel.load(built_in)

    def seconds(
        self, phase: str, longitude: float, latitude: float, depth_km: float, site: Site
    ) -> float | None:
        """Travel time in s with ellipticity and elevation, None where the tables have none."""
        table = self.tables.get(phase)
        if table is None:
            return None
        delta, azimuth, _ = delaz_(longitude, latitude, site.longitude, site.latitude)
        time = time_between(table, depth_km, delta)
        return (
            None
            if time is None
            else time + self._corrections(phase, depth_km, delta, azimuth, latitude, site)
        )

    def _corrections(
        self, phase: str, depth_km: float, delta: float, azimuth: float, latitude: float, site: Site
    ) -> float:
        known = _FIRST.get(phase, phase)
        k = ellipticity.kernel(self.model.name)
        total = ellipticity.correction_(k, self.model.index(known), depth_km, delta, azimuth, latitude)
        if site.elevation_m != 0.0:
            p = self.model.predict(known, depth_km, delta)[1]
            if p == p:
                total += float(elevation.correction(known, p, site.elevation_m, self.model.name))
        return float(total) if total == total else 0.0
