"""testban verify: check one file under one policy, offline, as any third party."""

from pathlib import Path


def verify(
    file: Path, /, *, policy: Path, entry: Path | None = None, log: str | None = None, json: bool = False
) -> int:  # fmt: skip
    """Check a proof, a checkpoint, a note or a dossier under a policy. Works offline and trusts nobody else.

    With a log (a folder will do) also a packet, a CD-1.1 frame that carries one, and signed miniSEED, by the keys in that log.

    Exit status 0 only where everything holds, 1 where something does not, 2 where the file is not of the form.

    Parameters
    ----------
    file
        A .tlog-proof (C2SP tlog-proof), a checkpoint, a signed note, or a dossier; with --log a packet, frame or record file.
    policy
        Logs, witnesses and quorum (C2SP tlog-policy); lines `#testban party NAME VKEY` name who signs releases.
    entry
        The logged entry, where it does not travel in the proof.
    log
        Folder or address of the log whose keys and policies count.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.cli.trusted import read_bytes, read_quorum, read_registry
    from testban.run import carried
    from testban.trust import inspect

    data, rules = read_bytes(file), read_quorum(policy)
    if log is not None and carried.knows(data):
        found = carried.inspect(data, *read_registry(log, rules, policy))
    else:
        found = inspect.inspect(data, rules, read_bytes(entry) if entry else None)
    if json:
        terminal.out(
            {
                "ok": found.ok,
                "reason": found.reason,
                "detail": found.detail,
                "malformed": found.malformed,
                **found.facts,
            }
        )
    elif found.ok:
        terminal.say(f"{file}: it holds")
        for name, value in found.facts.items():
            terminal.say(f"  {name}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    else:
        terminal.say(f"{file}: refused: {found.reason}{': ' + found.detail if found.detail else ''}")
    return 0 if found.ok else 2 if found.malformed else 1
