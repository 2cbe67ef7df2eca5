"""Compiled loops of the frequency-wavenumber analysis (`fk`): steering, beam power over a grid, refinement.

Rules: no BLAS, no fastmath, sums over elements and bins in their order; real and imaginary parts in separate arrays,
so that the inner loops run over slownesses and are vectorised without reassociating a sum. Slowness in s/km, places
in km, angular frequency in rad/s.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from testban.base.dmath import sincos_

Floats = NDArray[np.float64]


@njit(cache=True)
def steering_(w: Floats, place: Floats, slowness: Floats, sign: float, re: Floats, im: Floats) -> None:
    """exp(i sign w s x) for every frequency, element and slowness; re, im of shape (nf, n, ns)."""
    for f in range(w.size):
        for i in range(place.size):
            for k in range(slowness.size):
                s, c = sincos_(sign * w[f] * place[i] * slowness[k])
                re[f, i, k] = c
                im[f, i, k] = s


@njit(cache=True)
def grid_(
    xr: Floats, xi: Floats, ar: Floats, ai: Floats, br: Floats, bi: Floats, weight: Floats, power: Floats
) -> None:
    """Add the weighted beam power of every bin to `power` (nx, 2 nh - 1).

    xr, xi: spectra (nf, n); ar, ai: east steering (nf, n, nx); br, bi: north steering (nf, n, nh or more) for
    py >= 0, padded so that every loop runs in whole vectors.
    Column nh - 1 + k is +py_k, nh - 1 - k is -py_k.
    """
    nf, n = xr.shape
    nx = ar.shape[2]
    nh = (power.shape[1] + 1) // 2
    wide = br.shape[2]
    p = np.empty(wide)
    q = np.empty(wide)
    r = np.empty(wide)
    s = np.empty(wide)
    gr = np.empty(n)
    gi = np.empty(n)
    for f in range(nf):
        for a in range(nx):
            for k in range(wide):
                p[k] = 0.0
                q[k] = 0.0
                r[k] = 0.0
                s[k] = 0.0
            for i in range(n):
                gr[i] = xr[f, i] * ar[f, i, a] - xi[f, i] * ai[f, i, a]
                gi[i] = xr[f, i] * ai[f, i, a] + xi[f, i] * ar[f, i, a]
            # Four elements a pass: a sum kept in a register costs a quarter of the memory traffic, same order.
            for j in range(n // 4):
                i = 4 * j
                g0, g1, g2, g3 = gr[i], gr[i + 1], gr[i + 2], gr[i + 3]
                h0, h1, h2, h3 = gi[i], gi[i + 1], gi[i + 2], gi[i + 3]
                for k in range(wide):
                    c0, c1, c2, c3 = br[f, i, k], br[f, i + 1, k], br[f, i + 2, k], br[f, i + 3, k]
                    p[k] = (((p[k] + g0 * c0) + g1 * c1) + g2 * c2) + g3 * c3
                    s[k] = (((s[k] + h0 * c0) + h1 * c1) + h2 * c2) + h3 * c3
                for k in range(wide):
                    d0, d1, d2, d3 = bi[f, i, k], bi[f, i + 1, k], bi[f, i + 2, k], bi[f, i + 3, k]
                    q[k] = (((q[k] + h0 * d0) + h1 * d1) + h2 * d2) + h3 * d3
                    r[k] = (((r[k] + g0 * d0) + g1 * d1) + g2 * d2) + g3 * d3
            for i in range(4 * (n // 4), n):
                for k in range(wide):
                    p[k] += gr[i] * br[f, i, k]
                    q[k] += gi[i] * bi[f, i, k]
                    r[k] += gr[i] * bi[f, i, k]
                    s[k] += gi[i] * br[f, i, k]
            for k in range(nh):
                u = p[k] - q[k]
                v = s[k] + r[k]
                power[a, nh - 1 + k] += weight[f] * (u * u + v * v)
            for k in range(1, nh):
                u = p[k] + q[k]
                v = s[k] - r[k]
                power[a, nh - 1 - k] += weight[f] * (u * u + v * v)


@njit(cache=True)
def peak_(power: Floats) -> tuple[int, int]:
    """First greatest element of a map, by rows."""
    best, bx, by = -1.0, 0, 0
    for a in range(power.shape[0]):
        for b in range(power.shape[1]):
            if power[a, b] > best:
                best, bx, by = power[a, b], a, b
    return bx, by


@njit(cache=True)
def beam_power_(
    xr: Floats,
    xi: Floats,
    w: Floats,
    weight: Floats,
    place: Floats,
    inverse_v2: float,
    px: float,
    py: float,
    out: Floats,
) -> None:
    """Beam power at one slowness with its derivatives: out = P, Px, Py, Pxx, Pxy, Pyy.

    place: (n, 3) east, north, up in km; slowness in s/km; inverse_v2 = 1 / surface velocity^2 (0: flat array).
    """
    nf, n = xr.shape
    up2 = inverse_v2 - px * px - py * py
    q, qx, qy, qxx, qxy, qyy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if up2 > 0.01 * inverse_v2 and inverse_v2 > 0.0:
        q = math.sqrt(up2)
        qx, qy = -px / q, -py / q
        qxx, qxy, qyy = -(1.0 + qx * qx) / q, -qx * qy / q, -(1.0 + qy * qy) / q
    for m in range(6):
        out[m] = 0.0
    for f in range(nf):
        b = np.zeros(12)
        for i in range(n):
            x, y, z = place[i, 0], place[i, 1], place[i, 2]
            s, c = sincos_(w[f] * (q * z - px * x - py * y))
            re = xr[f, i] * c - xi[f, i] * s
            im = xr[f, i] * s + xi[f, i] * c
            tx, ty = w[f] * (qx * z - x), w[f] * (qy * z - y)
            txx, txy, tyy = w[f] * qxx * z, w[f] * qxy * z, w[f] * qyy * z
            b[0] += re
            b[1] += im
            b[2] -= tx * im
            b[3] += tx * re
            b[4] -= ty * im
            b[5] += ty * re
            b[6] -= tx * tx * re + txx * im
            b[7] -= tx * tx * im - txx * re
            b[8] -= tx * ty * re + txy * im
            b[9] -= tx * ty * im - txy * re
            b[10] -= ty * ty * re + tyy * im
            b[11] -= ty * ty * im - tyy * re
        out[0] += weight[f] * (b[0] * b[0] + b[1] * b[1])
        out[1] += weight[f] * 2.0 * (b[0] * b[2] + b[1] * b[3])
        out[2] += weight[f] * 2.0 * (b[0] * b[4] + b[1] * b[5])
        out[3] += weight[f] * 2.0 * (b[2] * b[2] + b[3] * b[3] + b[0] * b[6] + b[1] * b[7])
        out[4] += weight[f] * 2.0 * (b[2] * b[4] + b[3] * b[5] + b[0] * b[8] + b[1] * b[9])
        out[5] += weight[f] * 2.0 * (b[4] * b[4] + b[5] * b[5] + b[0] * b[10] + b[1] * b[11])


@njit(cache=True)
def refine_(
    xr: Floats,
    xi: Floats,
    w: Floats,
    weight: Floats,
    place: Floats,
    inverse_v2: float,
    px: float,
    py: float,
    cell: float,
) -> tuple[float, float, Floats]:
    """Climb from a grid node to the maximum, damped Newton steps of at most half a cell, never downhill."""
    here = np.empty(6)
    there = np.empty(6)
    beam_power_(xr, xi, w, weight, place, inverse_v2, px, py, here)
    damping = 0.0
    x0, y0 = px, py
    for _ in range(40):
        hxx, hxy, hyy = -here[3], -here[4], -here[5]
        scale = 0.5 * (abs(hxx) + abs(hyy)) + 1e-300
        mean, half = 0.5 * (hxx + hyy), math.sqrt(0.25 * (hxx - hyy) ** 2 + hxy * hxy)
        shift = damping * scale
        if mean - half < 1e-3 * scale:
            shift += 1e-2 * scale - (mean - half)
        axx, ayy = hxx + shift, hyy + shift
        det = axx * ayy - hxy * hxy
        dx = (ayy * here[1] - hxy * here[2]) / det
        dy = (axx * here[2] - hxy * here[1]) / det
        size = math.sqrt(dx * dx + dy * dy)
        if size < 1e-7 * cell:
            break
        if size > 0.5 * cell:
            dx, dy = dx * 0.5 * cell / size, dy * 0.5 * cell / size
        nx, ny = px + dx, py + dy
        if abs(nx - x0) > 1.5 * cell or abs(ny - y0) > 1.5 * cell:
            break
        beam_power_(xr, xi, w, weight, place, inverse_v2, nx, ny, there)
        if there[0] > here[0]:
            px, py = nx, ny
            for m in range(6):
                here[m] = there[m]
            damping *= 0.3
        else:
            damping = 4.0 * damping + 0.1
            if damping > 1e4:
                break
    return px, py, here


@njit(cache=True)
def bin_noise_(
    xr: Floats, xi: Floats, w: Floats, place: Floats, inverse_v2: float, px: float, py: float, weight: Floats
) -> float:
    """Residual power per bin and element but one, as the slowness feels it: weighted by w^2 |beam|^2 (0: no beam)."""
    nf, n = xr.shape
    up2 = inverse_v2 - px * px - py * py
    q = math.sqrt(up2) if up2 > 0.01 * inverse_v2 and inverse_v2 > 0.0 else 0.0
    above, below = 0.0, 0.0
    for f in range(nf):
        re, im, total = 0.0, 0.0, 0.0
        for i in range(n):
            s, c = sincos_(w[f] * (q * place[i, 2] - px * place[i, 0] - py * place[i, 1]))
            re += xr[f, i] * c - xi[f, i] * s
            im += xr[f, i] * s + xi[f, i] * c
            total += xr[f, i] * xr[f, i] + xi[f, i] * xi[f, i]
        beam = re * re + im * im
        curve = weight[f] * w[f] * w[f] * beam
        above += curve * weight[f] * max(0.0, total - beam / n) / (n - 1)
        below += curve
    return above / below if below > 0.0 else 0.0
