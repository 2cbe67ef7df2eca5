"""Delay times along legs of rays in a radial model, from the layers of a TauP model.

Rules: slowness follows Bullen's law u = A r**B within a layer, as in TauP (Crotwell, Owens & Ritsema 1999), so
times equal TauP's to rounding. tau(p) = T - p X after Buland & Chapman (1983); p in s/rad inside this file, X in
radians.
"""

import numpy as np
from obspy.taup import TauPyModel


class Layers:
    """Bullen layers of one wave type: radii (top, bottom) and slownesses r/v in s (per radian)."""

    def __init__(self, layers: np.ndarray, radius: float) -> None:
        keep = layers["bot_depth"] - layers["top_depth"] > 1e-9
        layers = layers[keep]
        self.radius = radius
        self.zt, self.zb = layers["top_depth"].copy(), layers["bot_depth"].copy()
        self.ut, self.ub = layers["top_p"].copy(), layers["bot_p"].copy()
        self.ub[-1] = max(self.ub[-1], 1e-9)
        rt, rb = radius - self.zt, np.maximum(radius - self.zb, 1e-9 * radius)
        rb[-1] = rt[-1] * self.ub[-1] / self.ut[-1]
        self.b = np.log(self.ut / self.ub) / np.log(rt / rb)

    def slowness(self, depth: float, below: bool) -> float:
        """r/v at a depth, on its lower or upper side."""
        if below:
            k = int(np.searchsorted(self.zb, depth + 1e-9, side="left"))
        else:
            k = int(np.searchsorted(self.zb, depth - 1e-9, side="left"))
        rt = self.radius - self.zt[k]
        return float(self.ut[k] * ((self.radius - depth) / rt) ** self.b[k])

    def clip(self, z0: float, z1: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slownesses at tops and bottoms of the layers between two depths, and exponents."""
        keep = (self.zb > z0 + 1e-9) & (self.zt < z1 - 1e-9)
        zt, ut, ub, b = self.zt[keep], self.ut[keep].copy(), self.ub[keep].copy(), self.b[keep]
        zb = self.zb[keep]
        r = self.radius
        if len(zt):
            if zt[0] < z0:
                ut[0] = ut[0] * ((r - z0) / (r - zt[0])) ** b[0]
            if zb[-1] > z1:
                ub[-1] = self.ut[keep][-1] * ((r - z1) / (r - zt[-1])) ** b[-1]
        return ut, ub, b

    def leg(self, p: np.ndarray, z0: float, z1: float) -> tuple[np.ndarray, np.ndarray]:
        """(tau, X) of one crossing from depth z0 down to z1, or to the turning point above z1."""
        ut, ub, b = self.clip(z0, z1)
        p = np.asarray(p, float)
        if not len(ut):
            return np.zeros_like(p), np.zeros_like(p)
        # a ray stops at the first level that it cannot reach
        level = np.minimum.accumulate(np.minimum(ut, ub))
        above = np.concatenate([[np.inf], level[:-1]])
        q = p[:, None]
        entered = (above[None, :] >= q) & (ut[None, :] >= q)
        et = np.sqrt(np.maximum(ut[None, :] ** 2 - q**2, 0.0))
        eb = np.sqrt(np.maximum(ub[None, :] ** 2 - q**2, 0.0))
        t = (et - eb) / b
        x = (np.arctan2(et, q) - np.arctan2(eb, q)) / b
        t = np.where(entered, t, 0.0).sum(axis=1)
        x = np.where(entered, x, 0.0).sum(axis=1)
        return t - p * x, x


class Model:
    """The two wave types of a named TauP model with its main depths."""

    def __init__(self, name: str) -> None:
        tau = TauPyModel(name).model
        s = tau.s_mod
        self.name = name
        self.radius = float(s.radius_of_planet)
        self.cmb, self.icb, self.moho = float(tau.cmb_depth), float(tau.iocb_depth), float(tau.moho_depth)
        self.p = Layers(np.array(s.p_layers), self.radius)
        self.s = Layers(np.array(s.s_layers), self.radius)

    def wave(self, kind: str) -> Layers:
        """Layers of 'P' or 'S'."""
        return self.p if kind == "P" else self.s
