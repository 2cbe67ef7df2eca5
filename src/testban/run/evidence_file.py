"""Evidence out of a log: the dossier of an event, and packets for other systems.

Rules: every entry that another entry leans on goes in (keys, policies, the bulletin's manifest and release, commitments and reveals of
the event) and the packets of the span; nothing that only concerns other events.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from testban.base.errors import InputError
from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import cd11, mseed_sign
from testban.store import durable
from testban.store.log_files import LogFolder
from testban.trust import dossier, notes, release, sealed
from testban.trust.bodies import kind_of
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import Commitment, Dissent, Manifest, Policy, Release, Reveal
from testban.trust.packet import Counts, check_payload, payload_samples
from testban.trust.quorum import Quorum
from testban.trust.registry import Registry, Treaty

_ALWAYS = ("certificate", "key", "rotation", "revocation", "policy")


def make(
    event: str, log: LogFolder, quorum: Quorum, payload: Callable[[bytes], bytes | None] | None, files: Mapping[str, bytes],
    first: int | None = None, last: int | None = None,
) -> bytes:  # fmt: skip
    """The dossier's bytes; the caller verifies them as the third state will."""
    output = release.output_digest(files) if files else None
    chosen: list[int] = []
    payloads: list[bytes] = []
    manifests: set[bytes] = set()
    for index, entry in enumerate(log.entries()):
        note = notes.parse(entry) if entry.startswith(b"testban/") else None
        kind = kind_of(note.text) if note else ""
        if note is None:
            continue
        if kind == "packet":
            packet, _ = sealed.parse(entry, 2)
            if (first is not None and packet.slot < first) or (last is not None and packet.slot > last):
                continue
            data = payload(packet.payload) if payload and not packet.is_gap else None
            payloads += [] if data is None else [data]
        elif not _belongs(kind, note.text, event, output, manifests):
            continue
        if kind == "bulletin" and note is not None:
            manifests.add(Manifest.parse(note.text).digest)
        chosen.append(index)
    if not chosen:
        raise InputError(f"expected entries on {event} in the log, found none")
    return dossier.make(event, [log.prove(i, quorum) for i in chosen], payloads, dict(files))


def _belongs(kind: str, text: str, event: str, output: bytes | None, manifests: set[bytes]) -> bool:
    if kind in _ALWAYS:
        return True
    if kind in ("commitment", "reveal"):
        said = Commitment.parse(text) if kind == "commitment" else Reveal.parse(text)
        return (said.purpose, said.subject) == ("finding", event)
    if kind in ("bulletin", "release") and output is not None:
        made = Manifest.parse(text) if kind == "bulletin" else Release.parse(text)
        return made.output == output
    return kind == "dissent" and Dissent.parse(text).manifest in manifests


RecordSigner = tuple[str, Callable[[bytes], bytes]]
Refused = tuple[tuple[str, int], str]


def export(
    log: LogFolder, treaty: Treaty, payload: Callable[[bytes], bytes | None] | None, out: Path, signer: RecordSigner | None,
    span: tuple[int | None, int | None] = (None, None),
) -> tuple[int, list[Refused]]:  # fmt: skip
    """Write packets of a log as CD-1.1 frames, or with a signer (authority, sign) as signed miniSEED; (written, refused)."""
    registry = Registry(treaty)
    refused: list[Refused] = []
    segments: dict[Nslc, list[tuple[int, Counts, Policy]]] = {}
    written = 0
    for entry in log.entries():
        if not entry.startswith(b"testban/packet@v1\n"):
            _apply(registry, entry)
            continue
        p, note = sealed.parse(entry, 2)
        if (span[0] is not None and p.slot < span[0]) or (span[1] is not None and p.slot > span[1]):
            continue
        try:
            policy = registry.policy(p.station, p.slot)
            keys = [registry.key(f"{p.station}/{who}", p.slot) for who in ("station", "warden")]
            sealed.check_parsed(p, note, policy, keys[0], keys[1])
            data = b"" if p.is_gap else payload(p.payload) if payload else None
            if data is None:
                raise Rejected(Reason.PAYLOAD_MISSING)
            check_payload(data, p, policy)
        except Rejected as exc:
            refused.append(((p.station, p.slot), exc.reason.value))
            continue
        written += 1
        if signer is None:
            frame = cd11.from_packet(entry, data, policy, written)
            durable.replace(out / p.station / f"{p.slot}.cd11", frame.encode())
        elif data:
            network, _, station = p.station.partition(".")
            for channel, row in zip(policy.channels, payload_samples(data, policy), strict=True):
                nslc = Nslc(network, station, "", channel)
                segments.setdefault(nslc, []).append((p.slot, row, policy))
    if signer is not None:
        _records(segments, out, signer)
    return written, refused


def _apply(registry: Registry, entry: bytes) -> None:
    try:
        registry.apply(notes.parse(entry))
    except Rejected:
        return


def _records(segments: dict[Nslc, list[tuple[int, Counts, Policy]]], out: Path, signer: RecordSigner) -> None:
    files: dict[str, bytes] = {}
    for nslc, rows in sorted(segments.items()):
        data = b""
        for slot, row, policy in sorted(rows, key=lambda r: r[0]):
            begin = slot * policy.slot_seconds * 1_000_000_000
            part = Segment(nslc=nslc, start_ns=begin, sample_rate_hz=float(policy.rate), samples=row)
            data += mseed_sign.write(part, signer[0], signer[1], length=4096)
        name = f"{nslc.network}.{nslc.station}.mseed"
        files[name] = files.get(name, b"") + data
    for name, data in files.items():
        durable.replace(out / name, data)
