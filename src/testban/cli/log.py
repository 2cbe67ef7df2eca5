"""testban log: the joint log as a running node: append, publish, serve."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

log = cyclopts.App(name="log", help="The joint log: entries, tiles, witnessed checkpoints.")


def _open(folder: Path, key: Path):  # type: ignore[no-untyped-def]
    from testban.base.errors import InputError
    from testban.cli.trusted import read_key
    from testban.store.log_files import LogFiles
    from testban.trust.keys import Ed25519Signer

    signer = read_key(key)
    if not isinstance(signer, Ed25519Signer):
        raise InputError(f"{key}: expected an ed25519 key of the log")
    return LogFiles(folder, signer.verifier.name, signer)


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
    key: Path,
    witness: Annotated[list[str] | None, Parameter(negative=())] = None,
    epoch: int | None = None,
) -> int:
    """Write tiles, have the head cosigned, publish and print it.

    Parameters
    ----------
    folder
        Folder of the log.
    key
        The log's private key.
    witness
        Address of a witness (C2SP tlog-witness); may be repeated.
    epoch
        Keep the head as the one that closes this epoch.

    """
    import sys

    files = _open(folder, key)
    try:
        note = files.publish(_witnesses(witness), epoch)
    finally:
        files.close()
    sys.stdout.write(note.encode().decode())
    return 0


@log.command
def serve(
    folder: Path, /, *, key: Path | None = None, witness: Annotated[list[str] | None, Parameter(negative=())] = None,
    host: str = "127.0.0.1", port: int = 8063, every: float = 10.0,
) -> int:  # fmt: skip
    """Serve a log's files; with its key also take entries (POST /add-entry) and publish every few seconds.

    Parameters
    ----------
    folder
        Folder of the log.
    key
        The log's private key; without it the log is only served (a mirror).
    witness
        Address of a witness; may be repeated.
    host
        Address to listen on.
    port
        Port to listen on.
    every
        Seconds between checkpoints.

    """
    import threading

    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.links.witness_http import log_server
    from testban.trust.checks import Rejected

    if key is None:
        server = log_server(folder, None, host, port)
        terminal.say(f"{server.url} serves {folder}")
        server.run()
        return 0
    files, lock = _open(folder, key), threading.Lock()

    def take(entry: bytes) -> int:
        with lock:
            try:
                return int(files.append([entry])[0])
            except Rejected as exc:
                raise InputError(str(exc)) from exc

    server = log_server(folder, take, host, port).start()
    terminal.say(f"{server.url} serves {folder} and takes entries")
    stop = threading.Event()
    while not stop.wait(every):
        with lock:
            if files.log.size != files.published:
                files.publish(_witnesses(witness))
    return 0
