"""Check of a file that somebody handed over: what is it, does it hold under this policy, and why not.

Rules: works offline from two files; a refusal has one reason; what could not be checked with the keys at hand is said.
"""

from typing import Any

import msgspec

from testban.trust import checks, dossier, notes, proofs
from testban.trust.bodies import kind_of
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import DOCUMENTS
from testban.trust.packet import Packet
from testban.trust.quorum import Quorum
from testban.trust.registry import Treaty


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check. malformed: not of the form at all."""

    ok: bool
    reason: str
    detail: str = ""
    malformed: bool = False
    facts: dict[str, Any] = {}


def inspect(data: bytes, quorum: Quorum, entry: bytes | None = None) -> Finding:
    """Check a proof, a checkpoint, a note or a dossier."""
    try:
        facts = _inspect(data, quorum, entry)
    except Rejected as exc:
        return Finding(ok=False, reason=exc.reason.value, detail=exc.detail, malformed=exc.malformed)
    return Finding(ok=True, reason="ok", facts=facts)


def _inspect(data: bytes, quorum: Quorum, entry: bytes | None) -> dict[str, Any]:
    if data.startswith(dossier.MAGIC):
        return dossier.verify(data, quorum)
    if data.startswith(proofs.HEADER.encode()):
        found = proofs.verify(data, quorum, entry)
        head = found.seen.checkpoint
        facts: dict[str, Any] = {
            "what": "proof", "log": head.origin, "size": head.size, "index": found.index,
            "witnesses": list(found.seen.witnesses), "witnessed_at": list(found.seen.times),
        }  # fmt: skip
        return facts | check_entry(found.entry, quorum)
    note = notes.parse(data)
    if kind_of(note.text):
        return {"what": "note", "logged": False} | check_entry(data, quorum)
    seen = quorum.check(data)
    return {
        "what": "checkpoint", "log": seen.checkpoint.origin, "size": seen.checkpoint.size, "witnesses": list(seen.witnesses),
        "witnessed_at": list(seen.times),
    }  # fmt: skip


def check_entry(entry: bytes, quorum: Quorum) -> dict[str, Any]:
    """What an entry is, and whether the parties that the policy names signed it."""
    try:
        note = notes.parse(entry)
    except Rejected:
        return {"kind": "bytes", "signed_by": [], "unchecked": "the entry is not a note"}
    kind = kind_of(note.text)
    if kind == "packet":
        p = Packet.parse(note.text)
        why = "station and warden keys are in the log: check a dossier, or audit"
        return {"kind": kind, "station": p.station, "slot": p.slot, "unchecked": why}
    cls = DOCUMENTS.get(kind)
    if cls is None:
        return {
            "kind": kind or "note",
            "signed_by": [],
            "unchecked": "a note of a kind that testban does not know",
        }
    cls.parse(note.text)
    if not quorum.parties or kind in ("epoch", "ledger"):
        return {"kind": kind, "unchecked": "the policy names no keys that sign this"}
    both = kind != "release" or len(quorum.parties) > 1
    checks.require(both, Reason.APPROVALS, "a release under a policy that names one party only")
    treaty = Treaty(
        parties=quorum.parties,
        need=dict.fromkeys(("dissent", "commitment", "reveal", "bulletin", "certificate"), 1),
    )
    return {"kind": kind, "signed_by": list(treaty.check(note, kind))}
