"""The dossier of one event: everything that a third state needs to judge, in one file, checked offline.

Rules: canonical JSON after a magic line, one spelling; every item is a proof that carries its entry; keys and policies come from
proofs in the same file and count only as the treaty says; every packet is checked with both signatures and its payload; both sides'
findings are shown with their commitments; nothing unproven is in it except payloads, which are named by digest.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from testban.base.canonical import canonical_json
from testban.trust import checks, notes, packet, proofs, release, sealed
from testban.trust.bodies import kind_of
from testban.trust.checks import Reason
from testban.trust.documents import Commitment, Dissent, Manifest, Release, Reveal
from testban.trust.encoding import from_base64, to_base64
from testban.trust.judgement import Board
from testban.trust.quorum import Quorum
from testban.trust.registry import Registry, Treaty

MAGIC = b"testban/dossier@v1\n"
MAX_DOSSIER_BYTES = 1 << 26


def make(event: str, proofs_: Sequence[bytes], payloads: Sequence[bytes], files: dict[str, bytes]) -> bytes:
    """A dossier of proofs (in the order of the log), payloads and files of the bulletin."""
    body = {
        "event": event,
        "proofs": [to_base64(p) for p in proofs_],
        "payloads": [to_base64(p) for p in payloads],
        "files": {name: to_base64(data) for name, data in files.items()},
    }
    return MAGIC + canonical_json(body) + b"\n"


def _parse(data: bytes) -> dict[str, Any]:
    checks.require(len(data) <= MAX_DOSSIER_BYTES, Reason.NOTE_SIZE, f"{len(data)} bytes")
    try:
        body = json.loads(data[len(MAGIC) :])
        same = MAGIC + canonical_json(body) + b"\n" == data
    except (ValueError, RecursionError):
        body, same = {}, False
    lists = same and isinstance(body, dict) and set(body) == {"event", "proofs", "payloads", "files"}
    typed = lists and isinstance(body["event"], str) and isinstance(body["files"], dict)
    typed = typed and all(
        isinstance(x, str)
        for x in (*_list(body["proofs"]), *_list(body["payloads"]), *body["files"].values())
    )
    checks.require(typed, Reason.PROOF_FORM, "not a dossier")
    return dict(body)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [None]


def verify(data: bytes, quorum: Quorum) -> dict[str, Any]:
    """What the dossier shows; Rejected at the first thing that does not hold."""
    body = _parse(data)
    registry = Registry(Treaty(parties=quorum.parties))
    payloads = {
        hashlib.sha256(p).digest(): p
        for p in (from_base64(t, Reason.PROOF_FORM) if t else b"" for t in body["payloads"])
    }
    found = sorted(
        (proofs.verify(from_base64(t, Reason.PROOF_FORM), quorum) for t in body["proofs"]),
        key=lambda i: i.index,
    )
    shown: dict[str, Any] = {
        "what": "dossier",
        "event": body["event"],
        "packets": 0,
        "stations": set(),
        "findings": {},
        "dissents": {},
    }
    manifest: Manifest | None = None
    board = Board("finding", body["event"], tuple(quorum.parties))
    for item in found:
        note = notes.parse(item.entry)
        kind = kind_of(note.text)
        if kind == "packet":
            _packet(item.entry, registry, payloads, shown)
        elif kind == "bulletin":
            manifest = Manifest.parse(note.text)
        elif kind == "release":
            _release(note, manifest, registry.treaty, body["files"], shown)
        elif kind == "dissent":
            said = Dissent.parse(note.text)
            _by(note, registry.treaty, said.party)
            about = manifest is not None and said.manifest == manifest.digest
            checks.require(about, Reason.MANIFEST, "a dissent on another bulletin")
            shown["dissents"][said.party] = f"{said.difference} at {said.where}: {said.statement}"
        elif kind == "commitment":
            _by(note, registry.treaty, Commitment.parse(note.text).party)
            board.commit(Commitment.parse(note.text))
        elif kind == "reveal":
            _by(note, registry.treaty, Reveal.parse(note.text).party)
            board.reveal(Reveal.parse(note.text))
        else:
            registry.apply(note)
    shown["findings"] = {p: r.value for p, r in sorted(board.reveals.items())}
    shown["stations"] = sorted(shown["stations"])
    shown["witnesses"] = sorted({w for i in found for w in i.seen.witnesses})
    return shown


def _by(note: notes.Note, treaty: Treaty, party: str) -> None:
    signed = party in treaty.signers(note)
    checks.require(signed, Reason.APPROVALS, f"not signed by {party}, in whose name it speaks")


def _packet(entry: bytes, registry: Registry, payloads: dict[bytes, bytes], shown: dict[str, Any]) -> None:
    p, note = sealed.parse(entry, 2)
    policy = registry.policy(p.station, p.slot)
    station, warden = (registry.key(f"{p.station}/{who}", p.slot) for who in ("station", "warden"))
    sealed.check_parsed(p, note, policy, station, warden)
    data = payloads.get(p.payload) if not p.is_gap else b""
    checks.require(data is not None, Reason.PAYLOAD_MISSING, f"{p.station} slot {p.slot}")
    packet.check_payload(data or b"", p, policy)
    shown["packets"] += 1
    shown["stations"].add(p.station)


def _release(
    note: notes.Note, manifest: Manifest | None, treaty: Treaty, files: dict[str, str], shown: dict[str, Any]
) -> None:
    checks.require(manifest is not None, Reason.MANIFEST, "a release without its manifest")
    if manifest is None:
        return
    released: Release = release.check(note, manifest, treaty)
    given = {name: from_base64(text, Reason.PROOF_FORM) if text else b"" for name, text in files.items()}
    if given:
        same = release.output_digest(given) == released.output
        checks.require(same, Reason.OUTPUT, "the files are not those that were released")
    shown["released"] = released.output.hex()
