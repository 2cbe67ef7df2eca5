"""RSTT's regional travel times for the locator, where a user has it: optional, never needed.

Rules: Sandia's RSTT (SLBM) is reached through its own Python module `rstt` (BSD licence; interface `SlbmInterface` with
`loadVelocityModel`, `createGreatCircle` in radians and km, `getTravelTime`), and its model is a file of the user's; neither
is part of this package. What it has no time for, by phase or distance, keeps the time of the tables. A package index knows another
module of that name, on sports rankings: it is recognised and refused. Myers et al. 2010, BSSA 100, 2870-2888.
"""

import importlib
import math
from pathlib import Path
from typing import Any

from testban.base.dmath import DEG
from testban.base.errors import InputError
from testban.base.records import Site

# RSTT's name of a phase, by that of the locator; others it does not know.
PHASES = {"Pn": "Pn", "Sn": "Sn", "Pg": "Pg", "Lg": "Lg"}
HELP = "install RSTT with its Python interface and name its model file, or leave --rstt out"


class Rstt:
    """Regional times of one RSTT model (see `locate.PathTimes`); InputError where module or model are missing."""

    resolved = True

    def __init__(self, model: Path) -> None:
        self.name = "RSTT"
        self.model = model
        if not model.exists():
            raise InputError(
                f"--rstt: expected a model file of RSTT (as pdu202009Du.geotess), got {model}, which is not there; {HELP}"
            )
        try:
            module: Any = importlib.import_module("rstt")
        except ImportError as exc:
            raise InputError(
                f"--rstt: expected the Python module rstt of Sandia's RSTT, got none ({exc}); {HELP}"
            ) from exc
        if not hasattr(module, "SlbmInterface"):
            raise InputError(
                f"--rstt: expected the Python module rstt of Sandia's RSTT, got another one of that name; {HELP}"
            )
        self._slbm = module.SlbmInterface()
        try:
            self._slbm.loadVelocityModel(str(model))
        except Exception as exc:
            raise InputError(f"--rstt: RSTT cannot read the model {model}: {exc}; {HELP}") from exc

    def seconds(
        self, phase: str, longitude: float, latitude: float, depth_km: float, site: Site
    ) -> float | None:
        """Travel time in s, None for a phase or path that RSTT does not serve."""
        name = PHASES.get(phase)
        if name is None:
            return None
        try:
            self._slbm.createGreatCircle(
                name, latitude * DEG, longitude * DEG, depth_km,
                site.latitude * DEG, site.longitude * DEG, -1e-3 * site.elevation_m,
            )  # fmt: skip
            time = float(self._slbm.getTravelTime())
        except Exception:  # noqa: BLE001 - RSTT raises exceptions of its own for a path that it does not serve
            return None
        return time if math.isfinite(time) and time > 0.0 else None
