"""Travel times, slownesses and depth derivatives of seismic phases in ak135 and iasp91.

Rules: the tables are tau(p, h) and X(p, h) of Buland & Chapman (1983), cut into pieces inside which both are
smooth (`tools/build_tables` makes them from TauP's own layers); a look-up finds the slowness with X = distance and
returns T = tau + p X, which is stationary in p, so that the time is far more exact than the slowness. Nothing is
extrapolated: NaN outside. The first arrival among all branches of a phase is returned.

Phases are those of TauP (Crotwell, Owens & Ritsema 1999; models: Kennett, Engdahl & Buland 1995; Kennett & Engdahl
1991): P = first of TauP's p and P, S = first of s and S (any ray that turns in crust or mantle); Pg, Sg the same
but turning above the Moho, source in the crust; Pn, Sn the head wave along the Moho (straight, to 20 deg beyond its
critical distance; the turning ray named P or S is earlier, use it or P1 for picks called Pn); Pdiff, Sdiff to
60 deg along the core; PKPbc and PKPab the two sides of PKP; SKS the K that turns in the outer core. Lg and LR are
straight lines of group velocity. P1 = P, then Pdiff until PKPdf appears (115 deg), then the first PKP;
S1 = the first of S and SKS, Sdiff where there is neither.
"""

import hashlib
import io
import math
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from testban.base.errors import InputError
from testban.base.geo import KM_PER_DEG

Floats = NDArray[np.float64]

MODELS = ("ak135", "iasp91")
# Group velocity of Lg and its spread, km/s: usual range 3.3-3.7 over continents (e.g. Press & Ewing 1952; IASPEI
# NMSOP-2 ch. 2 gives 3.5).
LG_VELOCITY_KM_S = 3.5
LG_VELOCITY_SIGMA_KM_S = 0.15
LG_DEEPEST_KM = 50.0  # it is guided by the crust: a source well below does not excite it
LG_MAX_DEG = 40.0
# LR at 20 s, middle of continental and oceanic paths; see `surface` for the dispersion.
LR_VELOCITY_KM_S = 3.3


class Kernel(NamedTuple):
    """The tables as plain arrays, for compiled look-ups: few, since each that a call passes on costs as much as the look-up.

    whole: at START (phases, segments + 1) the first row of pieces; at PIECES a row for each piece: wave type (0 P, 1 S),
    direction (+1 up), nodes in depth, nodes in slowness, offset into the ends and reaches, offset into x and tau, 1 where X rises
    with the index; at VELOCITIES (segments, 2) offsets of the velocities; N_SEGMENTS; the SPECIAL phases by name.
    real: radius; at RANGES least and greatest X of each piece; at ENDS and at REACHES slowness and X, first and last, by depth
    node; at EDGES and at STEPS of the segments; velocities by depth node. Offsets into both arrays stand in `whole`.
    """

    whole: NDArray[np.int64]
    real: Floats
    x: NDArray[np.float32]
    tau: NDArray[np.int32]

    @property
    def start(self) -> NDArray[np.int64]:
        """(phases, segments + 1): see above."""
        return self.whole[self.whole[START] : self.whole[PIECES]].reshape(-1, self.whole[N_SEGMENTS] + 1)

    @property
    def ints(self) -> NDArray[np.int64]:
        """(pieces, N_COLUMNS): see above."""
        return self.whole[self.whole[PIECES] : self.whole[VELOCITIES]].reshape(-1, N_COLUMNS)

    @property
    def floats(self) -> Floats:
        """(pieces, 2): least and greatest X (deg)."""
        return self.real[self.whole[RANGES] : self.whole[ENDS]].reshape(-1, 2)

    @property
    def ends(self) -> Floats:
        """First and last slowness (s/deg) by depth node."""
        return self.real[self.whole[ENDS] : self.whole[REACHES]]

    @property
    def edges(self) -> Floats:
        """Depths (km) between the segments."""
        return self.real[self.whole[EDGES] : self.whole[STEPS]]

    @property
    def steps(self) -> Floats:
        """Step in depth (km) of the segments."""
        return self.real[self.whole[STEPS] :][: self.whole[N_SEGMENTS]]


