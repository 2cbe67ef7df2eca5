"""How one policy follows another while station and warden run: what both check before they take a new one from its slot on.

Rules: signed by all parties, shown to be in the witnessed log, of a higher version, from a slot that is not closed yet; the slot grid and
the epochs stay, and a payload is not larger than the nodes were started for (else they are started anew, with new state). Both
sides ask the same of the same bytes, so that they agree on the slot.
"""

from collections.abc import Sequence

from testban.trust import checks, notes, proofs
from testban.trust.checks import Reason
from testban.trust.documents import Policy
from testban.trust.packet import payload_size
from testban.trust.quorum import Quorum
from testban.trust.registry import Treaty


def at(policies: Sequence[Policy], slot: int) -> Policy:
    """The policy of a slot, among those that were taken in their order; the first where none has begun."""
    begun = [p for p in policies if p.from_slot <= slot]
    return begun[-1] if begun else policies[0]


def next_policy(
    taken: Sequence[Policy], data: bytes, proof: bytes, treaty: Treaty, quorum: Quorum, *, closed: int | None
) -> Policy:
    """The policy in a note that may follow those that were taken. closed: the last slot that is closed, None to take up what was taken before."""
    note = notes.parse(data)
    policy, last = Policy.parse(note.text), taken[-1]
    checks.require(policy.station == last.station, Reason.STATION_NAME, policy.station)
    newer = policy.version > last.version and policy.from_slot >= last.from_slot
    checks.require(newer, Reason.POLICY_DOWNGRADE, f"version {policy.version} after {last.version}")
    treaty.check(note, "policy")
    proofs.verify(proof, quorum, data)
    grid = (policy.slot_seconds, policy.epoch_slots) == (last.slot_seconds, last.epoch_slots)
    fits = grid and payload_size(policy) <= payload_size(taken[0])
    checks.require(
        fits, Reason.PAYLOAD_LENGTH, "other slots or epochs, or more samples: the nodes must be started anew"
    )
    late = closed is not None and policy.from_slot <= closed
    checks.require(not late, Reason.SLOT_REPLAY, f"a policy from slot {policy.from_slot}, closed already")
    return policy
