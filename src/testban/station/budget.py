"""What is left of covert room, in bits per second and channel: bounds and measurements, never "none".

Rules: zero only where there is one spelling (shown by rebuilding, see `notes`, `packet`, `rsa`); everything else has a number and
says whether it was measured on the log at hand, bounded by the policy, or estimated for a stated embedder.
"""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from testban.station import covert
from testban.trust.documents import Policy
from testban.trust.ledger import day_slots
from testban.trust.packet import Packet

RSA_SOUNDNESS_BITS = 128
CEREMONY_PACKAGES = 4


class Residual(msgspec.Struct, frozen=True, kw_only=True):
    """One way out and how much fits through it."""

    channel: str
    bits_per_s: float
    basis: str
    note: str


def entropy(counts: Sequence[int]) -> float:
    """Shannon entropy in bits of an observed distribution."""
    total = sum(counts)
    return sum(-c / total * math.log2(c / total) for c in counts if c) if total else 0.0


def budget(policy: Policy, packets: Sequence[Packet] = (), *, dithered: bool = False) -> list[Residual]:
    """The table for one station; with packets of a log, gaps and state of health are measured instead of bounded."""
    seconds = policy.slot_seconds
    share = min(policy.gap_budget / day_slots(policy), 0.5)
    allowed = covert._entropy(share) / seconds
    mask_bits = int.from_bytes(policy.soh_mask, "big").bit_count()
    channels = len(policy.channels)
    rows = [
        Residual(channel="framing, header, order of fields", bits_per_s=0.0, basis="by construction", note="one spelling; rebuilt and compared"),
        Residual(
            channel="signatures", bits_per_s=0.0, basis="by construction",
            note=f"unique RSA; a key with a choice passes its certificate with chance 2^-{RSA_SOUNDNESS_BITS}",
        ),
        Residual(channel="gaps (policy)", bits_per_s=allowed, basis="bound", note=f"{policy.gap_budget} gaps a day allowed"),
        Residual(channel="state of health (policy)", bits_per_s=mask_bits / seconds, basis="bound", note=f"{mask_bits} bits in the mask"),
        Residual(
            channel="release time", bits_per_s=0.0, basis="by construction",
            note="the warden releases on the slot grid; late logging is counted by the auditor",
        ),
        Residual(
            channel="key", bits_per_s=0.0, basis="bound",
            note=f"once, not per second; a chosen modulus is caught with chance 1 - 1/{CEREMONY_PACKAGES} of {CEREMONY_PACKAGES} packages",
        ),
    ]  # fmt: skip
    if packets:
        gaps = Counter(p.is_gap for p in packets)
        health = Counter(p.soh for p in packets)
        rows += [
            Residual(
                channel="gaps (this log)",
                bits_per_s=entropy(list(gaps.values())) / seconds,
                basis="measured",
                note=f"{gaps[True]} of {len(packets)} slots",
            ),
            Residual(
                channel="state of health (this log)",
                bits_per_s=entropy(list(health.values())) / seconds,
                basis="measured",
                note=f"{len(health)} values seen",
            ),
        ]
    return rows + _samples(policy, channels, dithered)


def _samples(policy: Policy, channels: int, dithered: bool) -> list[Residual]:
    rate, q = float(policy.rate), policy.quantum
    if dithered:
        bits = covert.dithered_capacity(1.0, max(q, 2), rate) * channels
        note = "embedder of +-1 count, reader who knows the fine samples; z > 6 within a day on the twin"
        return [Residual(channel="samples, dither loop", bits_per_s=bits, basis="estimated", note=note)]
    if q == 1:
        bits = 0.2 * rate * channels
        note = "perturbed quantisation, epsilon 0.1: invisible to the twin test at quantum 1; widen the quantum or dither"
        return [Residual(channel="samples, quantum 1", bits_per_s=bits, basis="estimated", note=note)]
    # Perturbed quantisation of width eps adds eps^2 q^2 of variance; the twin sees 6 sigma in a day.
    noise = 2 * covert.SELF_RMS**2 + q * q / 12 + 1 / 12
    seen = covert.SIGMAS * noise / math.sqrt(86400 * rate / 2)
    epsilon = min(math.sqrt(seen) / q, 0.5)
    note = f"perturbed quantisation with epsilon {epsilon:.3f}, the most that stays below 6 sigma in a day"
    return [
        Residual(
            channel=f"samples, quantum {q}",
            bits_per_s=2 * epsilon * rate * channels,
            basis="estimated",
            note=note,
        )
    ]
