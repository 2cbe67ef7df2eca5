"""Figures of the assurance: IMS means with the effect of each assumption, the 1963 networks by rule, the map's speed.

`python -m bench.figures_assure`. Needs no data. Noise is assumed as the included scenarios give it.
"""

import time

import msgspec
import numpy as np

from testban.assure import capability, scenario


def grid(step: float) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of cell centres."""
    lon, lat = np.meshgrid(np.arange(-180 + step / 2, 180, step), np.arange(-90 + step / 2, 90, step))
    return lon.ravel(), lat.ravel()


def means(sensors, rule, where) -> str:
    """Area-weighted means of the north, the south and the chosen box."""
    lon, lat = grid(5.0)
    mb, w = capability.thresholds(sensors, rule, lon, lat), np.cos(np.radians(lat))
    return "  ".join(
        f"{name} {np.sum((mb * w)[k]) / np.sum(w[k]):.2f}" for name, k in where(lon, lat).items()
    )


def halves(lon, lat):
    """North, south, world."""
    return {"north": lat > 0, "south": lat < 0, "world": lat < 91}


def soviet(lon, lat):
    """A box over the former Soviet territory; a box of the map, no border."""
    return {"40-75 N, 30-180 E": (lat > 40) & (lat < 75) & (lon > 30)}


def main() -> list[dict[str, object]]:
    """Print everything."""
    plan = scenario.read(scenario.text_of("ims"), "ims")
    ims = scenario.sensors(plan)
    even = tuple(msgspec.structs.replace(s, noise_nm_s=1.0) for s in ims)
    always = tuple(msgspec.structs.replace(s, reliability=1.0) for s in ims)
    change = msgspec.structs.replace
    for name, sensors, rule in (
        ("as included", ims, plan.rule), ("no array gain", even, plan.rule), ("always up", always, plan.rule),
        ("snr 5", ims, change(plan.rule, snr=5.0)), ("sigma 0.2", ims, change(plan.rule, sigma=0.2)),
        ("common scatter 0.2", ims, change(plan.rule, common_sigma=0.2)),
        ("nothing nearer than 20 degrees", ims, change(plan.rule, nearest_deg=20.0)),
        ("level 50 %", ims, change(plan.rule, level=0.5)), ("4 stations", ims, change(plan.rule, points=4)),
        ("an array counts for two", ims, change(plan.rule, array_points=2)),
    ):  # fmt: skip
        print(f"ims, {name:32} {means(sensors, rule, halves)}")
    for name in scenario.INCLUDED[1:]:
        plan = scenario.read(scenario.text_of(name), name)
        for points, array in ((3, 1), (2, 1), (3, 2)):
            rule = change(plan.rule, points=points, array_points=array)
            said = f"{name}, {points} points, array {array}"
            print(f"{said:52} {means(scenario.sensors(plan), rule, soviet)}")
    lon, lat = grid(1.0)
    many = (ims * 5)[:170]
    for _ in range(3):
        begun = time.perf_counter()
        capability.thresholds(many, scenario.read(scenario.text_of("ims"), "ims").rule, lon, lat)
        print(f"{lon.size} places x {len(many)} stations: {time.perf_counter() - begun:.2f} s")
    return []


if __name__ == "__main__":
    main()
