"""Why something was refused: one named reason for each check, and the one place where a check is made.

Rules: a check that fails raises `Rejected` with its reason, so that tests assert *why* and not only *that*; every
check goes through `require`, which is looked up in this module at each call, so that a mutation run can remove the
check of one reason and see exactly its tests fail.
"""

from enum import StrEnum

from testban.base.errors import TestbanError


class Reason(StrEnum):
    """Every reason for which testban's chain of trust refuses something. The first group is of form (exit status 2)."""

    NOTE_SIZE = "note-size"
    NOTE_FORM = "note-form"
    NOTE_REBUILD = "note-rebuild"
    SIGNATURE_LINES = "signature-lines"
    BODY_FORM = "body-form"
    KEY_FORM = "key-form"
    CHECKPOINT_FORM = "checkpoint-form"
    PROOF_FORM = "proof-form"
    POLICY_FORM = "policy-form"
    REQUEST_FORM = "request-form"
    TILE_FORM = "tile-form"

    KEY_STRENGTH = "key-strength"
    KEY_EXPONENT = "key-exponent"
    KEY_NOT_PERMUTATION = "key-not-permutation"
    KEY_UNKNOWN = "key-unknown"
    KEY_REVOKED = "key-revoked"
    KEY_NOT_YET = "key-not-yet"
    SIGNATURE_LENGTH = "signature-length"
    SIGNATURE_RANGE = "signature-range"
    SIGNATURE_WRONG = "signature-wrong"
    STATION_SIGNATURE = "station-signature-missing"
    WARDEN_SIGNATURE = "warden-signature-missing"

    STATION_NAME = "station-name"
    SLOT_REPLAY = "slot-replay"
    SLOT_SKIPPED = "slot-skipped"
    SLOT_CONFLICT = "slot-conflict"
    SLOT_MISSING = "slot-missing"
    CHAIN = "chain-broken"
    BEACON = "beacon-wrong"
    POLICY_DIGEST = "policy-digest"
    PAYLOAD_LENGTH = "payload-length"
    PAYLOAD_DIGEST = "payload-digest"
    PAYLOAD_QUANTUM = "payload-off-quantum"
    PAYLOAD_MISSING = "payload-withheld"
    SOH_MASK = "soh-mask"
    RELEASE_EARLY = "release-early"
    MERGE_LATE = "merge-late"
    GAP_BUDGET = "gap-budget"
    BYTE_BUDGET = "byte-budget"
    LEDGER = "ledger-differs"
    TWIN = "twin-differs"
    DITHER = "dither-wrong"
    CALIBRATION = "calibration-absent"
    CLOCK = "clock-wrong"

    COMMAND_LIST = "command-not-allowed"
    COMMAND_APPROVALS = "command-approvals"
    COMMAND_NOT_LOGGED = "command-not-logged"
    COMMAND_TIME = "command-out-of-time"
    COMMAND_REPEATED = "command-repeated"

    INDEX = "index-out-of-range"
    HASH_SIZE = "hash-size"
    PROOF_LENGTH = "proof-length"
    ROOT = "root-differs"
    ORIGIN = "log-unknown"
    LOG_SIGNATURE = "log-signature"
    QUORUM = "quorum-missing"
    LEAF = "leaf-not-in-log"
    ROLLBACK = "rollback"
    OLD_SIZE = "old-size-conflict"
    SPLIT_VIEW = "split-view"
    TREE_REBUILD = "tree-rebuild"

    CEREMONY_COMMITMENT = "ceremony-commitment"
    CEREMONY_KEY = "ceremony-key"
    APPROVALS = "approvals-missing"
    COMMITMENT = "commitment-differs"
    REVEAL_EARLY = "reveal-before-all-committed"
    MANIFEST = "manifest-differs"
    OUTPUT = "output-differs"
    POLICY_DOWNGRADE = "policy-downgrade"


FORM = frozenset(list(Reason)[: list(Reason).index(Reason.TILE_FORM) + 1])


class Rejected(TestbanError):  # noqa: N818 - the name says what happened
    """Something that the chain of trust refuses; `reason` says which check failed, `by` who made it."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail

    @property
    def malformed(self) -> bool:
        """True where the input is not of the form at all (exit status 2)."""
        return self.reason in FORM


def require(holds: bool, reason: Reason, detail: str = "") -> None:
    """Raise Rejected(reason) unless the check holds."""
    if not holds:
        raise Rejected(reason, detail)
