"""Build the ellipticity coefficients of `testban.earth.ellipticity` by integration along rays.

Usage: PYTHONPATH=src python tools/build_tables/build_ellipticity.py [ak135 iasp91]

First-order perturbation theory (Dziewonski & Gilbert 1976, GJRAS 44, 7-17; Kennett & Gudmundsson 1996, GJI 127,
40-48). Surfaces of equal velocity are displaced by r eps(r) h with h = -2/3 P2(cos colatitude). In a layer with
v ~ r**(1-b) a leg gains (1-b) integral(eps h dt) + [r eps h q] top minus bottom, q = cos(i)/v; summed over the
layers this holds the discontinuities, reflections, the source and the surface. A path along an interface or the
surface gains integral(eps h p d phi). eps(r) follows from the density by Radau's equation (Bullen 1975).
"""

# ruff: noqa: T201
import sys
from pathlib import Path

import numpy as np
from obspy.taup import TauPyModel
from rays import Layers, Model

from testban.earth import travel

OUT = Path(__file__).resolve().parents[2] / "src" / "testban" / "earth" / "data"
FLATTENING = 1.0 / 298.257223563
DEPTHS = np.array([0.0, 20.0, 36.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0])
STEP_DEG = 2.5
DELTAS = np.arange(0.0, 180.0 + 1e-9, STEP_DEG)
LEGS = {
    "P": "P", "Pg": "P", "pP": "pP", "sP": "sP", "PcP": "PcP", "PKPdf": "PKP", "PKPbc": "PKP", "PKPab": "PKP",
    "PKiKP": "PKiKP", "S": "S", "Sg": "S", "ScP": "ScP", "ScS": "ScS", "SKS": "SKS", "Pn": "Pn", "Sn": "Sn",
    "Pdiff": "Pdiff", "Sdiff": "Sdiff", "Lg": "surface", "LR": "surface",
}  # fmt: skip
DEG = np.pi / 180.0


class Ellipticity:
    """Flattening of the surfaces of equal density as a function of radius."""

    def __init__(self, name: str) -> None:
        model = TauPyModel(name).model
        layers = model.s_mod.v_mod.layers
        radius = float(model.radius_of_planet)
        r = np.linspace(0.0, radius, 20001)
        mid = 0.5 * (r[1:] + r[:-1])
        depth = radius - mid
        k = np.clip(np.searchsorted(layers["bot_depth"], depth), 0, len(layers) - 1)
        top, bot = layers["top_depth"][k], layers["bot_depth"][k]
        f = (depth - top) / (bot - top)
        rho = (1 - f) * layers["top_density"][k] + f * layers["bot_density"][k]
        m2 = np.cumsum(rho * np.diff(r**3) / 3.0)
        m4 = np.cumsum(rho * np.diff(r**5) / 5.0)
        z = (2.0 / 3.0) * m4 / (r[1:] ** 2 * m2)
        eta = 6.25 * (1.0 - 1.5 * z) ** 2 - 1.0
        integral = np.concatenate([np.cumsum((eta / r[1:] * np.diff(r))[::-1])[::-1], [0.0]])
        self.r, self.eps = r, FLATTENING * np.exp(-integral)
        self.inertia = float(z[-1])

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """Flattening at radii in km."""
        return np.interp(r, self.r, self.eps)


def harmonics(phi: np.ndarray) -> np.ndarray:
    """lambda_m of angular distance from the source, shape (3, n)."""
    s = np.sqrt(3.0) / 2.0
    return np.array([0.25 * (1.0 + 3.0 * np.cos(2.0 * phi)), s * np.sin(2.0 * phi), s * np.sin(phi) ** 2])


