"""testban audit: rebuild a log from its entries and ask of every slot what became of it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from testban.base.words import counted


def audit(
    log: str,
    /,
    *,
    policy: Path,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    payloads: Path | None = None,
    observed: Annotated[list[Path] | None, Parameter(negative=())] = None,
    json: bool = False,
) -> int:
    """Audit a log alone: complete? equivocated? late? how many bytes left? Every root is rebuilt from the entries.

    Exit status 0 only where nothing is found.

    Parameters
    ----------
    log
        Folder or http address of a log (C2SP tlog-tiles).
    policy
        Logs, witnesses, quorum and parties.
    from_
        First time (ISO 8601, UTC) or slot; the first of the log when not given.
    to
        Last time or slot; the last of the log when not given.
    payloads
        Folder with the payloads that arrived, named by their SHA-256; not looked at when not given.
    observed
        Checkpoints seen elsewhere: two that differ for one size prove a split view; may be repeated.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.base.times import parse_time
    from testban.cli import terminal
    from testban.cli.trusted import open_log, payload_folder, read_bytes, read_quorum, treaty_of
    from testban.station import calibration
    from testban.trust import audit as audits
    from testban.trust import checkpoints
    from testban.trust.checks import Rejected

    def slot(text: str | None) -> int | None:
        if text is None:
            return None
        if text.isdecimal() and text.isascii() and len(text) < 19:
            return int(text)
        lengths = {p.slot_seconds for known in auditor.registry.policies.values() for p in known} or {10}
        if len(lengths) > 1:
            raise InputError("expected slots in --from and --to: the stations' slots are of different length")
        return parse_time(text) // (lengths.pop() * 1_000_000_000)

    rules = read_quorum(policy)
    auditor = audits.Auditor(rules, treaty_of(rules, policy), payload_folder(payloads), calibration.check)
    folder = open_log(log)
    try:
        # Heads first: a log that grows meanwhile is audited as it was.
        heads = folder.heads()
        auditor.read(folder.entries(max((checkpoints.parse(h)[0].size for h in heads), default=0)))
    except Rejected as exc:
        if exc.malformed:
            raise InputError(f"{log}: not a log: {exc}") from exc
        raise
    auditor.tiles(folder.fetch, folder.size())
    auditor.heads([*heads, *(read_bytes(p) for p in observed or ())])
    report = auditor.conclude(slot(from_), slot(to))
    findings = [
        {"kind": f.kind, "party": f.party, "slot": f.slot, "reason": f.reason.value, "detail": f.detail}
        for f in report.faults
    ]
    if json:
        terminal.out(
            {
                "ok": report.ok,
                "reason": findings[0]["reason"] if findings else "ok",
                "findings": findings,
                "entries": report.entries,
                "packets": report.packets,
                "gaps": report.gaps,
                "stations": list(report.stations),
                "first_slot": report.first_slot,
                "last_slot": report.last_slot,
                "bytes": report.left,
                "root": report.root.hex(),
            }
        )
    else:
        terminal.say(
            f"{counted(report.entries, 'entry|entries')}, {counted(report.packets, 'packet|packets')} "
            f"({counted(report.gaps, 'gap|gaps')}) of {counted(len(report.stations), 'station|stations')}, "
            f"slots {report.first_slot} to {report.last_slot}, {report.left} bytes left"
        )
        for f in findings:
            terminal.say(f"  {f['party']} slot {f['slot']}: {f['reason']}: {f['detail']}")
        terminal.say("nothing found" if report.ok else counted(len(findings), "finding|findings"))
    return 0 if report.ok else 1
