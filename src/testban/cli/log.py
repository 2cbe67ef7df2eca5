"""testban log: the joint log as a running node: append, publish, serve."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from testban.base.words import counted

log = cyclopts.App(name="log", help="The joint log: entries, tiles, witnessed checkpoints.")


def _open(folder: Path, *keys: Path):  # type: ignore[no-untyped-def]
    from testban.base.errors import InputError
    from testban.cli.trusted import read_key
    from testban.store.log_files import LogFiles
    from testban.trust.keys import Ed25519Signer

    signers = []
    for path in keys:
        signer = read_key(path)
        if not isinstance(signer, Ed25519Signer):
            raise InputError(f"{path}: expected an ed25519 key of the log")
        signers.append(signer)
    origins = sorted({s.verifier.name for s in signers})
    if len(origins) != 1:
        raise InputError(f"expected keys of one name, the log's origin, got {' and '.join(origins)}")
    return LogFiles(folder, origins[0], *signers)


def _witnesses(urls: list[str] | None):  # type: ignore[no-untyped-def]
    from testban.links.witness_http import poster

    return {url: (0, poster(url)) for url in urls or ()}


@log.command
def append(folder: Path, entries: list[Path], /, *, key: Path, json: bool = False) -> int:
    """Accept entries: when their places are printed they are on disk.

    Parameters
    ----------
    folder
        Folder of the log.
    entries
        Files, one entry each.
    key
        The log's private key.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.cli.trusted import read_bytes

    files = _open(folder, key)
    try:
        indices = files.append([read_bytes(p) for p in entries])
    finally:
        files.close()
    terminal.out({"ok": True, "reason": "ok", "indices": indices}) if json else terminal.say(
        f"entries {indices}"
    )
    return 0


@log.command
def checkpoint(
    folder: Path,
    /,
    *,
    key: Annotated[list[Path], Parameter(negative=())],
    witness: Annotated[list[str] | None, Parameter(negative=())] = None,
    policy: Path | None = None,
    epoch: int | None = None,
) -> int:
    """Write tiles, have the head cosigned, publish and print it.

    Exit status 1, and the head before stays, where fewer witnesses sign than the policy asks for.

    Parameters
    ----------
    folder
        Folder of the log.
    key
        The log's private key; repeated while one key gives way to another: heads carry the signatures of all.
    witness
        Address of a witness (C2SP tlog-witness); may be repeated.
    policy
        Publish only what satisfies this policy; whatever the witnesses answer when not given.
    epoch
        Keep the head as the one that closes this epoch.

    """
    import sys

    from testban.cli import terminal
    from testban.cli.trusted import read_quorum
    from testban.trust.checks import Rejected

    rules = read_quorum(policy) if policy else None
    files = _open(folder, *key)
    try:
        note = files.publish(_witnesses(witness), epoch, rules)
    except Rejected as exc:
        terminal.say(f"not published: {exc}")
        return 1
    finally:
        files.close()
    sys.stdout.write(note.encode().decode())
    return 0


@log.command
def succeed(old: str, folder: Path, /, *, key: Path, json: bool = False) -> int:
    """Begin a successor of a log that censors or is lost: all its entries, in their order, under a new key.

    Any party can do it from any mirror, and then append what the old log would not take.

    Parameters
    ----------
    old
        Folder or http address of the log that is followed.
    folder
        Folder of the successor.
    key
        The successor's private key; its name is the successor's origin.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.cli.trusted import open_log
    from testban.trust import checkpoints
    from testban.trust.checks import Rejected

    source = open_log(old)
    try:
        head = checkpoints.parse(source.checkpoint() or b"")[0]
        entries = list(source.entries(head.size))
    except Rejected as exc:
        raise InputError(f"{old}: not a log: {exc}") from exc
    files = _open(folder, key)
    try:
        if files.log.size:
            raise InputError(f"{folder}: expected an empty folder for the successor")
        files.append(entries)
        if files.log.tree.root() != head.root:
            raise InputError(f"{old}: the entries do not give the root of its head; take another mirror")
        files.publish()
    finally:
        files.close()
    facts = {"ok": True, "reason": "ok", "entries": len(entries)}
    terminal.out(facts) if json else terminal.say(
        f"{folder}: {counted(len(entries), 'entry|entries')} of {head.origin} taken over"
    )
    return 0


@log.command
def prove(
    log: str, /, *, policy: Path, out: Path, index: int | None = None, entry: Path | None = None, json: bool = False
) -> int:  # fmt: skip
    """Write the proof that an entry is in the witnessed log: one file for `testban verify`.

    Parameters
    ----------
    log
        Folder or http address of the log.
    policy
        Logs, witnesses and quorum; the proof carries no signature more than this needs.
    out
        File of the proof (C2SP tlog-proof).
    index
        Place of the entry.
    entry
        The entry itself, in place of its index.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.cli.trusted import open_log, read_bytes, read_quorum
    from testban.store import durable
    from testban.trust.checks import Rejected

    rules, folder = read_quorum(policy), open_log(log)
    if (index is None) == (entry is None):
        raise InputError("expected one of --index and --entry")
    found = folder.find(read_bytes(entry)) if entry is not None else index
    size = folder.size()
    if found is None or not 0 <= found < size:
        what = f"{entry} is not among" if entry is not None else f"--index {index}: expected one of"
        terminal.say(f"{what} the {size} entries below the published head of {log}")
        terminal.out({"ok": False, "reason": "leaf-not-in-log"}) if json else None
        return 1
    try:
        durable.replace(out, folder.prove(found, rules))
    except Rejected as exc:
        terminal.out({"ok": False, "reason": exc.reason.value}) if json else terminal.say(f"no proof: {exc}")
        return 1
    terminal.out({"ok": True, "reason": "ok", "index": found}) if json else terminal.say(
        f"{out}: entry {found}"
    )
    return 0


@log.command
def serve(
    folder: Path, /, *, key: Annotated[list[Path] | None, Parameter(negative=())] = None, witness: Annotated[list[str] | None, Parameter(negative=())] = None,
    policy: Path | None = None, epoch: int | None = None, host: str = "127.0.0.1", port: int = 8063, every: float = 10.0,
    per_minute: int = 6000,
) -> int:  # fmt: skip
    """Serve a log's files; with its key also take entries (POST /add-entry) and publish every few seconds.

    Parameters
    ----------
    folder
        Folder of the log.
    key
        The log's private key; repeated while one key gives way to another: heads carry the signatures of all. Without it
        the log is only served (a mirror).
    witness
        Address of a witness; may be repeated.
    policy
        Publish only heads that satisfy this policy; whatever the witnesses answer when not given.
    epoch
        Close an epoch every so many seconds (epoch slots x slot seconds of the stations' policies), for the beacon.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one.
    every
        Seconds between checkpoints.
    per_minute
        Entries that are taken from one address in a minute; more are answered with status 429.

    """
    from testban.cli import terminal
    from testban.cli.trusted import read_quorum
    from testban.links.witness_http import log_server
    from testban.run.log_node import Sequencer

    if not key:
        server = log_server(folder, None, host, port)
        terminal.say(f"{server.url} serves {folder}")
        server.run()
        return 0
    rules = read_quorum(policy) if policy else None
    node = Sequencer(_open(folder, *key), _witnesses(witness), rules, epoch, terminal.say)
    server = log_server(folder, node.take, host, port, per_minute).start()
    terminal.say(f"{server.url} serves {folder} and takes entries")
    node.run(every)
    return 0
