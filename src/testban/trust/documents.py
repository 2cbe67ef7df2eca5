"""All other notes of the family: policy, keys, approvals, commands, ledger days, bulletins, judgements.

Rules: each is a fixed text (see `bodies`); a digest names what it speaks of, never a copy; who must sign is not in the
text but in the treaty's roles (see `registry`).
"""

import hashlib
from functools import lru_cache
from typing import ClassVar

from testban.trust.bodies import BASE64, DIGEST, LINE, MASK, STATION, TOKEN, TOKENS, UINT, Body


class Policy(Body, frozen=True, kw_only=True):
    """What may leave a station: the disclosure policy that all parties sign. slots, bytes and gaps are per day."""

    KIND: ClassVar[str] = "policy"
    CODECS: ClassVar = {
        "station": STATION, "version": UINT, "from_slot": UINT, "channels": TOKENS, "rate": UINT, "quantum": UINT,
        "slot_seconds": UINT, "release_delay": UINT, "merge_delay": UINT, "epoch_slots": UINT, "soh_mask": MASK,
        "max_bytes": UINT, "gap_budget": UINT, "commands": TOKENS,
    }  # fmt: skip

    station: str
    version: int = 1
    from_slot: int = 0
    channels: tuple[str, ...]
    rate: int  # samples per second
    quantum: int = 1  # counts
    slot_seconds: int = 10
    release_delay: int = 1  # slots after the slot's end at which the warden lets it go
    merge_delay: int = 30  # slots within which it must be in the log
    epoch_slots: int = 6
    soh_mask: bytes = b"\0\0\0\x3f"
    max_bytes: int = 100_000_000
    gap_budget: int = 172  # 2 % of 8640 slots: IMS minimum availability 98 % (confirmed only from memory)
    commands: tuple[str, ...] = ()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text: what packets name."""
        return _policy_digest(self)


@lru_cache(maxsize=256)
def _policy_digest(policy: Policy) -> bytes:
    return hashlib.sha256(policy.text().encode()).digest()


class Key(Body, frozen=True, kw_only=True):
    """A public key, its role and since which slot it counts."""

    KIND: ClassVar[str] = "key"
    CODECS: ClassVar = {
        "role": TOKEN, "vkey": LINE, "certificate": DIGEST, "transcript": DIGEST, "from_slot": UINT,
    }  # fmt: skip

    role: str
    vkey: str
    certificate: bytes = bytes(32)  # SHA-256 of the permutation certificate
    transcript: bytes = bytes(32)  # SHA-256 of the ceremony's transcript
    from_slot: int = 0


class Certificate(Body, frozen=True, kw_only=True):
    """A permutation certificate, small enough for one log entry."""

    KIND: ClassVar[str] = "certificate"
    CODECS: ClassVar = {"vkey": LINE, "roots": BASE64}

    vkey: str
    roots: bytes


class Rotation(Body, frozen=True, kw_only=True):
    """A key gives way to another from a slot on; signed by the old key and the parties."""

    KIND: ClassVar[str] = "rotation"
    CODECS: ClassVar = {"role": TOKEN, "old": LINE, "new": LINE, "certificate": DIGEST, "from_slot": UINT}

    role: str
    old: str
    new: str
    certificate: bytes = bytes(32)
    from_slot: int


class Revocation(Body, frozen=True, kw_only=True):
    """A key counts no more from a slot on; k of n parties sign."""

    KIND: ClassVar[str] = "revocation"
    CODECS: ClassVar = {"vkey": LINE, "from_slot": UINT, "reason": LINE}

    vkey: str
    from_slot: int
    reason: str


class Command(Body, frozen=True, kw_only=True):
    """Something that a station shall do once, between two slots."""

    KIND: ClassVar[str] = "command"
    CODECS: ClassVar = {
        "station": STATION, "number": UINT, "command": TOKEN, "arguments": TOKENS, "from_slot": UINT, "to_slot": UINT,
    }  # fmt: skip

    station: str
    number: int
    command: str
    arguments: tuple[str, ...] = ()
    from_slot: int
    to_slot: int


class Approval(Body, frozen=True, kw_only=True):
    """The signers approve a document named by its digest."""

    KIND: ClassVar[str] = "approval"
    CODECS: ClassVar = {"kind": TOKEN, "subject": DIGEST}

    kind: str
    subject: bytes


class LedgerDay(Body, frozen=True, kw_only=True):
    """Everything that left a station in a day: number of releases, bytes, digest of the ledger and of the day before."""

    KIND: ClassVar[str] = "ledger"
    CODECS: ClassVar = {
        "station": STATION, "first_slot": UINT, "slots": UINT, "releases": UINT, "size": UINT, "again": UINT, "ledger": DIGEST,
        "previous": DIGEST,
    }  # fmt: skip

    station: str
    first_slot: int
    slots: int
    releases: int
    size: int  # bytes that left for the first time
    again: int = 0  # bytes sent again on request
    ledger: bytes
    previous: bytes = bytes(32)


class Epoch(Body, frozen=True, kw_only=True):
    """The log's own record of the checkpoint that closed an epoch: later packets' beacons are checked against it."""

    KIND: ClassVar[str] = "epoch"
    CODECS: ClassVar = {"number": UINT, "size": UINT, "root": DIGEST}

    number: int
    size: int
    root: bytes


class Manifest(Body, frozen=True, kw_only=True):
    """What a bulletin was made of, and its digest."""

    KIND: ClassVar[str] = "bulletin"
    CODECS: ClassVar = {
        "name": TOKEN, "inputs": DIGEST, "origin": TOKEN, "tree_size": UINT, "root": DIGEST, "code": DIGEST,
        "lock": DIGEST, "configuration": DIGEST, "output": DIGEST,
    }  # fmt: skip

    name: str
    inputs: bytes
    origin: str
    tree_size: int
    root: bytes
    code: bytes
    lock: bytes
    configuration: bytes
    output: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text: what a release or a dissent names."""
        return hashlib.sha256(self.text().encode()).digest()


