"""Build the travel-time tables of `testban.earth.travel` from the layers of ObsPy's TauP models.

Usage: python tools/build_tables/build_travel.py [ak135 iasp91]

Every phase is cut into pieces: one range of source depths (between the depths where the model has a break) and
one range of turning depths or one reflector, inside which tau and X are smooth functions of slowness and depth.
A piece stores tau(p, h) and X(p, h) at slownesses p = top - (top - bottom) sigma**2, sigma uniform in 0..1, which
removes the square-root singularity at the top; the ends of the range may move with depth.
"""

# ruff: noqa: T201
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from rays import Model

OUT = Path(__file__).resolve().parents[2] / "src" / "testban" / "earth" / "data"
EDGES = (0.0, 20.0, 35.0, 77.5, 120.0, 165.0, 210.0, 410.0, 660.0, 700.0)
STEPS = (1.0, 0.5, 2.125, 4.25, 5.0, 5.0, 5.0, 5.0, 5.0)
BREAKS = (0.0, 20.0, 35.0, 77.5, 120.0, 165.0, 210.0, 410.0, 660.0, 760.0, 2740.0)
N_SIGMA, N_SIGMA_THIN = 64, 32  # nodes in slowness: in general, and for rays that turn above 760 km
PHASES = (
    "P", "Pn", "Pg", "pP", "sP", "PcP", "PKPdf", "PKPbc", "PKPab", "Pdiff", "PKiKP",
    "S", "Sn", "Sg", "ScP", "ScS", "Sdiff", "SKS", "Lg", "LR", "P1", "S1",
)  # fmt: skip
DEG = np.pi / 180.0
Curve = Callable[[float, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Builder:
    """Collects the pieces of one model."""

    def __init__(self, name: str) -> None:
        self.m = Model(name)
        self.meta: list[list[float]] = []
        self.ends: list[np.ndarray] = []
        self.x: list[np.ndarray] = []
        self.tau: list[np.ndarray] = []

    def full(self, kind: str, p: np.ndarray, bottom: float) -> tuple[np.ndarray, np.ndarray]:
        """Surface to the turning point (or the reflector `bottom`) and back."""
        t, x = self.m.wave(kind).leg(p, 0.0, bottom)
        return 2.0 * t, 2.0 * x

    def piece(
        self,
        phase: str,
        segment: int,
        wave: str,
        up: bool,
        limits: Callable[[float, bool], tuple[float, float]],
        curve: Curve,
        caustic: str = "",
        n: int = N_SIGMA,
    ) -> None:
        """Tabulate one piece over one depth segment.

        limits(h, below) -> (p low, p high); curve(h, p) -> (tau, X). caustic: "low" keeps the part below the
        minimum of X, "high" the part above it.
        """
        h0, h1 = EDGES[segment], EDGES[segment + 1]
        count = round((h1 - h0) / STEPS[segment]) + 1
        sigma = np.linspace(0.0, 1.0, n)
        ends, xs, taus, empty = [], [], [], []
        for j, h in enumerate(np.linspace(h0, h1, count)):
            inside = h + 1e-6 if j == 0 else (h - 1e-6 if j == count - 1 else h)
            lo, hi = limits(inside, j < count - 1)
            empty.append(hi <= lo)
            hi = max(hi, lo)
            if caustic and hi > lo:
                pc = self.minimum(lambda p, z=inside: curve(z, p)[1], lo, hi)
                lo, hi = (lo, pc) if caustic == "low" else (pc, hi)
            p = hi - (hi - lo) * sigma**2
            tau, x = curve(inside, p)
            ends.append((lo, hi))
            xs.append(x)
            taus.append(tau)
        if all(empty):
            return
        x_all = np.array(xs)
        rising = x_all[:, -1].sum() > x_all[:, 0].sum()
        x_all = np.maximum.accumulate(x_all, axis=1) if rising else np.minimum.accumulate(x_all, axis=1)
        self.meta.append(
            [
                PHASES.index(phase), segment, 0.0 if wave == "P" else 1.0, 1.0 if up else -1.0, count, n,
                x_all.min() / DEG, x_all.max() / DEG, 1.0 if rising else -1.0,
            ]
        )  # fmt: skip
        self.ends.append(np.array(ends) * DEG)
        self.x.append(x_all / DEG)
        self.tau.append(np.array(taus))

    @staticmethod
    def minimum(x: Callable[[np.ndarray], np.ndarray], lo: float, hi: float) -> float:
        """Slowness of the least X."""
        for _ in range(3):
            sigma = np.linspace(0.0, 1.0, 201)
            p = hi - (hi - lo) * sigma**2
            k = int(np.argmin(x(p)))
            lo, hi = p[min(k + 1, 200)], p[max(k - 1, 0)]
            if k in (0, 200):
                return float(p[k])
        return float(0.5 * (lo + hi))

    def regions(self) -> list[tuple[float, float]]:
        """Ranges of turning depth in crust and mantle."""
        z = [*BREAKS, self.m.cmb]
        return list(pairwise(z))

    def direct(self, phase: str, kind: str, segment: int, deepest: float) -> None:
        """Up-going and turning rays of one wave type that bottom above `deepest`."""
        w = self.m.wave(kind)
        h0 = EDGES[segment]
        self.piece(
            phase, segment, kind, True, lambda h, b: (0.0, w.slowness(h, True)), lambda h, p: w.leg(p, 0.0, h)
        )
        for top, bottom in self.regions():
            if top >= deepest - 1e-6:
                break
            if bottom <= h0 + 1e-6:
                continue

            def limits(
                h: float, below: bool, top: float = top, bottom: float = bottom
            ) -> tuple[float, float]:
                lo = w.slowness(bottom, False)
                return lo, min(w.slowness(top, True), w.slowness(h, True))

            def curve(h: float, p: np.ndarray, bottom: float = bottom) -> tuple[np.ndarray, np.ndarray]:
                t2, x2 = self.full(kind, p, bottom)
                t1, x1 = w.leg(p, 0.0, h)
                return t2 - t1, x2 - x1

            n = N_SIGMA_THIN if bottom < 800.0 else N_SIGMA
            self.piece(phase, segment, kind, False, limits, curve, "low" if top > h0 else "", n)

    def surface_reflection(self, phase: str, up_kind: str, segment: int) -> None:
        """pP, sP: up as one type, then a turning P."""
        w, wu = self.m.p, self.m.wave(up_kind)
        for top, bottom in self.regions():

            def limits(
                h: float, below: bool, top: float = top, bottom: float = bottom
            ) -> tuple[float, float]:
                return w.slowness(bottom, False), min(w.slowness(top, True), wu.slowness(h, True))

            def curve(h: float, p: np.ndarray, bottom: float = bottom) -> tuple[np.ndarray, np.ndarray]:
                t2, x2 = self.full("P", p, bottom)
                t1, x1 = wu.leg(p, 0.0, h)
                return t2 + t1, x2 + x1

            n = N_SIGMA_THIN if bottom < 800.0 else N_SIGMA
            self.piece(phase, segment, up_kind, True, limits, curve, "low", n)

    def core(self, phase: str, segment: int) -> None:
        """PcP, ScS, ScP, PKP, SKS: from the source down, reflected or through the core, and up."""
        m = self.m
        down = "S" if phase[0] == "S" else "P"
        up = "S" if phase in ("ScS", "SKS") else "P"
        wd, wu = m.wave(down), m.wave(up)
        grazing = min(wd.slowness(m.cmb, False), wu.slowness(m.cmb, False))
        icb_above, icb_below = m.p.slowness(m.icb, False), m.p.slowness(m.icb, True)
        k_top = m.p.slowness(m.cmb, True)
        lo, hi, caustic, core_bottom = {
            "PcP": (0.0, grazing, "", m.cmb),
            "ScS": (0.0, grazing, "", m.cmb),
            "ScP": (0.0, grazing, "", m.cmb),
            "PKPdf": (1e-7, icb_below, "", m.radius),
            "PKPbc": (icb_above, grazing, "low", m.icb),
            "PKPab": (icb_above, grazing, "high", m.icb),
            "PKiKP": (0.0, icb_above, "", m.icb),
            "SKS": (icb_above, min(grazing, k_top), "low", m.icb),
        }[phase]

        def curve(h: float, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            t1, x1 = wd.leg(p, h, m.cmb)
            t2, x2 = wu.leg(p, 0.0, m.cmb)
            tk, xk = m.p.leg(p, m.cmb, core_bottom)
            return t1 + t2 + 2.0 * tk, x1 + x2 + 2.0 * xk

        if phase != "SKS":
            self.piece(phase, segment, down, False, lambda h, b: (lo, hi), curve, caustic)
            return
        # a triplication under the core's surface: two pieces that share its middle
        p = np.linspace(hi, lo, 4001)
        back = np.nonzero(np.diff(curve(0.0, p)[1]) < 0)[0]
        back = back[back > 40]
        cut = float(p[back].mean()) if len(back) else 0.5 * (lo + hi)
        self.piece(phase, segment, down, False, lambda h, b: (lo, cut), curve, caustic)
        self.piece(phase, segment, down, False, lambda h, b: (cut, hi), curve, caustic)

    def line(self, phase: str, kind: str, segment: int, depth: float, below: bool, extent_deg: float) -> None:
        """Head waves and diffractions: X grows by up to extent_deg at one slowness (two points of a piece)."""
        w = self.m.wave(kind)
        p0 = w.slowness(depth, below)
        if EDGES[segment] >= depth:
            return

        def curve(h: float, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            q = np.full(len(p), p0)
            t1, x1 = w.leg(q, h, depth)
            t2, x2 = w.leg(q, 0.0, depth)
            return t1 + t2, x1 + x2 + np.linspace(0.0, extent_deg * DEG, len(p))

        # equal ends mark a straight piece: p is constant
        self.piece(phase, segment, kind, False, lambda h, b: (p0 - 1e-12, p0), curve, n=2)

    def build(self) -> None:
        """All phases over all depth segments."""
        for s in range(len(STEPS)):
            for kind in "PS":
                self.direct(kind, kind, s, self.m.cmb)
                if EDGES[s] < self.m.moho:
                    self.direct(kind + "g", kind, s, self.m.moho)
                self.line(kind + "n", kind, s, self.m.moho, True, 20.0)
                self.line(kind + "diff", kind, s, self.m.cmb, False, 60.0)
            self.surface_reflection("pP", "P", s)
            self.surface_reflection("sP", "S", s)
            for phase in ("PcP", "PKPdf", "PKPbc", "PKPab", "PKiKP", "ScP", "ScS", "SKS"):
                self.core(phase, s)
            print(self.m.name, "depth segment", s, len(self.meta), "pieces", file=sys.stderr)

    def save(self) -> Path:
        """Write the package resource."""
        order = sorted(range(len(self.meta)), key=lambda i: (self.meta[i][0], self.meta[i][1], i))
        vel = []
        for s, step in enumerate(STEPS):
            z = np.linspace(EDGES[s] + 1e-6, EDGES[s + 1] - 1e-6, round((EDGES[s + 1] - EDGES[s]) / step) + 1)
            for kind in "PS":
                w = self.m.wave(kind)
                vel.append(np.array([(self.m.radius - h) / w.slowness(h, True) for h in z]))
        path = OUT / f"travel_{self.m.name}.npz"
        np.savez_compressed(
            path,
            phases=np.array(PHASES),
            edges=np.array(EDGES),
            steps=np.array(STEPS),
            meta=np.array([self.meta[i] for i in order]),
            ends=np.concatenate([self.ends[i].ravel() for i in order]),
            x=np.concatenate([self.x[i].ravel() for i in order]).astype(np.float32),
            tau=np.rint(np.concatenate([self.tau[i].ravel() for i in order]) * 1e6).astype(np.int32),
            velocity=np.concatenate(vel),
            radius=np.array(self.m.radius),
        )
        return path


if __name__ == "__main__":
    for model in sys.argv[1:] or ["ak135", "iasp91"]:
        b = Builder(model)
        b.build()
        out = b.save()
        print(out, out.stat().st_size, "bytes")
