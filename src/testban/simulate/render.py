"""One arrival as counts on every channel of a site.

Rules: the ground motion is scaled so that the noise-free vertical record, 0.8-4.5 Hz, gives back the intended A/T
(S and Lg: on the larger horizontal); then the instrument's response is applied as a spectrum. The samples lie on
the absolute grid of the channel, so they do not depend on the hour that asks for them.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from testban.base import dmath
from testban.base.geo import KM_PER_DEG
from testban.base.times import NS_PER_S
from testban.earth import response as responses
from testban.simulate import draws, mechanism, wavelets
from testban.simulate.network import Post, Receiver, response
from testban.simulate.sources import Shock

Floats = NDArray[np.float64]
PAD_S = 5.0
COHERENT = 0.8  # share of coda amplitude common to the elements of an array (stand-in)


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of one event at one site. time_ns: true onset; stamp_ns: as the station's clock stamps it.

    log_a: log10 A/T in nm/s. polarity: first motion of P on the vertical, +1 or -1; nodal: 0 at a node, 1 away from it.
    """

    shock: Shock
    phase: str
    key: int
    time_ns: int
    stamp_ns: int
    delta: float
    azimuth: float
    backazimuth: float
    slowness: float
    log_a: float
    snr: float
    first: bool
    polarity: int
    nodal: float
    shape: wavelets.Shape


def polarity(shock: Shock, phase: str, azimuth: float, slowness: float) -> tuple[int, float]:
    """Sign of the first motion of a P-type phase and how far from a node it is (0..1)."""
    if phase[0] != "P" or phase == "Pdiff":
        return 1, 1.0
    if shock.kind != "earthquake" or shock.mechanism is None:
        sign = -1 if shock.kind == "collapse" else 1
        return (-sign if phase == "pP" else sign), 1.0
    i = mechanism.takeoff_deg(slowness, shock.depth_km, upward=phase in ("pP", "Pg"))
    p = mechanism.radiation(*shock.mechanism, azimuth, i)[0]
    sign = 1 if p >= 0.0 else -1
    return (-sign if phase == "pP" else sign), min(1.0, 0.15 + abs(p))


