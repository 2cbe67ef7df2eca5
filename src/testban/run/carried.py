"""Check of packets wherever they travel: as notes, in CD-1.1 frames, in signed miniSEED, with the keys that a log gives.

Rules: the keys and policies are those of a log whose head satisfies the policy and whose entries give its root; a frame of somebody
else's is read and said to be unchecked, never said to hold.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from testban.base.errors import FormatError
from testban.formats import cd11, mseed_sign
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
