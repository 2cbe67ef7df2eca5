"""What the P spectrum of one event adds to its mb, for yield and depth, where attenuation and the constant of the corner are not known.

`TESTBAN_DATA=... python bench/figures_single.py [events]` (about 1 min). Model of a band level: corner fc = K W^(-1/3) (h / 120 m)^(1/n), fall-off f^-2, t* of the path,
an unknown level; K 2 to 16 Hz at 1 kt and 120 m, t* 0.01 to 0.6 s, n 1.87 or 2.4, all integrated over [assumed ranges]; mb as `testban yield` takes it. Simulated shots are drawn
from these priors, or with an attenuation and an overshoot that the model does not have. Printed: share of truths inside the 90 % intervals, their median widths in decades
with and without the spectrum, and the tests at hand by their own spectra. Nothing here is part of the program: decision 51 says why.
"""

import itertools
import math
import random
import sys

import numpy as np
from figures_identify import everything

from testban.identify import phases, relations, yields
from testban.identify.densities import density
from testban.identify.yield_depth import CORNER_N, P_PHASES, SHALLOWEST

LAW, PLACE = relations.RELATIONS["bowers"], relations.site("anywhere")
BANDS = phases.BANDS[:4]
F = np.array([math.sqrt(a * b) for a, b in BANDS])
WIDTH = np.array([0.5 * math.log10(b - a) for a, b in BANDS])
YS, HS = np.arange(-2.0, 3.31, 0.1), np.arange(1.7, 3.41, 0.05)  # log10 kt, log10 m
W, H = np.meshgrid(YS, HS, indexing="ij")
CONTAINED = math.log10(SHALLOWEST * yields.SCALED_DEPTH_M) + W / 3.0 - 1e-9 <= H
CORNERS = np.arange(-1.2, 2.6, 0.05)
T_STAR = tuple(np.logspace(-2.0, math.log10(0.6), 16))
K = tuple(np.linspace(math.log10(2.0), math.log10(16.0), 10))
KNOWN_K, KNOWN_T = (math.log10(5.0),), (0.15,)
TESTS = (("dprk_2009-05-25", 4.7), ("dprk_2016-01-06", 5.1), ("dprk_2017-09-03", 6.1))


def corner(w, h, k, n):
    return k - w / 3.0 + (h - math.log10(yields.SCALED_DEPTH_M)) / n


def levels(log10_corner, t_star):
    """log10 of the velocity rms of each band, but for a constant."""
    loss = math.pi * F * t_star / math.log(10.0)
    return np.log10(F) + WIDTH - np.log10(1.0 + (F / 10.0**log10_corner) ** 2) - loss


def by_spectrum(seen, sigma, ks, ts):
    """Likelihood of yields and depths by the levels alone; level, t*, K and n integrated over."""
    weight, along = 1.0 / sigma**2, []
    for lf in CORNERS:
        rest = [seen - levels(lf, t) for t in ts]
        z2 = [float((weight * (r - (weight * r).sum() / weight.sum()) ** 2).sum()) for r in rest]
        along.append(sum(math.exp(-0.5 * z) for z in z2))
    return sum(np.interp(corner(W, H, k, n), CORNERS, along) for k, n in itertools.product(ks, CORNER_N))


def by_mb(mb, sigma=0.1):
    out = np.zeros_like(W)
    for (i, y), (j, h) in itertools.product(enumerate(YS), enumerate(HS)):
        shift = yields.depth_shift(y, 10.0**h)
        scale = math.sqrt(sigma**2 + PLACE.bias_sigma**2 + PLACE.scatter**2 + shift**2)
        out[i, j] = sum(density(mb, PLACE.bias + shift + LAW.mb(y, s), scale) for s in LAW.slopes_below)
    return out


def interval(p, axis):
    grid = (YS, HS)[axis]
    total = np.cumsum(p.sum(axis=1 - axis)) / p.sum()
    return [float(np.interp(q, total, grid + 0.5 * (grid[1] - grid[0]))) for q in (0.05, 0.5, 0.95)]


