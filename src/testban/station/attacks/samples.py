"""Attacks in the samples themselves: a hostile digitiser, a recorded answer to a calibration (threats 4, 5, 6)."""

import msgspec
import numpy as np

from testban.station import calibration, covert, dither
from testban.station.attacks.suite import attack
from testban.station.clock import Clock, ClockState
from testban.station.parties import Parties
from testban.trust import beacon, checks
from testban.trust.checks import Reason

NAME = "XX.ALFA"
SAMPLES = 40 * 86400


@attack("bits in the undecided roundings, quantum 32", 6, "host's twin sensor", Reason.TWIN)
def perturbed(p: Parties) -> object:
    """Eight bits a second; the coarse quantum makes them show as variance."""
    rng = np.random.default_rng(63)
    ground = rng.normal(0, covert.SITE_RMS, SAMPLES)
    fine = ground + rng.normal(0, covert.SELF_RMS, SAMPLES)
    twin = covert.quantise(ground + rng.normal(0, covert.SELF_RMS, SAMPLES), 1)
    counts, _ = covert.perturb(fine, 32, 0.1, rng.integers(0, 2, SAMPLES))
    return covert.check_twin(counts, twin, covert.SELF_RMS, 32)


@attack("samples that the dither does not give", 6, "warden", Reason.DITHER)
def undithered(p: Parties) -> None:
    """The package shows fine counts, hears the dither, and signs others than these make."""
    site = p.sites[NAME]
    policy = msgspec.structs.replace(site.station.policy, quantum=32)
    site.station.succession.policies[:] = site.warden.succession.policies[:] = [policy]
    site.warden.dither = dither.Host(b"host's own secret".ljust(32), dither.InMemory())
    fine = p.samples(NAME, p.slot)
    answer = site.warden.reveal(p.slot, fine.astype("<i4").tobytes())
    counts = dither.signed_counts(fine, answer, policy)
    counts[0, 7] += 32
    p.countersign(NAME, site.station.slot(p.slot, counts))


@attack("recorded answer to a calibration", 4, "auditor", Reason.CALIBRATION)
def no_pulse(p: Parties) -> object:
    """Yesterday's noise does not hold today's pulse."""
    policy = p.sites[NAME].station.policy
    asked = beacon.challenge(p.log.tree.root(), policy, p.slot, 8640)
    return calibration.check(p.samples(NAME, asked.slot), policy, asked)


@attack("satellite time stepped by a spoofer", 5, "station", Reason.CLOCK)
def spoofed_time(p: Parties) -> None:
    """The step is not followed, and said in the state of health."""
    clock = Clock(anchor_time_ns=0, anchor_counter_ns=0)
    clock.read(0, 1_000_000_000_000)
    time, state = clock.read(60_000_000_000, 1_000_000_000_000 + 60_250_000_000)
    followed = time > 1_000_000_000_000 + 60_010_000_000
    checks.require(
        state is not ClockState.STEPPED or followed, Reason.CLOCK, "satellite time stepped by 250 ms"
    )