class Release(Body, frozen=True, kw_only=True):
    """Both parties recomputed a bulletin and found these bytes."""

    KIND: ClassVar[str] = "release"
    CODECS: ClassVar = {"manifest": DIGEST, "output": DIGEST}

    manifest: bytes
    output: bytes


class Dissent(Body, frozen=True, kw_only=True):
    """A party recomputed a bulletin and found something else; signed by that party alone, and logged."""

    KIND: ClassVar[str] = "dissent"
    CODECS: ClassVar = {
        "party": TOKEN, "manifest": DIGEST, "output": DIGEST, "difference": TOKEN, "where": LINE, "statement": LINE,
    }  # fmt: skip

    party: str
    manifest: bytes
    output: bytes
    difference: str
    where: str
    statement: str


class Commitment(Body, frozen=True, kw_only=True):
    """A party has made up its mind (a finding, or its share of a draw) and shows only the digest."""

    KIND: ClassVar[str] = "commitment"
    CODECS: ClassVar = {"party": TOKEN, "purpose": TOKEN, "subject": TOKEN, "digest": DIGEST}

    party: str
    purpose: str
    subject: str
    digest: bytes


class Reveal(Body, frozen=True, kw_only=True):
    """What a party had committed to: the value and the salt that kept it from being guessed."""

    KIND: ClassVar[str] = "reveal"
    CODECS: ClassVar = {"party": TOKEN, "purpose": TOKEN, "subject": TOKEN, "value": LINE, "salt": DIGEST}

    party: str
    purpose: str
    subject: str
    value: str
    salt: bytes


DOCUMENTS: dict[str, type[Body]] = {
    cls.KIND: cls
    for cls in (
        Policy, Key, Certificate, Rotation, Revocation, Command, Approval, LedgerDay, Epoch, Manifest, Release, Dissent,
        Commitment, Reveal,
    )
}  # fmt: skip