def fine(w: Layers, step: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Layers cut to at most `step` km by Bullen's law: radii and slownesses at top and bottom, exponents."""
    rt, rb, ut, ub, bb = [], [], [], [], []
    for zt, zb, u, b in zip(w.zt, w.zb, w.ut, w.b, strict=True):
        n = max(1, int(np.ceil((zb - zt) / step)))
        r = w.radius - np.linspace(zt, zb, n + 1)
        r[-1] = max(r[-1], 1e-6)
        s = u * (r / (w.radius - zt)) ** b
        rt.append(r[:-1])
        rb.append(r[1:])
        ut.append(s[:-1])
        ub.append(s[1:])
        bb.append(np.full(n, b))
    return tuple(np.concatenate(a) for a in (rt, rb, ut, ub, bb))  # type: ignore[return-value]


class Integrator:
    """tau_m along rays of one model."""

    def __init__(self, name: str) -> None:
        self.m = Model(name)
        self.eps = Ellipticity(name)
        self.layers = {k: fine(self.m.wave(k)) for k in "PS"}
        self.table = travel.load(name)

    def leg(
        self, kind: str, p: float, z0: float, z1: float, up: bool, phi: float
    ) -> tuple[np.ndarray, float]:
        """One crossing between two depths (or the turning point above z1): tau_m and the angle at its end."""
        rt, rb, ut, ub, b = self.layers[kind]
        radius = self.m.radius
        r0, r1 = radius - z0, radius - z1
        keep = (rb < r0 - 1e-9) & (rt > r1 + 1e-9)
        rt, rb, ut, ub, b = rt[keep].copy(), rb[keep].copy(), ut[keep].copy(), ub[keep].copy(), b[keep]
        if not len(rt):
            return np.zeros(3), phi
        if rt[0] > r0:
            ut[0], rt[0] = ut[0] * (r0 / rt[0]) ** b[0], r0
        if rb[-1] < r1:
            ub[-1], rb[-1] = ub[-1] * (r1 / rb[-1]) ** b[-1], r1
        stop = np.nonzero((ut < p) | (ub < p))[0]
        if len(stop):
            k = stop[0] + (1 if ut[stop[0]] > p else 0)
            rt, rb, ut, ub, b = rt[:k], rb[:k], ut[:k], ub[:k], b[:k]
            if k and ub[-1] < p:
                rb[-1] = rt[-1] * (p / ut[-1]) ** (1.0 / b[-1])
                ub[-1] = p
        if not len(rt):
            return np.zeros(3), phi
        et, eb = np.sqrt(np.maximum(ut**2 - p**2, 0.0)), np.sqrt(np.maximum(ub**2 - p**2, 0.0))
        dx = (np.arctan2(et, p) - np.arctan2(eb, p)) / b
        # time is t = sqrt(u**2 - p**2) / b + constant: midpoint and ends in that variable, Simpson
        em = 0.5 * (et + eb)
        um = np.sqrt(em**2 + p**2)
        rm = rt * (um / ut) ** (1.0 / b)
        dt = (et - eb) / b
        xm = (np.arctan2(et, p) - np.arctan2(em, p)) / b
        begin = np.concatenate([[0.0], np.cumsum(dx)])
        total = begin[-1]
        angle = (lambda x: phi + total - x) if up else (lambda x: phi + x)
        lt, lm, lb = (
            harmonics(angle(begin[:-1])),
            harmonics(angle(begin[:-1] + xm)),
            harmonics(angle(begin[1:])),
        )
        ft, fm, fb = self.eps(rt) * lt, self.eps(rm) * lm, self.eps(rb) * lb
        volume = (1.0 - b) * dt * (ft + 4.0 * fm + fb) / 6.0
        ends = ft * et - fb * eb  # r eps lambda q with q = sqrt(u**2 - p**2) / r
        return -(2.0 / 3.0) * (volume + ends).sum(axis=1), phi + total

    def along(self, depth: float, p: float, dphi: float, phi: float) -> tuple[np.ndarray, float]:
        """Along an interface for an angle dphi."""
        x = np.linspace(phi, phi + dphi, 201)
        f = float(self.eps(np.array(self.m.radius - depth))) * harmonics(x)
        w = np.full(201, 1.0)
        w[1:-1:2], w[2:-1:2] = 4.0, 2.0
        return -(2.0 / 3.0) * p * (f * w).sum(axis=1) * dphi / 600.0, phi + dphi

    def ray(self, phase: str, depth: float, delta: float) -> np.ndarray | None:
        """tau_m of a phase at a depth and distance, None where it does not exist."""
        _, p_deg, dtdh = self.table.predict(phase, depth, delta)
        if not np.isfinite(p_deg):
            return None
        m, kind, p = self.m, LEGS[phase], p_deg / DEG
        if kind == "surface":
            return self.along(0.0, p, delta * DEG, 0.0)[0]
        centre = m.radius - 1e-6
        first = {"p": "P", "s": "S"}.get(kind[0], kind[0])
        last = "S" if phase in ("S", "Sg", "Sn", "Sdiff", "ScS", "SKS") else "P"
        if kind in ("P", "S"):
            if dtdh > 0:
                steps = [(first, 0.0, depth, True)]
            else:
                steps = [(first, depth, m.cmb, False), (first, 0.0, m.cmb, True)]
        elif kind in ("pP", "sP"):
            steps = [(first, 0.0, depth, True), ("P", 0.0, m.cmb, False), ("P", 0.0, m.cmb, True)]
        elif kind in ("PcP", "ScS", "ScP"):
            steps = [(first, depth, m.cmb, False), (last, 0.0, m.cmb, True)]
        elif kind in ("PKP", "SKS", "PKiKP"):
            bottom = centre if kind == "PKP" and phase == "PKPdf" else m.icb
            steps = [
                (first, depth, m.cmb, False), ("P", m.cmb, bottom, False),
                ("P", m.cmb, bottom, True), (last, 0.0, m.cmb, True),
            ]  # fmt: skip
        else:
            z = m.moho if kind in ("Pn", "Sn") else m.cmb
            down = (
                m.wave(first).leg(np.array([p]), depth, z)[1][0]
                + m.wave(first).leg(np.array([p]), 0.0, z)[1][0]
            )
            a, phi = self.leg(first, p, depth, z, False, 0.0)
            b, phi = self.along(z, p, delta * DEG - down, phi)
            c, phi = self.leg(first, p, 0.0, z, True, phi)
            return a + b + c
        total, phi = np.zeros(3), 0.0
        for leg_kind, z0, z1, up in steps:
            part, phi = self.leg(leg_kind, p, z0, z1, up, phi)
            total += part
        if abs(phi / DEG - delta) > 0.3:
            print("missed", phase, depth, delta, phi / DEG, file=sys.stderr)
        return total


def extend(table: np.ndarray) -> np.ndarray:
    """Fill distances where the phase does not exist from the nearest one where it does, by depth."""
    for row in table:
        have = np.nonzero(np.isfinite(row[:, 0]))[0]
        if len(have):
            for i in range(len(row)):
                row[i] = row[have[np.argmin(np.abs(have - i))]]
    for j in range(len(table)):
        if not np.isfinite(table[j, 0, 0]):
            other = [k for k in range(len(table)) if np.isfinite(table[k, 0, 0])]
            table[j] = table[min(other, key=lambda k: abs(k - j))]
    return table


def build(name: str) -> None:
    """Write the package resource of one model."""
    it = Integrator(name)
    print(name, "C/Ma2", it.eps.inertia)
    out = np.full((len(LEGS), len(DEPTHS), len(DELTAS), 3), np.nan)
    for i, phase in enumerate(LEGS):
        for j, h in enumerate(DEPTHS):
            for k, d in enumerate(DELTAS):
                if phase in ("Pg", "Sg", "Pn", "Sn") and h > 35.0:
                    continue
                value = it.ray(phase, float(h), float(min(max(d, 0.01), 179.99)))
                if value is not None:
                    out[i, j, k] = value
        extend(out[i])
    path = OUT / f"ellipticity_{name}.npz"
    np.savez_compressed(
        path, phases=np.array(list(LEGS)), depths=DEPTHS, step_deg=np.array(STEP_DEG),
        tau=np.rint(out * 1e4).astype(np.int16),
    )  # fmt: skip
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    for model_name in sys.argv[1:] or ["ak135", "iasp91"]:
        build(model_name)