# Entries of Kernel.whole: offsets within it, then within Kernel.real, then a number.
START, PIECES, VELOCITIES, RANGES, ENDS, REACHES, EDGES, STEPS, N_SEGMENTS = range(9)
SPECIAL = ("P1", "S1", "Lg", "LR", "P", "PKPdf", "PKPbc", "PKPab", "Pdiff", "S", "SKS", "Sdiff")
P1, S1, LG, LR, FIRST_P, LAST_P, FIRST_S, LAST_S = (9 + i for i in (0, 1, 2, 3, 4, 8, 9, 11))
HEAD = 9 + len(SPECIAL)
# Columns of a piece.
WAVE, UP, DEPTHS, NODES, AT_ENDS, AT_NODES, RISING = range(7)
N_COLUMNS = 7


@njit(cache=True, inline="always")
def _piece(k: Kernel, row: int, j: int, w: float, delta: float) -> tuple[float, float]:
    """Time and slowness of one piece between depth nodes j and j+1; NaN where it does not reach delta."""
    own = k.whole[PIECES] + row * N_COLUMNS
    n = k.whole[own + NODES]
    a = k.whole[own + AT_NODES] + j * n
    b = a + n
    e = k.whole[own + AT_ENDS] + 2 * j
    r = k.whole[REACHES] + e
    v = 1.0 - w
    rising = k.whole[own + RISING] == 1
    first = v * k.real[r] + w * k.real[r + 2]
    last = v * k.real[r + 1] + w * k.real[r + 3]
    if rising:
        if delta < first or delta > last:
            return np.nan, np.nan
    elif delta > first or delta < last:
        return np.nan, np.nan
    i0, i1 = 0, n - 1
    x0, x1 = first, last
    while i1 - i0 > 1:
        i = (i0 + i1) >> 1
        x = v * k.x[a + i] + w * k.x[b + i]
        if (x <= delta) == rising:
            i0, x0 = i, x
        else:
            i1, x1 = i, x
    e += k.whole[ENDS]
    lo = v * k.real[e] + w * k.real[e + 2]
    hi = v * k.real[e + 1] + w * k.real[e + 3]
    f = (delta - x0) / (x1 - x0) if x1 != x0 else 0.0
    ds = 1.0 / (n - 1)
    s0, s1, s = i0 * ds, i1 * ds, (i0 + f) * ds
    width = hi - lo
    p0, p1, p = hi - width * s0 * s0, hi - width * s1 * s1, hi - width * s * s
    t0 = v * k.tau[a + i0] + w * k.tau[b + i0]
    t1 = v * k.tau[a + i1] + w * k.tau[b + i1]
    dp = p1 - p0
    g = (p - p0) / dp if dp != 0.0 else 0.0
    h = 1.0 - g
    # cubic Hermite in p with d tau / dp = -X
    tau = 1e-6 * ((1.0 + 2.0 * g) * h * h * t0 + g * g * (3.0 - 2.0 * g) * t1) - dp * g * h * (
        h * x0 - g * x1
    )
    return tau + p * delta, p


@njit(cache=True, inline="always")
def _velocity(k: Kernel, segment: int, wave: int, j: int, w: float) -> float:
    o = k.whole[k.whole[VELOCITIES] + 2 * segment + wave] + j
    v: float = (1.0 - w) * k.real[o] + w * k.real[o + 1]
    return v


@njit(cache=True)
def _straight(velocity: float, delta: float) -> tuple[float, float, float]:
    p = KM_PER_DEG / velocity
    return p * delta, p, 0.0


