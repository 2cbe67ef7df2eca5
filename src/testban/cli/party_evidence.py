"""testban party: evidence out of the log, for a third state and for other systems."""

from pathlib import Path
from typing import Literal

from testban.base.words import counted
from testban.cli.party import party


@party.command
def dossier(
    event: str, *, log: str, policy: Path, payloads: Path, out: Path, bulletin: Path | None = None,
    from_slot: int | None = None, to_slot: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Put everything that a third state needs to judge one event into one file, for `testban verify`.

    Parameters
    ----------
    event
        Event, as findings in the log name it.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    payloads
        Folder with the payloads, named by their SHA-256.
    out
        File of the dossier.
    bulletin
        Folder of the released bulletin.
    from_slot
        First slot of the packets that go in; all when not given.
    to_slot
        Last slot.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal, trusted
    from testban.run import evidence_file, reproducing
    from testban.store import durable
    from testban.trust import inspect

    rules = trusted.read_quorum(policy)
    trusted.treaty_of(rules, policy)
    files = reproducing.files_of(bulletin) if bulletin else {}
    data = evidence_file.make(
        event, trusted.open_log(log), rules, trusted.payload_folder(payloads), files, from_slot, to_slot
    )
    found = inspect.inspect(data, rules)
    if found.ok:
        durable.replace(out, data)
    facts = {"ok": found.ok, "reason": found.reason, "detail": found.detail, **found.facts}
    terminal.out(facts) if json else terminal.say(
        f"{out}: {found.facts.get('packets', 0)} packets"
        if found.ok
        else f"no dossier: {found.reason}: {found.detail}"
    )
    return 0 if found.ok else 1


@party.command
def export(
    *, log: str, policy: Path, payloads: Path, out: Path, format: Literal["cd11", "mseed"] = "cd11",
    key: Path | None = None, from_slot: int | None = None, to_slot: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Write logged packets for other systems: CD-1.1 frames that carry the packet's note, or signed miniSEED.

    Every packet is checked first, with both signatures and its payload; one that does not hold is not written.

    Parameters
    ----------
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    payloads
        Folder with the payloads, named by their SHA-256.
    out
        Folder: NET.STA/SLOT.cd11, or NET.STA.mseed.
    format
        cd11, or mseed: records with SeisComP's SIGN blockette.
    key
        For mseed: who signs the records; an EC private key (PEM), as SeisComP checks it, or an rsa key of testban.
    from_slot
        First slot.
    to_slot
        Last slot.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.run import evidence_file

    rules = trusted.read_quorum(policy)
    treaty = trusted.treaty_of(rules, policy)
    if (format == "mseed") != (key is not None):
        raise InputError("expected --key with --format mseed, and only there")
    signer = trusted.read_record_key(key) if key is not None else None
    span = from_slot, to_slot
    written, refused = evidence_file.export(
        trusted.open_log(log), treaty, trusted.payload_folder(payloads), out, signer, span
    )
    facts = {
        "ok": not refused,
        "reason": refused[0][1] if refused else "ok",
        "written": written,
        "findings": [
            {"kind": "packet", "party": station, "slot": slot, "reason": why}
            for (station, slot), why in refused
        ],
    }
    terminal.out(facts) if json else terminal.say(
        f"{out}: {counted(written, 'packet|packets')}, {len(refused)} refused"
    )
    return 1 if refused else 0
