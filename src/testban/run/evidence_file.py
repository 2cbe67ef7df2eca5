"""The dossier of an event out of a log: what goes in, and why.

Rules: every entry that another entry leans on goes in (keys, policies, the bulletin's manifest and release, commitments and reveals of
the event) and the packets of the span; nothing that only concerns other events.
"""

from collections.abc import Callable, Mapping

from testban.base.errors import InputError
from testban.store.log_files import LogFolder
from testban.trust import dossier, notes, release, sealed
from testban.trust.bodies import kind_of
from testban.trust.documents import Commitment, Dissent, Manifest, Release, Reveal
from testban.trust.quorum import Quorum

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