@njit(cache=True, inline="always")
def _search(k: Kernel, phase: int, depth: float, delta: float) -> tuple[float, float, float]:
    """First arrival over the pieces of one tabulated phase."""
    edges, n_segments = k.whole[EDGES], k.whole[N_SEGMENTS]
    if not (depth >= 0.0 and depth <= k.real[edges + n_segments] and delta >= 0.0 and delta <= 180.0):
        return np.nan, np.nan, np.nan
    segment = 0
    while depth > k.real[edges + segment + 1]:
        segment += 1
    q = (depth - k.real[edges + segment]) / k.real[k.whole[STEPS] + segment]
    best_t, best_p, best_row, best_j, best_w = np.inf, np.nan, -1, 0, 0.0
    start = k.whole[START] + phase * (n_segments + 1) + segment
    for row in range(k.whole[start], k.whole[start + 1]):
        limits = k.whole[RANGES] + 2 * row
        if delta < k.real[limits] or delta > k.real[limits + 1]:
            continue
        j = min(int(q), k.whole[k.whole[PIECES] + row * N_COLUMNS + DEPTHS] - 2)
        t, p = _piece(k, row, j, q - j, delta)
        if t < best_t:
            best_t, best_p, best_row, best_j, best_w = t, p, row, j, q - j
    if best_row < 0:
        return np.nan, np.nan, np.nan
    own = k.whole[PIECES] + best_row * N_COLUMNS
    u = (k.real[0] - depth) / _velocity(k, segment, k.whole[own + WAVE], best_j, best_w)
    pr = best_p * 57.29577951308232
    eta = math.sqrt(max(u * u - pr * pr, 0.0)) / (k.real[0] - depth)
    return best_t, best_p, k.whole[own + UP] * eta


@njit(cache=True)
def lookup_(k: Kernel, phase: int, depth_km: float, delta_deg: float) -> tuple[float, float, float]:
    """Time (s), slowness (s/deg) and derivative by depth (s/km) of a phase by index; NaN where it does not exist."""
    if phase == k.whole[LG] or phase == k.whole[LR]:
        limit, deepest = 180.0, k.real[k.whole[EDGES] + k.whole[N_SEGMENTS]]
        if phase == k.whole[LG]:
            limit, deepest = LG_MAX_DEG, LG_DEEPEST_KM
        if not (delta_deg >= 0.0 and delta_deg <= limit and depth_km >= 0.0 and depth_km <= deepest):
            return np.nan, np.nan, np.nan
        return _straight(LG_VELOCITY_KM_S if phase == k.whole[LG] else LR_VELOCITY_KM_S, delta_deg)
    if phase != k.whole[P1] and phase != k.whole[S1]:
        return _search(k, phase, depth_km, delta_deg)
    # P, else the first of PKP, else Pdiff; the first of S and SKS, else Sdiff
    a, z = (FIRST_P, LAST_P) if phase == k.whole[P1] else (FIRST_S, LAST_S)
    t, p, d = np.nan, np.nan, np.nan
    for i in range(a, z + 1):
        if t == t and (i == z or (a == FIRST_P and i == a + 1)):
            break
        t2, p2, d2 = _search(k, k.whole[i], depth_km, delta_deg)
        if t2 == t2 and not t <= t2:
            t, p, d = t2, p2, d2
    return t, p, d


@njit(cache=True)
def _many(k: Kernel, phase: int, depth: Floats, delta: Floats, out: Floats) -> None:
    for i in range(depth.size):
        out[0, i], out[1, i], out[2, i] = lookup_(k, phase, depth[i], delta[i])