class Renderer:
    """Arrivals to counts; keeps responses."""

    def __init__(self) -> None:
        self.responses: dict[tuple[str, int], Any] = {}

    def _response(self, r: Receiver, f: Floats) -> Any:
        ident = (r.instrument.name, len(f))
        if ident not in self.responses:
            if len(self.responses) > 64:
                self.responses.clear()
            h = np.zeros(f.shape, dtype=np.complex128)
            h[1:] = responses.evaluate(response(r.instrument), f[1:], unit="m")
            self.responses[ident] = h * 1e-9
        return self.responses[ident]

    def counts(self, post: Post, a: Arriving) -> dict[str, tuple[int, Floats]]:
        """For each channel (by name): the index of its first sample on the absolute grid, and the counts."""
        out: dict[str, tuple[int, Floats]] = {}
        grouped: dict[float, list[Receiver]] = {}
        for r in post.receivers:
            grouped.setdefault(r.instrument.rate_hz, []).append(r)
        for rate in sorted(grouped):
            maker = self._surface if a.phase == "LR" else self._body
            out.update(maker(a, rate, grouped[rate]))
        return out

    def _grid(self, a: Arriving, rate: float, length_s: float) -> tuple[int, float, int, Floats]:
        """First index, time of the onset after it, length, frequencies (the lowest replaced to avoid zero)."""
        whole = a.stamp_ns / NS_PER_S - PAD_S
        first = int(np.floor(whole * rate))
        lag = float((a.stamp_ns - round(first / rate * NS_PER_S)) / NS_PER_S)
        n = 256
        while n < (length_s + PAD_S + 30.0) * rate:
            n *= 2
        if n >= 1024 and 3 * n // 4 >= (length_s + PAD_S + 30.0) * rate:
            n = 3 * n // 4
        f = wavelets.grid(n // 2 + 1, rate / n)
        f[0] = 0.1 * f[1]
        return first, lag, n, f

    def _body(self, a: Arriving, rate: float, receivers: list[Receiver]) -> dict[str, tuple[int, Floats]]:
        s = a.shape
        first, lag, n, f = self._grid(a, rate, s.length_s)
        w = wavelets.minimum_phase(wavelets.log_spectrum(s, f) + wavelets.anti_alias(f, rate), n)
        plain = np.fft.irfft(w, n)
        band = wavelets.band_magnitude(f)
        filtered = np.fft.irfft(w * band, n)
        energy = float(np.sqrt(np.sum(filtered * filtered)))
        t = wavelets.grid(n, 1.0 / rate, 0.5)
        ratio = s.coda * float(np.abs(filtered).max()) / energy
        ratio *= 1.0 if a.nodal >= 0.5 else 1.5  # near a node the scattered share is larger
        env = wavelets.envelope(s, t) * ratio
        # A whole number of samples, so that the record is exactly still before the onset (at most half a sample off).
        late = lag if s.wave == "Lg" else lag - wavelets.onset_s(plain, rate)
        here = w * wavelets.shift(f, float(np.rint(late * rate)) / rate)
        direct = {"Z": 0.0, "R": 0.0, "T": 0.0} if s.wave == "Lg" else self._direction(a)
        common = {
            c: np.fft.rfft(env * draws.bulk_normal(draws.key(a.key, "coda", a.phase, c, n), n)) for c in "ZRT"
        }
        weight = {"Z": 1.0 if s.wave == "P" else 0.8, "R": s.horizontal, "T": s.horizontal}
        tracks = {c: here * (direct[c] + weight[c] * common[c]) for c in "ZRT"}
        scale = self._scale(a, tracks, band, rate, n)
        out = {}
        h_cut = np.ones(n)
        m = max(8, n // 16)
        h_cut[n - m :] = 0.5 + 0.5 * dmath.cos(dmath.PI * (np.arange(m) + 0.5) / m)
        for r in receivers:
            g = self._turn(a, tracks, r.component)
            if r.east_km or r.north_km:
                own = np.fft.rfft(
                    env * draws.bulk_normal(draws.key(a.key, "coda", a.phase, str(r.nslc), n), n)
                )
                g = here * (direct["Z"] + weight["Z"] * (COHERENT * common["Z"] + 0.6 * own))
                g = g * wavelets.shift(f, self._delay(a, r))
            x = np.fft.irfft(g * self._response(r, f), n) * (scale * h_cut)
            out[str(r.nslc)] = (first, x)
        return out

    def _direction(self, a: Arriving) -> dict[str, float]:
        """Direct wave on vertical, radial (outward) and transverse, unit length at the surface; signs of the first motion."""
        per_km = a.slowness / KM_PER_DEG
        if a.shape.wave == "P":
            sine = min(0.95, per_km * 5.8)
            cosine = float(np.sqrt(1.0 - sine * sine))
            return {"Z": a.polarity * cosine, "R": a.polarity * sine, "T": 0.0}
        sine = min(0.95, per_km * 3.46)
        cosine = float(np.sqrt(1.0 - sine * sine))
        u = draws.uniform(draws.key(a.key, "s"), 1)
        sv, sh = dmath.sincos_(2.0 * dmath.PI * float(u[0]))
        return {"Z": -sv * sine, "R": sv * cosine, "T": sh}

    def _scale(self, a: Arriving, tracks: dict[str, Any], band: Floats, rate: float, n: int) -> float:
        channels = "Z" if a.shape.wave == "P" else "RT"
        window = {"P": 5.5, "S": 10.0, "Lg": a.shape.length_s}[a.shape.wave]
        stop = round((PAD_S + 1.0 + window) * rate)
        got = max(
            wavelets.amplitude_over_period(np.fft.irfft(tracks[c] * band, n)[:stop], rate) for c in channels
        )
        return dmath.exp10_(a.log_a) / got if got > 0.0 else 0.0

    def _turn(self, a: Arriving, tracks: dict[str, Any], component: str) -> Any:
        if component == "Z":
            return tracks["Z"]
        sine, cosine = dmath.sincos_((a.backazimuth + 180.0) * dmath.DEG)
        if component == "E":
            return tracks["R"] * sine + tracks["T"] * cosine
        return tracks["R"] * cosine - tracks["T"] * sine

    def _delay(self, a: Arriving, r: Receiver) -> float:
        sine, cosine = dmath.sincos_((a.backazimuth + 180.0) * dmath.DEG)
        return a.slowness / KM_PER_DEG * (r.east_km * sine + r.north_km * cosine)

    def _surface(self, a: Arriving, rate: float, receivers: list[Receiver]) -> dict[str, tuple[int, Floats]]:
        """LR: the record starts with the fastest period; A/T at 17-23 s is as intended."""
        km = a.delta * KM_PER_DEG
        slow_first = km / 4.2
        origin_ns = a.stamp_ns - round(a.slowness * a.delta * NS_PER_S)
        start = msgspec.structs.replace(a, stamp_ns=origin_ns + round(slow_first * NS_PER_S))
        first, lag, n, f = self._grid(start, rate, a.shape.length_s)
        f_true = wavelets.grid(n // 2 + 1, rate / n)
        z: Any = wavelets.rayleigh(f_true, a.delta)
        z = z * wavelets.shift(f_true, lag - slow_first)
        narrow = np.where((f > 1.0 / 23.0) & (f < 1.0 / 17.0), z, 0.0)
        peak = float(np.abs(np.fft.irfft(narrow, n)).max())
        scale = 20.0 * dmath.exp10_(a.log_a) / peak if peak > 0.0 else 0.0
        m = max(8, n // 32)
        cut = np.ones(n)
        cut[n - m :] = 0.5 + 0.5 * dmath.cos(dmath.PI * (np.arange(m) + 0.5) / m)
        tracks = {"Z": z, "R": 0.8j * z, "T": 0.0 * z}
        out = {}
        for r in receivers:
            g = self._turn(a, tracks, r.component)
            if r.east_km or r.north_km:
                g = g * wavelets.shift(f_true, self._delay(a, r))
            out[str(r.nslc)] = (first, np.fft.irfft(g * self._response(r, f), n) * (scale * cut))
        return out
