"""testban verify: check one file under one policy, offline, as any third party."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey


def verify(
    file: Path, /, *, policy: Path | None = None, entry: Path | None = None, log: str | None = None,
    dsa: tuple[str, ...] = (), json: bool = False,
) -> int:  # fmt: skip
    """Check a proof, a checkpoint, a note or a dossier under a policy. Works offline and trusts nobody else.

    With a log (a folder will do) also a packet, a CD-1.1 frame that carries one, and signed miniSEED, by the keys in that log.

    A CD-1.1 frame of another maker needs no policy: its CRC and fields are checked, its samples decoded, its DSA signatures
    checked by the keys that --dsa gives. A DSA signature says who signed; it can hide a message.

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
    dsa
        KEY-ID=FILE: DSA public key or certificate (PEM or DER) for that key id in a CD-1.1 frame; may be repeated.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.cli.trusted import read_bytes, read_quorum, read_registry
    from testban.run import carried
    from testban.trust import inspect

    data = read_bytes(file)
    rules = None if policy is None else read_quorum(policy)
    if carried.is_frame(data):
        found = carried.inspect_frame(data, _dsa_keys(dsa))
    elif rules is None or policy is None:
        raise InputError("expected --policy: the file with the logs, witnesses and quorum that you trust")
    elif log is not None and carried.knows(data):
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
            terminal.say(f"  {name}: {_plain(value)}")
    else:
        terminal.say(f"{file}: refused: {found.reason}{': ' + found.detail if found.detail else ''}")
    return 0 if found.ok else 2 if found.malformed else 1


def _plain(value: object) -> str:
    """A fact as people write it: lists and pairs by commas, nothing as a word."""
    if isinstance(value, dict):
        value = [f"{k} {v}" for k, v in value.items()]
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _dsa_keys(given: tuple[str, ...]) -> "dict[int, DSAPublicKey]":
    from testban.base.errors import InputError
    from testban.cli.trusted import read_bytes
    from testban.formats import cd11_check

    keys = {}
    for text in given:
        number, _, name = text.partition("=")
        if not number.lstrip("-").isdecimal() or not name:
            raise InputError(f"expected --dsa KEY-ID=FILE, got {text!r}")
        keys[int(number)] = cd11_check.read_key(read_bytes(Path(name)))
    return keys
