"""Check of packets wherever they travel: as notes, in CD-1.1 frames, in signed miniSEED, with the keys that a log gives.

Rules: the keys and policies are those of a log whose head satisfies the policy and whose entries give its root; a frame of somebody
else's is read, its samples decoded, its DSA signatures checked by the keys that the reader brings, and never said to hold where one is absent.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey

from testban.base.errors import FormatError
from testban.base.times import format_time
from testban.formats import cd11, cd11_check, mseed_sign
from testban.formats.mseed import looks_like
from testban.trust import checks, packet, sealed
from testban.trust.checks import Reason, Rejected
from testban.trust.inspect import Finding
from testban.trust.registry import Registry

PACKET = b"testban/packet@v1\n"
FRAME = b"\0\0\0\5"


def knows(data: bytes) -> bool:
    """True for bytes of a form that is checked here."""
    return data.startswith((PACKET, FRAME)) or looks_like(data)


def inspect(data: bytes, registry: Registry, logged: Iterable[bytes]) -> Finding:
    """Check a packet, a frame or records. logged: leaf digests (SHA-256) of the log's entries."""
    try:
        facts = _inspect(data, registry, frozenset(logged))
    except Rejected as exc:
        return Finding(ok=False, reason=exc.reason.value, detail=exc.detail, malformed=exc.malformed)
    except FormatError as exc:
        return Finding(ok=False, reason="format", detail=str(exc), malformed=True)
    return Finding(ok=True, reason="ok", facts=facts)


def is_frame(data: bytes) -> bool:
    """True for a CD-1.1 frame that carries no packet of ours: one that other keys sign."""
    return len(data) > 3 and data[:3] == bytes(3) and data[3] in cd11_check.KINDS and PACKET not in data


def inspect_frame(data: bytes, keys: Mapping[int, DSAPublicKey]) -> Finding:
    """Check a frame of somebody else's by DSA keys (key id of the frame -> key); ok only where every signature holds."""
    facts: dict[str, Any] = {}
    try:
        seen = cd11_check.envelope(data)
        facts = {"what": f"CD-1.1 {seen.name} frame", "creator": seen.creator, "sequence": seen.sequence}
        if seen.kind != cd11.DATA_FRAME:
            return Finding(ok=False, reason="unchecked", detail="only data frames are checked", facts=facts)
        frame = cd11.parse(data)
        found = cd11_check.signatures(frame, keys)
        channels = [_channel(c, s) for c, s in zip(frame.channels, found, strict=False)]
        facts |= {
            "time": format_time(frame.start_ns),
            "channels": channels,
            "frame_signature": found[-1].state,
        }
        states = {s.state for s in found}
        checks.require("fails" not in states, Reason.SIGNATURE_WRONG, _named(found, "fails"))
        checks.require(
            "key-absent" not in states,
            Reason.KEY_UNKNOWN,
            f"no key (--dsa) for {_named(found, 'key-absent')}",
        )
        signed = all(s.state == "holds" for s in found[:-1]) or found[-1].state == "holds"
        checks.require(signed, Reason.STATION_SIGNATURE, f"not signed: {_named(found, 'unsigned')}")
    except Rejected as exc:
        return Finding(ok=False, reason=exc.reason.value, detail=exc.detail, facts=facts)
    except FormatError as exc:
        return Finding(ok=False, reason="format", detail=str(exc), malformed=True, facts=facts)
    return Finding(ok=True, reason="ok", facts=facts)


def _named(found: Iterable[cd11_check.Signed], state: str) -> str:
    return ", ".join(f"{s.what} (key {s.key_id})" for s in found if s.state == state)


def _channel(c: cd11.Channel, signed: cd11_check.Signed) -> dict[str, Any]:
    counts = cd11_check.samples(c)
    range_ = [int(counts.min()), int(counts.max())] if counts.size else []
    return {
        "code": signed.what, "samples": c.samples, "rate": 1000 * c.samples / c.length_ms if c.length_ms > 0 else None,
        "range": range_, "signature": signed.state, "key_id": signed.key_id,
    }  # fmt: skip


def _inspect(data: bytes, registry: Registry, logged: frozenset[bytes]) -> dict[str, Any]:
    if data.startswith(PACKET):
        return {"what": "packet"} | _packet(data, registry, logged)[1]
    if data.startswith(FRAME):
        return _frame(data, registry, logged)
    return _records(data, registry)


def _packet(
    note: bytes, registry: Registry, logged: frozenset[bytes]
) -> tuple[packet.Packet, dict[str, Any]]:
    p, parsed = sealed.parse(note, 2)
    policy = registry.policy(p.station, p.slot)
    station, warden = (registry.key(f"{p.station}/{who}", p.slot) for who in ("station", "warden"))
    sealed.check_parsed(p, parsed, policy, station, warden)
    inside = hashlib.sha256(note).digest() in logged
    checks.require(inside, Reason.LEAF, "both keys signed it, but it is not in the log")
    return p, {
        "station": p.station,
        "slot": p.slot,
        "gap": p.is_gap,
        "signed_by": [station.name, warden.name],
    }


def _frame(data: bytes, registry: Registry, logged: frozenset[bytes]) -> dict[str, Any]:
    frame = cd11.parse(data)
    facts: dict[str, Any] = {
        "what": "CD-1.1 frame",
        "creator": frame.creator,
        "channels": len(frame.channels),
    }
    carries = frame.signature.startswith(PACKET)
    checks.require(
        carries,
        Reason.KEY_UNKNOWN,
        "a sound frame (CRC-64) whose signatures are of keys that the log does not have",
    )
    p, more = _packet(frame.signature, registry, logged)
    policy = registry.policy(p.station, p.slot)
    _, payload = cd11.to_packet(frame, policy)
    packet.check_payload(payload, p, policy)
    return facts | more


def _records(data: bytes, registry: Registry) -> dict[str, Any]:
    records = list(mseed_sign.read(data))
    known = {p.verifier.name: p for periods in registry.keys.values() for p in periods}
    names = set()
    for r in records:
        place = f"record at byte {r.offset}"
        checks.require(bool(r.signature), Reason.STATION_SIGNATURE, f"{place} is not signed")
        period = known.get(r.authority)
        checks.require(period is not None, Reason.KEY_UNKNOWN, f"{place}: no key {r.authority!r} in the log")
        good = period is not None and period.verifier.verify(r.covered, r.signature)
        checks.require(good, Reason.SIGNATURE_WRONG, f"{place}: signature of {r.authority}")
        names.add(r.authority)
    return {"what": "signed miniSEED", "records": len(records), "signed_by": sorted(names)}
