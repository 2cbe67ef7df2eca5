"""The demonstration of equality: two parties, three stations, one log, five witnesses on loopback; what is tried, who catches it.

Rules: the nodes are those that run in earnest; keys are demonstration keys (3072 bits, public seeds); the honest bulletin at the end
is that of the main job where one is given; a third party then checks one file and one policy, with nothing else.
"""

import csv
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from testban.links.witness_http import poster, witness_server
from testban.run import equality_report
from testban.station import attacks
from testban.station.attacks import Result
from testban.station.parties import PARTIES, WITNESSES, Parties
from testban.store import durable
from testban.store.log_files import LogFiles
from testban.trust import audit, dossier, inspect, judgement, quorum, release, sealed
from testban.trust.bodies import TOKEN
from testban.trust.checks import Rejected
from testban.trust.documents import Manifest, Reveal

STATIONS = ("XX.ALFA", "XX.BETA", "XX.GAMMA")
SHOWN = (
    "altered sample", "withheld slot", "replay of the last packet", "message in the state of health", "split view",
    "rollback asked of a witness",
)  # fmt: skip
SLOTS = 24


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the demonstration left and found."""

    folder: Path
    attacks: tuple[Result, ...]
    audit: audit.Report
    finding: inspect.Finding
    dossier: inspect.Finding

    @property
    def ok(self) -> bool:
        """Every attack caught for its reason, nothing found in the honest run, the release verified."""
        caught = all(a.as_expected for a in self.attacks)
        return caught and self.audit.ok and self.finding.ok and self.dossier.ok


def demonstrate(
    folder: Path, outputs: Mapping[str, bytes], made_of: Mapping[str, str], language: str = "en"
) -> Shown:
    """Run it all and leave release.tlog-proof, policy.txt, dossier, log and reports in a folder."""
    parties = Parties(STATIONS)
    servers = {
        n: witness_server(parties.witnesses[n].add_checkpoint, now=lambda: parties.slot * 10).start()
        for n in WITNESSES
    }
    try:
        parties.posts = {n: poster(s.url) for n, s in servers.items()}
        parties.step(SLOTS)
        proof, whole = _release(parties, outputs, made_of)
    finally:
        for s in servers.values():
            s.stop()
    tried = tuple(attacks.run(attacks.ATTACKS[n]) for n in SHOWN)
    found = audit.audit(
        parties.log.entries,
        parties.quorum,
        parties.treaty,
        observed=list(parties.epochs.values()),
        payload=parties.payloads.get,
    )
    policy = parties.policy_text.encode()
    shown = Shown(
        folder=folder, attacks=tried, audit=found, finding=inspect.inspect(proof, quorum.parse(policy)),
        dossier=inspect.inspect(whole, quorum.parse(policy)),
    )  # fmt: skip
    _write(parties, shown, proof, whole, language)
    return shown


def _release(
    parties: Parties, outputs: Mapping[str, bytes], made_of: Mapping[str, str]
) -> tuple[bytes, bytes]:
    """Judge, sign and log the bulletin; returns the proof of the release and the dossier."""
    event, verdict = _first_event(outputs)
    head = parties.log
    manifest = Manifest(
        name="bulletin", inputs=_digest(made_of, "inputs"), origin=head.origin, tree_size=head.size, root=head.tree.root(),
        code=_digest(made_of, "code"), lock=_digest(made_of, "lock"), configuration=_digest(made_of, "configuration"),
        output=release.output_digest(outputs),
    )  # fmt: skip
    reveals = [
        Reveal(
            party=p,
            purpose="finding",
            subject=event,
            value=verdict,
            salt=hashlib.sha256(p.encode()).digest(),
        )
        for p in PARTIES
    ]
    places = [parties.by_all(manifest.text())]
    for r in reveals:
        places.append(parties.log.append(parties.signed(judgement.commit(r).text(), (r.party,)).encode()))
    for r in reveals:
        places.append(parties.log.append(parties.signed(r.text(), (r.party,)).encode()))
    # Each party signs only what it made itself: here both made the same bytes.
    release.agree(manifest, manifest)
    last = parties.by_all(release.note_text(manifest))
    note = parties.witnessed()
    documents = range(min(parties.indices.values()))
    packets = [parties.indices[k] for k in sorted(parties.indices)][:: len(STATIONS) * 2]
    chosen = sorted({*documents, *packets, *places, last})
    proofs = [parties.log.prove(i, note, parties.quorum) for i in chosen]
    named = [sealed.parse(parties.log.entries[i], 2)[0].payload for i in packets]
    whole = dossier.make(event, proofs, [parties.payloads[d] for d in named], dict(outputs))
    return parties.log.prove(last, note, parties.quorum), whole


def _first_event(outputs: Mapping[str, bytes]) -> tuple[str, str]:
    """Identifier and assessment of the first event of a bulletin; of none where it has none."""
    rows = list(csv.DictReader(outputs.get("events.csv", b"").decode("utf-8", "replace").splitlines()))
    event = rows[0].get("event_id") or "" if rows else ""
    try:
        TOKEN.read(event)
    except Rejected:
        return "no-event", "no event"
    return event, (rows[0].get("assessment") or "not assessed")


def _digest(made_of: Mapping[str, str], name: str) -> bytes:
    text = made_of.get(name, "")
    return bytes.fromhex(text) if len(text) == 64 else hashlib.sha256(text.encode()).digest()


def _write(parties: Parties, shown: Shown, proof: bytes, whole: bytes, language: str) -> None:
    folder = shown.folder
    folder.mkdir(parents=True, exist_ok=True)
    durable.replace(folder / "release.tlog-proof", proof)
    durable.replace(folder / "policy.txt", parties.policy_text.encode())
    durable.replace(folder / "event.dossier", whole)
    for data in parties.payloads.values():
        durable.replace(folder / "payloads" / hashlib.sha256(data).hexdigest(), data)
    shutil.rmtree(folder / "log", ignore_errors=True)
    log = LogFiles(folder / "log", parties.log.origin, parties.sequencer)
    try:
        log.append(list(parties.log.entries))
        log.publish({n: (parties.sizes[n], parties.local(n)) for n in WITNESSES})
        for number, head in parties.epochs.items():
            durable.replace(folder / "log" / "epochs" / str(number), head)
    finally:
        log.close()
    found = shown.attacks, shown.audit, shown.finding, shown.dossier
    durable.replace(folder / "report.html", equality_report.html(*found, language).encode())
    for name, text in equality_report.reports(*found).items():
        durable.replace(folder / f"report.{name}.md", text.encode())
