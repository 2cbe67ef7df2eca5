"""What is in force for one station while its nodes run: policies and keys by slot, and what both check before they take a change.

Rules: a change is a document of the log (policy, certificate, key, rotation, revocation) that counts by the same rules as for any
auditor (`registry`) and is shown to be in the witnessed log; a policy, key or rotation begins at a slot that is not closed yet, a
revocation may look back, since what was witnessed stands; of a policy the slot grid and the epochs stay, and a payload is not larger
than the nodes were started for (else they are started anew, with new state); a node takes no key for itself that it does not hold.
Both sides ask the same of the same bytes, so that they agree on the slot.
"""

from collections.abc import Mapping, Sequence

from testban.trust import checks, notes, proofs
from testban.trust.bodies import Body
from testban.trust.checks import Reason
from testban.trust.documents import Certificate, Key, Policy, Revocation, Rotation
from testban.trust.notes import Signer, Verifier
from testban.trust.packet import payload_size
from testban.trust.quorum import Quorum
from testban.trust.registry import Period, Registry, Treaty

_FROM_OPEN_SLOTS = (Policy, Key, Rotation)


class Succession:
    """What a node knows to be in force. own: the keys that it holds, the first in force; known: those of others, by role."""

    def __init__(
        self, role: str, policy: Policy, own: Sequence[Signer], known: Mapping[str, Verifier] | None = None
    ) -> None:
        self.role, self.own, self._first = role, tuple(own), policy
        self.registry = Registry(Treaty(parties={}))  # nothing is applied to this one: see `after`
        self.registry.policies[policy.station] = [policy]
        for name, verifier in {role: own[0].verifier, **(known or {})}.items():
            self.registry.keys[name] = [Period(verifier=verifier, from_slot=0)]

    @property
    def policies(self) -> list[Policy]:
        """The policies that were taken, in their order."""
        return self.registry.policies[self._first.station]

    def policy(self, slot: int) -> Policy:
        """The policy of a slot; the first where none has begun."""
        begun = [p for p in self.policies if p.from_slot <= slot]
        return begun[-1] if begun else self.policies[0]

    def key(self, role: str, slot: int) -> Verifier:
        """The key in force in a role at a slot; Rejected where it was revoked."""
        return self.registry.key(role, slot)

    def signer(self, slot: int) -> Signer:
        """The node's own key for a slot: what was closed is signed again with the key of its time."""
        return self._held(self.key(self.role, slot).vkey())

    def _held(self, vkey: str) -> Signer:
        found = [s for s in self.own if s.verifier.vkey() == vkey]
        checks.require(bool(found), Reason.KEY_UNKNOWN, f"this node does not hold the key {vkey[:60]}")
        return found[0]

    def concerns(self, data: bytes) -> bool:
        """True for a change of what this node knows of; False for one that is the other node's alone."""
        document = self._read(data)
        if isinstance(document, Key | Rotation):
            return document.role in self.registry.keys
        if isinstance(document, Revocation):
            return document.vkey in {p.verifier.vkey() for own in self.registry.keys.values() for p in own}
        return True

    @staticmethod
    def _read(data: bytes) -> Body:
        text = notes.parse(data).text
        for cls in (Policy, Certificate, Key, Rotation, Revocation):
            if text.startswith(f"testban/{cls.KIND}@v1\n"):
                return cls.parse(text)
        raise checks.Rejected(Reason.BODY_FORM, "expected a policy, certificate, key, rotation or revocation")

    def after(
        self, data: bytes, proof: bytes, treaty: Treaty, quorum: Quorum, *, closed: int | None
    ) -> "tuple[Succession, Body]":
        """What is in force after a change, and the change. closed: the last closed slot, None to take up what was taken before."""
        document = self._read(data)
        if isinstance(document, Policy):
            checks.require(document.station == self._first.station, Reason.STATION_NAME, document.station)
        if isinstance(document, Key | Rotation):
            checks.require(document.role in self.registry.keys, Reason.KEY_UNKNOWN, document.role)
        new = Succession(self.role, self._first, self.own)
        new.registry = self.registry.copy(treaty)
        new.registry.apply(notes.parse(data))
        proofs.verify(proof, quorum, data)
        if isinstance(document, Policy):
            self._check_size(document)
        if isinstance(document, _FROM_OPEN_SLOTS):
            late = closed is not None and document.from_slot <= closed
            what = f"a {document.KIND} from slot {document.from_slot}, closed already"
            checks.require(not late, Reason.SLOT_REPLAY, what)
        if isinstance(document, Key | Rotation) and document.role == self.role:
            new.signer(document.from_slot)
        return new, document

    def _check_size(self, policy: Policy) -> None:
        last = self.policies[-1]
        grid = (policy.slot_seconds, policy.epoch_slots) == (last.slot_seconds, last.epoch_slots)
        fits = grid and payload_size(policy) <= payload_size(self._first)
        checks.require(
            fits,
            Reason.PAYLOAD_LENGTH,
            "other slots or epochs, or more samples: the nodes must be started anew",
        )


def described(document: Body) -> str:
    """One line of what was taken."""
    version = f" {document.version}" if isinstance(document, Policy) else ""
    role = f" of {document.role}" if isinstance(document, Key | Rotation) else ""
    since = getattr(document, "from_slot", None)
    return f"{document.KIND}{version}{role}" + ("" if since is None else f" from slot {since}")
