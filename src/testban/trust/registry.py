"""Which key counts for which role at which slot, and which policy is in force: read from the log itself.

Rules: a key, policy, rotation or revocation counts only with the signatures that the treaty asks for; from a slot on,
never backwards, so that what was witnessed earlier stands; a station or warden key needs its permutation certificate;
a policy's version only grows. There are no certificates but the log.
"""

import hashlib
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from testban.trust import checks, keys, notes, rsa
from testban.trust.bodies import Body, kind_of
from testban.trust.checks import Reason
from testban.trust.documents import DOCUMENTS, Certificate, Key, Policy, Revocation, Rotation
from testban.trust.notes import Note, Verifier

ALL = -1


class Treaty(msgspec.Struct, frozen=True, kw_only=True):
    """The parties' keys, and how many of them must sign each kind of document (ALL = every one)."""

    parties: dict[str, Verifier]
    need: dict[str, int] = {}  # k of n by kind of document; all parties where it says nothing

    def signers(self, note: Note) -> tuple[str, ...]:
        """The parties that signed a note, by name."""
        signed = {v.vkey() for v in notes.signers_of(note, list(self.parties.values()))}
        return tuple(name for name, v in self.parties.items() if v.vkey() in signed)

    def check(self, note: Note, kind: str) -> tuple[str, ...]:
        """Refuse a document that fewer parties signed than the treaty asks for."""
        signed = self.signers(note)
        need = self.need.get(kind, ALL)
        need = len(self.parties) if need == ALL else need
        enough = len(signed) >= need
        checks.require(enough, Reason.APPROVALS, f"a {kind} signed by {', '.join(signed) or 'nobody'}")
        return signed


class Period(msgspec.Struct, kw_only=True):
    """One key in one role for a time."""

    verifier: Verifier
    from_slot: int
    to_slot: int | None = None
    revoked: bool = False


class Registry:
    """Keys by role and policies by station, as the log's documents give them in their order."""

    UNIQUE: ClassVar[tuple[str, ...]] = ("/station", "/warden")

    def __init__(self, treaty: Treaty) -> None:
        self.treaty = treaty
        self.keys: dict[str, list[Period]] = {}
        self.policies: dict[str, list[Policy]] = {}
        self._certificates: dict[str, bytes] = {}

    def copy(self, treaty: Treaty) -> "Registry":
        """Another registry that knows the same, under this treaty."""
        other = Registry(treaty)
        other.keys = {role: [msgspec.structs.replace(p) for p in own] for role, own in self.keys.items()}
        other.policies = {station: list(own) for station, own in self.policies.items()}
        other._certificates = dict(self._certificates)
        return other

    def apply(self, note: Note) -> Body | None:
        """Take in a note of the log; returns its document where it is one. Rejected where it must not count."""
        kind = kind_of(note.text)
        cls = DOCUMENTS.get(kind)
        if cls is None:
            return None
        document = cls.parse(note.text)
        if isinstance(document, Certificate):
            self._certificates[hashlib.sha256(document.roots).hexdigest()] = document.roots
        elif isinstance(document, Key):
            self.treaty.check(note, kind)
            self._add(document.role, document.vkey, document.certificate, document.from_slot)
        elif isinstance(document, Rotation):
            self._rotate(note, document)
        elif isinstance(document, Revocation):
            self.treaty.check(note, kind)
            self._revoke(document)
        elif isinstance(document, Policy):
            self.treaty.check(note, kind)
            self._set_policy(document)
        return document

    def _add(self, role: str, vkey: str, certificate: bytes, from_slot: int) -> Verifier:
        verifier = keys.parse_vkey(vkey)
        if role.endswith(self.UNIQUE):
            checks.require(
                isinstance(verifier, keys.RsaVerifier), Reason.KEY_FORM, f"{role} needs a unique signature"
            )
            roots = self._certificates.get(certificate.hex(), b"")
            if isinstance(verifier, keys.RsaVerifier):
                rsa.check_certificate(verifier.n, rsa.EXPONENT, roots)
        self.keys.setdefault(role, []).append(Period(verifier=verifier, from_slot=from_slot))
        return verifier

    def _rotate(self, note: Note, document: Rotation) -> None:
        self.treaty.check(note, "rotation")
        old = self.period(document.role, document.from_slot - 1)
        same = old.verifier.vkey() == document.old
        checks.require(same, Reason.KEY_UNKNOWN, "the key that gives way is not the one in force")
        by_old = bool(notes.signers_of(note, [old.verifier]))
        checks.require(by_old, Reason.APPROVALS, "a rotation that the old key did not sign")
        self._add(document.role, document.new, document.certificate, document.from_slot)
        old.to_slot = document.from_slot

    def _revoke(self, document: Revocation) -> None:
        found = [p for periods in self.keys.values() for p in periods if p.verifier.vkey() == document.vkey]
        checks.require(bool(found), Reason.KEY_UNKNOWN, "a revocation of a key that is not in the log")
        for p in found:
            p.to_slot, p.revoked = document.from_slot, True

    def _set_policy(self, policy: Policy) -> None:
        known = self.policies.setdefault(policy.station, [])
        newer = not known or (policy.version > known[-1].version and policy.from_slot >= known[-1].from_slot)
        checks.require(
            newer, Reason.POLICY_DOWNGRADE, f"version {policy.version} of the policy of {policy.station}"
        )
        known.append(policy)

    def period(self, role: str, slot: int) -> Period:
        """The key in force in a role at a slot. Rejected: unknown, not yet, revoked."""
        periods = self.keys.get(role, [])
        checks.require(bool(periods), Reason.KEY_UNKNOWN, f"no key for {role}")
        begun = [p for p in periods if p.from_slot <= slot]
        checks.require(bool(begun), Reason.KEY_NOT_YET, f"no key for {role} at slot {slot} yet")
        last = begun[-1]
        ended = last.to_slot is not None and slot >= last.to_slot
        checks.require(not ended, Reason.KEY_REVOKED, f"the key for {role} ended at slot {last.to_slot}")
        return last

    def key(self, role: str, slot: int) -> Verifier:
        """The public key in force in a role at a slot."""
        return self.period(role, slot).verifier

    def policy(self, station: str, slot: int) -> Policy:
        """The policy in force for a station at a slot."""
        begun = [p for p in self.policies.get(station, []) if p.from_slot <= slot]
        checks.require(bool(begun), Reason.POLICY_DIGEST, f"no policy for {station} at slot {slot}")
        return begun[-1]


def parties_of(parties: Mapping[str, Verifier]) -> Treaty:
    """A treaty in which all named parties must sign everything."""
    return Treaty(parties=dict(parties))
