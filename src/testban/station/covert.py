"""The sample channel, honestly: what a hostile digitiser could hide in the counts, and what shows it.

Rules: detectors are blind to the embedder's method; every figure comes with its z; nothing here proves absence. The tests are the
bias of the last bit, the pair chi-square of Westfeld and Pfitzmann (1999) and the twin test (variance of station minus the host's
sensor beside it, chi-square, 6 sigma); what the dither loop (see `dither`) leaves to an embedder, by calculation. Synthetic noise; seeded.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from testban.trust import checks
from testban.trust.checks import Reason

SIGMAS = 6.0
SITE_RMS = 300.0
SELF_RMS = 8.0
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One attack on one channel-day and what the tests say (z; None = not applicable)."""

    attack: str
    quantum: int
    bits_per_s: float
    lsb_z: float | None
    pairs_z: float | None
    twin_z: float


def quantise(x: Floats, q: int) -> Ints:
    """Honest rounding to the quantum."""
    return (np.floor(x / q + 0.5) * q).astype(np.int64)


def replace_lsb(counts: Ints, bits: Ints) -> Ints:
    """The crude embedder: one bit a sample in the last bit."""
    return (counts & ~np.int64(1)) | bits


def perturb(x: Floats, q: int, epsilon: float, bits: Ints) -> tuple[Ints, int]:
    """The clever embedder: where the rounding is nearly undecided, the message decides. Returns counts, bits embedded."""
    y = x / q
    low = np.floor(y)
    near = np.abs(y - low - 0.5) < epsilon
    counts = np.floor(y + 0.5)
    counts[near] = low[near] + bits[: int(near.sum())]
    return (counts * q).astype(np.int64), int(near.sum())


def lsb_z(counts: Ints) -> float:
    """Z of the share of odd counts against one half."""
    n = counts.size
    return float((counts & 1).sum() - n / 2) / math.sqrt(n / 4)


def pairs_z(counts: Ints) -> float:
    """Z of the pair chi-square: values 2k and 2k+1 equally frequent looks like a message only where noise is not flat."""
    low = int(counts.min()) & ~1
    histogram = np.bincount(counts - low)
    if histogram.size % 2:
        histogram = np.append(histogram, 0)
    pairs = histogram.reshape(-1, 2).astype(np.float64)
    total = pairs.sum(axis=1)
    kept = total >= 20
    chi2 = float((((pairs[:, 0] - pairs[:, 1]) ** 2)[kept] / total[kept]).sum())
    k = int(kept.sum())
    return (chi2 - k) / math.sqrt(2 * k)


def twin_z(counts: Ints, twin: Ints, self_rms: float, q: int) -> float:
    """Z of the variance of station minus twin against what self-noise and rounding explain (twin at 1 count)."""
    difference = (counts - twin).astype(np.float64)
    return variance_z(float((difference * difference).mean()), difference.size, self_rms, q)


def variance_z(variance: float, samples: int, self_rms: float, q: int) -> float:
    """The same from the mean square of the difference."""
    expected = 2 * self_rms**2 + q * q / 12 + 1 / 12
    return (variance / expected - 1) * math.sqrt(samples / 2)


def check_twin(counts: Ints, twin: Ints, self_rms: float, q: int) -> float:
    """Refuse a day whose difference from the twin is larger than noise; returns z."""
    z = twin_z(counts, twin, self_rms, q)
    checks.require(z < SIGMAS, Reason.TWIN, f"station minus twin: z = {z:.1f}")
    return z


def dithered_capacity(amplitude: float, q: int, rate: float = 40.0, steps: int = 4000) -> float:
    """Bits per second through the dither for an embedder that moves x by +-amplitude counts and a reader that knows x.

    The quantiser goes up with probability p = frac(x/q); +-amplitude moves p by +-amplitude/q: mutual information averaged
    over p (a bound for this embedder, not for all).
    """
    shift = amplitude / q
    total = 0.0
    for i in range(steps):
        p = (i + 0.5) / steps
        a, b = min(p + shift, 1.0), max(p - shift, 0.0)
        total += _entropy((a + b) / 2) - (_entropy(a) + _entropy(b)) / 2
    return rate * total / steps


def additive_capacity(amplitude: float, q: int, rate: float = 40.0) -> float:
    """The same under the additive model: Gaussian noise of rounding and dither (q^2/6), a reader that does not know x."""
    return rate * 0.5 * math.log2(1 + amplitude**2 / (q * q / 6))


def _entropy(p: float) -> float:
    if p <= 0 or p >= 1:
        return 0.0
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def dither_loss_db(q: int, self_rms: float = SITE_RMS) -> float:
    """Noise that quantum and dither add to site noise, in dB: the price of the loop."""
    return 10 * math.log10(1 + (q * q / 12 + q * q / 12) / self_rms**2)


def _text_bits(n: int) -> Ints:
    text = b"the quick brown fox counts the columns that pass the bridge at dawn and reports them. "
    bits = np.unpackbits(np.frombuffer(text, np.uint8)).astype(np.int64)
    return np.resize(bits, n)


def table(seconds: int = 86400, rate: int = 40, start: int = 1963) -> list[Row]:
    """Attacks of a hostile digitiser on one channel and what the tests see."""
    rng = np.random.default_rng(start)
    n = seconds * rate
    ground = rng.normal(0, SITE_RMS, n)
    fine = ground + rng.normal(0, SELF_RMS, n)
    twin = quantise(ground + rng.normal(0, SELF_RMS, n), 1)
    random = rng.integers(0, 2, n)

    def row(attack: str, counts: Ints, q: int, bits: int) -> Row:
        lsb = q == 1
        return Row(
            attack=attack, quantum=q, bits_per_s=bits / seconds, lsb_z=lsb_z(counts) if lsb else None,
            pairs_z=pairs_z(counts) if lsb else None, twin_z=twin_z(counts, twin, SELF_RMS, q),
        )  # fmt: skip

    honest = quantise(fine, 1)
    rows = [
        row("none", honest, 1, 0),
        row("last bit replaced by plain text", replace_lsb(honest, _text_bits(n)), 1, n),
        row("last bit replaced by encrypted bits", replace_lsb(honest, random), 1, n),
    ]
    for q, epsilon in ((1, 0.1), (16, 0.1), (32, 0.1), (32, 0.05)):
        counts, bits = perturb(fine, q, epsilon, random)
        rows.append(row(f"perturbed quantisation, epsilon {epsilon}", counts, q, bits))
    return rows