class TravelTimes:
    """The tables of one model. phases: all names that `predict` knows; digest: SHA-256 of the resource."""

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.digest = hashlib.sha256(raw).hexdigest()
        with np.load(io.BytesIO(raw), allow_pickle=False) as z:
            self.phases: tuple[str, ...] = tuple(str(p) for p in z["phases"])
            self.kernel = _kernel(self.phases, {key: z[key] for key in z.files if key != "phases"})
        self._index = {p: i for i, p in enumerate(self.phases)}

    def index(self, phase: str) -> int:
        """Number of a phase for `lookup_`."""
        try:
            return self._index[phase]
        except KeyError:
            known = " ".join(self.phases)
            raise InputError(
                f"expected a phase among {known}, got {phase!r}; use one of these names"
            ) from None

    def predict(self, phase: str, depth_km: ArrayLike, delta_deg: ArrayLike) -> tuple[Any, Any, Any]:
        """Time (s), slowness (s/deg), d time / d depth (s/km), of the broadcast shape; floats for floats."""
        i = self.index(phase)
        h, d = np.broadcast_arrays(np.asarray(depth_km, float), np.asarray(delta_deg, float))
        if h.ndim == 0:
            return lookup_(self.kernel, i, float(h), float(d))
        out = np.empty((3, h.size))
        _many(self.kernel, i, np.ascontiguousarray(h).reshape(-1), np.ascontiguousarray(d).reshape(-1), out)
        return out[0].reshape(h.shape), out[1].reshape(h.shape), out[2].reshape(h.shape)


def _kernel(phases: tuple[str, ...], z: dict[str, NDArray[Any]]) -> Kernel:
    meta, edges = z["meta"], z["edges"]
    n_segments = len(edges) - 1
    phase, segment = meta[:, 0].astype(np.int64), meta[:, 1].astype(np.int64)
    nh, ns = meta[:, 4].astype(np.int64), meta[:, 5].astype(np.int64)
    ints = np.zeros((len(meta), 7), dtype=np.int64)
    ints[:, 0], ints[:, 1], ints[:, 2], ints[:, 3] = meta[:, 2], meta[:, 3], nh, ns
    ints[1:, 4] = np.cumsum(2 * nh)[:-1]
    ints[1:, 5] = np.cumsum(nh * ns)[:-1]
    ints[:, 6] = meta[:, 8] > 0
    code = phase * n_segments + segment
    flat = np.searchsorted(code, np.arange(len(phases) * n_segments + 1))
    start = np.empty((len(phases), n_segments + 1), dtype=np.int64)
    for i in range(len(phases)):
        start[i] = flat[i * n_segments : (i + 1) * n_segments + 1]
    first = np.concatenate([ints[i, 5] + ns[i] * np.arange(nh[i]) for i in range(len(meta))])
    reach = np.empty(2 * len(first))
    reach[0::2], reach[1::2] = z["x"][first], z["x"][first + np.repeat(ns, nh) - 1]
    nodes = np.rint(np.diff(edges) / z["steps"]).astype(np.int64) + 1
    velocity_start = np.zeros(2 * n_segments, dtype=np.int64)
    velocity_start[1:] = np.cumsum(np.repeat(nodes, 2))[:-1]
    special = [phases.index(p) for p in SPECIAL]
    whole = [start.reshape(-1), ints.reshape(-1), velocity_start]
    real = [
        np.array([float(z["radius"])]),
        meta[:, 6:8].reshape(-1),
        z["ends"],
        reach,
        edges,
        z["steps"],
        z["velocity"],
    ]
    begins = HEAD + np.cumsum([0, *(len(part) for part in whole)])
    offsets = np.cumsum([len(part) for part in real])
    velocity_start += offsets[5]
    head = np.array([*begins[:3], *offsets[:5], n_segments, *special], dtype=np.int64)
    return Kernel(
        np.concatenate([head, *whole]), np.concatenate([np.asarray(part, float) for part in real]), z["x"], z["tau"]
    )  # fmt: skip


@cache
def load(name: str = "ak135") -> TravelTimes:
    """Tables of a model, read once; InputError for a model that is not shipped."""
    if name not in MODELS:
        raise InputError(f"expected a model among {' '.join(MODELS)}, got {name!r}; use one of these names")
    return TravelTimes(name, (resources.files("testban.earth") / "data" / f"travel_{name}.npz").read_bytes())