def shot(rng, ks, ts, noise, strange):
    """Truth, levels and mb of one simulated shot."""
    while True:
        i, j = rng.randrange(len(YS)), rng.randrange(len(HS))
        if CONTAINED[i, j] and -1.0 <= YS[i] <= 2.5:
            break
    y, h, k, n, t = YS[i], HS[j], rng.choice(ks), rng.choice(CORNER_N), rng.choice(ts)
    at = corner(y, h, k, n)
    seen = levels(at, t)
    if strange:  # attenuation that falls with frequency, and an overshoot at the corner
        seen = levels(at, 0.0) - math.pi * F**0.5 * t * 1.7 / math.log(10.0)
        seen = seen + 0.12 * np.exp(-(((np.log10(F) - at) / 0.2) ** 2))
    seen = seen + np.array([rng.gauss(0.0, noise) for _ in F])
    shift = yields.depth_shift(y, 10.0**h)
    normal = rng.gauss(0.0, math.sqrt(0.01 + PLACE.bias_sigma**2 + shift**2))
    heavy = PLACE.scatter * rng.gauss(0.0, 1.0) / math.sqrt(rng.gammavariate(2.0, 0.5))
    return (y, h), seen, LAW.mb(y) + PLACE.bias + shift + normal + heavy


def covered(label, events, ks=K, ts=T_STAR, noise=0.15, strange=False):
    rng, inside, widths = random.Random(3), [0, 0, 0, 0], [[], [], [], []]
    for _ in range(events):
        truth, seen, mb = shot(rng, ks, ts, noise, strange)
        plain = by_mb(mb) * CONTAINED
        both = plain * by_spectrum(seen, np.full(len(F), noise), ks, ts)
        for c, (p, axis) in enumerate(((both, 0), (plain, 0), (both, 1), (plain, 1))):
            low, _, high = interval(p, axis)
            inside[c] += low <= truth[axis] <= high
            widths[c].append(high - low)
    middle = [f"{sorted(w)[events // 2]:.2f}" for w in widths]
    share = [f"{k / events:.2f}" for k in inside]
    print(
        f"{label}: inside, yield {share[0]} (mb alone {share[1]}), depth {share[2]} ({share[3]}); width, yield {middle[0]} ({middle[1]}), "
        f"depth {middle[2]} ({middle[3]}) decades"
    )


def recorded():
    """The tests at hand: mean of the stations in ground velocity that show all bands, or of all where too few do."""
    measured = everything()[0]
    for name, mb in TESTS:
        rows = []
        for p in measured[name]:
            bands = [
                [x.log10_rms for x in p.phases if x.band_hz == b and x.phase in P_PHASES and x.seen]
                for b in BANDS
            ]
            if all(bands):
                v = np.array([sum(b) / len(b) for b in bands])
                rows.append((p.ground, v - v.mean()))
        true = [v for ground, v in rows if ground]
        used = true if len(true) >= 2 else [v for _, v in rows]
        sigma = np.sqrt(0.01 + np.var(used, axis=0) / len(used))
        plain = by_mb(mb) * CONTAINED
        both = plain * by_spectrum(np.mean(used, axis=0), sigma, K, T_STAR)
        said = []
        for p in (both, plain):
            y, h = interval(p, 0), interval(p, 1)
            said.append(f"{10 ** y[0]:.2g}-{10 ** y[2]:.2g} kt, {10 ** h[0]:.2g}-{10 ** h[2]:.2g} m")
        units = "ground velocity" if used is true else "counts"
        print(
            f"{name}, {len(used)} stations in {units}, mb {mb}: with the spectrum {said[0]}; mb alone {said[1]}"
        )


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    covered("attenuation and corner unknown, noise 0.15", n)
    covered("the same, noise 0.05", n, noise=0.05)
    covered("attenuation and overshoot that the model has not", n, strange=True)
    covered("constant of the corner known, attenuation not", n, ks=KNOWN_K)
    covered("attenuation known, constant of the corner not", n, ts=KNOWN_T)
    covered("both known", n, ks=KNOWN_K, ts=KNOWN_T)
    recorded()
