"""Compare the shipped travel-time tables with TauP at random points, phase by phase.

Usage: PYTHONPATH=src python tools/build_tables/check_travel.py [model [points [seed [phase ...]]]]

Ten distances at each depth; a third of the depths lies within 1 km of a break of the model, two thirds are uniform
in 0..700 km (0..35 km for crustal phases and head waves); a third of the distances of P and S lies in 10..30 deg.
Besides the differences, points that exist on one side only are counted, with their distance from the end.
"""

# ruff: noqa: T201
import sys
import warnings

import numpy as np
from obspy.taup import TauPyModel
from obspy.taup.seismic_phase import SeismicPhase

from testban.earth import travel

NAMES = {"P": ("P", "p"), "S": ("S", "s"), "Pg": ("Pg", "p"), "Sg": ("Sg", "s"), "PKPdf": ("PKIKP",),
         "PKPbc": ("PKP",), "PKPab": ("PKP",)}  # fmt: skip
RANGES = {
    "P": (0, 100), "S": (0, 100), "Pg": (0, 13), "Sg": (0, 13), "Pn": (0, 23), "Sn": (0, 23), "pP": (0, 105),
    "sP": (0, 105), "PcP": (0, 100), "PKPdf": (105, 180), "PKPbc": (140, 158), "PKPab": (140, 180),
    "Pdiff": (92, 165), "ScP": (0, 70), "PKiKP": (0, 158), "ScS": (0, 100), "Sdiff": (92, 165), "SKS": (58, 147),
}  # fmt: skip
BREAKS = (0.0, 20.0, 35.0, 120.0, 210.0, 410.0, 660.0)


def reference(model: object, phase: str, distances: np.ndarray) -> list[tuple[float, float] | None]:
    """Time and slowness (s/deg) of TauP at one depth, None where it has no arrival."""
    curves = [SeismicPhase(n, model) for n in NAMES.get(phase, (phase,))]
    out: list[tuple[float, float] | None] = []
    for d in distances:
        found = [a for c in curves for a in c.calc_time(float(d)) if abs(a.purist_distance - d) < 1e-6]
        pairs = sorted((a.ray_param * np.pi / 180.0, a.time) for a in found)
        if phase in ("PKPbc", "PKPab") and pairs:
            curve = curves[0]
            caustic = curve.ray_param[int(np.argmin(curve.dist))] * np.pi / 180.0
            pairs = [q for q in pairs if (q[0] <= caustic) == (phase == "PKPbc")]
        best = min(pairs, key=lambda q: q[1]) if pairs else None
        out.append((best[1], best[0]) if best else None)
    return out


def compare(name: str, phase: str, points: int, seed: int) -> dict[str, object]:
    """Differences (ours minus TauP) of one phase."""
    rng = np.random.default_rng(seed)
    ours, tau = travel.load(name), TauPyModel(name).model
    lo, hi = RANGES[phase]
    crust = phase in ("Pg", "Sg", "Pn", "Sn")
    dt, dp, where, lost = [], [], [], []
    for k in range(max(1, points // 10)):
        if k % 3 == 0:
            z = rng.choice(BREAKS[:3] if crust else BREAKS) + rng.uniform(-1.0, 1.0)
        else:
            z = rng.uniform(0.0, 35.0 if crust else 700.0)
        z = min(max(float(z), 0.01), 34.99 if crust else 700.0)
        d = rng.uniform(lo, hi, 10)
        if phase in ("P", "S"):
            d[:3] = rng.uniform(10.0, 30.0, 3)
        t, p, _ = ours.predict(phase, z, d)
        for i, ref in enumerate(reference(tau.depth_correct(z), phase, d)):
            if ref is None or not np.isfinite(t[i]):
                if (ref is None) != (not np.isfinite(t[i])):
                    lost.append((round(z, 3), round(float(d[i]), 3)))
                continue
            dt.append(t[i] - ref[0])
            dp.append(p[i] - ref[1])
            where.append((round(z, 3), round(float(d[i]), 3)))
    a = np.abs(dt)
    return {
        "phase": phase, "n": len(dt), "max_s": float(a.max()), "rms_s": float(np.sqrt(np.mean(a**2))),
        "max_slowness": float(np.abs(dp).max()), "worst": where[int(a.argmax())], "one_side_only": lost,
    }  # fmt: skip


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    model_name = sys.argv[1] if len(sys.argv) > 1 else "ak135"
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    start = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for ph in sys.argv[4:] or list(RANGES):
        r = compare(model_name, ph, n, start)
        print(
            f"{model_name} {ph:6s} n={r['n']:5d} max={r['max_s']:.4f} s rms={r['rms_s']:.5f} s "
            f"slowness max={r['max_slowness']:.4f} s/deg worst={r['worst']} one side only={r['one_side_only'][:4]}"
            f" ({len(r['one_side_only'])})",
            flush=True,
        )
