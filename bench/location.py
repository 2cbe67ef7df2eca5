"""Locations a second at 20, 50 and 200 arrivals, beside SciPy least_squares on the same tables."""

import random
import time

import numpy as np
from scipy.optimize import least_squares

from testban import locate
from testban.base.geo import delaz_, destination_
from testban.base.records import Pick, Site
from testban.earth import travel


def main() -> list[dict]:
    model, rnd, rows = travel.load(), random.Random(1), []
    for n in (20, 50, 200):
        sites, picks = {}, []
        for i in range(n):
            lon, lat = destination_(129.0, 41.0, rnd.uniform(0, 360), rnd.uniform(3, 90))
            sites[f"S{i}"] = Site(key=f"S{i}", longitude=lon, latitude=lat)
            t = float(model.predict("P1", 0.0, delaz_(129.0, 41.0, lon, lat)[0])[0])
            picks.append(
                (Pick(pick_id=f"{i}", station_key=f"S{i}", time_ns=round((t + rnd.gauss(0, 0.5)) * 1e9)), "P")
            )
        lon, lat = (
            np.array([s.longitude for s in sites.values()]),
            np.array([s.latitude for s in sites.values()]),
        )
        observed = np.array([p.time_ns / 1e9 for p, _ in picks])

        def residual(x, lon=lon, lat=lat, observed=observed):
            delta = np.array([delaz_(x[0], x[1], a, b)[0] for a, b in zip(lon, lat, strict=True)])
            return observed - x[2] - model.predict("P1", np.zeros(len(lon)), delta)[0]

        held = locate.Settings(search=False)
        start = (130.0, 40.0, 0.0, 0)
        ours = _rate(lambda p=picks, s=sites, h=held, x=start: locate.locate(p, s, h, x))
        rival = _rate(lambda f=residual: least_squares(f, [130.0, 40.0, 0.0], loss="soft_l1"))
        rows.append({"name": f"location, {n} arrivals", "ours": ours, "rival": rival, "ratio": ours / rival, "unit": "1/s",
                     "note": "ours with depth search, full covariance and ellipse; rival: SciPy least_squares, soft_l1"})  # fmt: skip
    return rows


def _rate(f) -> float:
    f()
    n, t = 0, time.perf_counter()
    while time.perf_counter() - t < 1.0:
        f()
        n += 1
    return n / (time.perf_counter() - t)


if __name__ == "__main__":
    for row in main():
        print(row)
