"""testban keys: the ceremony between two machines, step by step; what one side sends the other are small JSON files.

1. The monitor: `keys package`: packages with seeds of their own, and their commitments for the host.
2. The host tells a coin (32 random bytes in hexadecimal). The monitor: `keys offer`: the keys made of seeds and coin.
3. The host tells a second coin, which chooses. The monitor: `keys open`: all seeds but one, and the certificate of the key that is left.
4. The host: `keys conclude`: makes the opened keys again and refuses a package that cheated.
"""

import json as encoding
import secrets
from pathlib import Path
from typing import Any

from testban.cli.keys import keys


@keys.command
def package(name: str, *, out: Path, packages: int = 4, bits: int = 3072) -> int:
    """Step 1, the monitor: make packages, each with a seed of its own, and the file commitments.json for the host.

    Parameters
    ----------
    name
        Name of the key, such as XX.KEST/station.
    out
        Folder that stays with the monitor; only commitments.json is given away.
    packages
        How many; a cheat is caught with chance 1 - 1/packages.
    bits
        Size of the modulus.

    """
    from testban.base.errors import InputError
    from testban.cli import trusted
    from testban.trust import ceremony
    from testban.trust.notes import valid_name

    if not 2 <= packages <= 64 or not valid_name(name) or bits % 16 or not 2048 <= bits <= 4096:
        raise InputError(
            "expected 2 to 64 packages, a name without spaces or +, and 2048 to 4096 bits in steps of 16"
        )
    seeds = [secrets.token_bytes(32) for _ in range(packages)]
    trusted.write_secret(out / "packages.json", encoding.dumps({"name": name, "bits": bits, "seeds": [s.hex() for s in seeds]}) + "\n")  # fmt: skip
    _write(out / "commitments.json", {"name": name, "bits": bits, "commitments": [ceremony.commitment(s).hex() for s in seeds]})  # fmt: skip
    return 0


@keys.command
def offer(folder: Path, *, coin: str) -> int:
    """Step 2, the monitor: make the keys of seeds and the host's coin, and the file offers.json for the host.

    Parameters
    ----------
    folder
        Folder of step 1.
    coin
        The host's coin: 64 hexadecimal digits. A second coin is refused, for whoever may choose again chooses the key.

    """
    from testban.base.errors import InputError
    from testban.store import durable

    known = folder / "coin"
    given = _digits(coin, "--coin")
    if known.is_file() and known.read_text().strip() != given.hex():
        raise InputError(
            f"{folder}: the keys are made of another coin already; begin anew with testban keys package"
        )
    durable.replace(known, given.hex().encode() + b"\n")
    made = [p.make(given).vkey for p in _packages(folder)]
    _write(folder / "offers.json", {"vkeys": made})
    return 0


@keys.command(name="open")
def open_(folder: Path, *, choice: str) -> int:
    """Step 3, the monitor: open all packages but the one that the host's second coin chooses; opened.json for the host.

    The key that is left stands in key.json; the seeds of the others are given away and their keys never used.

    Parameters
    ----------
    folder
        Folder of step 1.
    choice
        The host's second coin: 64 hexadecimal digits.

    """
    from testban.base.errors import InputError
    from testban.cli import trusted
    from testban.store import durable
    from testban.trust import ceremony
    from testban.trust.encoding import to_base64

    second, made = _digits(choice, "--choice"), _packages(folder)
    if not (folder / "offers.json").is_file() or (folder / "opened.json").is_file():
        raise InputError(f"{folder}: expected the keys to be offered and no package to be open yet")
    coin = _digits((folder / "coin").read_text().strip(), "coin")
    shut = ceremony.chosen_by(second, len(made))
    body = _json(folder / "packages.json")
    made[shut].make(coin)
    signer = made[shut].signer
    if signer is None:
        raise InputError(f"{folder}: no key")
    seed = ceremony.mixed(bytes.fromhex(body["seeds"][shut]), coin)
    trusted.write_key(folder / "key.json", "rsa", body["name"], seed, int(body["bits"]), signer.primes)
    certificate = made[shut].certify()
    durable.replace(folder / "certificate", certificate)
    durable.replace(folder / "vkey", (signer.verifier.vkey() + "\n").encode())
    opened = {str(i): s for i, s in enumerate(body["seeds"]) if i != shut}
    _write(folder / "opened.json", {"opened": opened, "certificate": to_base64(certificate)})
    return 0


@keys.command
def conclude(
    *, commitments: Path, offers: Path, opened: Path, coin: str, choice: str, out: Path, json: bool = False
) -> int:  # fmt: skip
    """Step 4, the host: make the opened keys again, compare, check the certificate. Exit status 1: a package cheated.

    Parameters
    ----------
    commitments
        What the monitor gave before the coin.
    offers
        What it gave before the choice.
    opened
        What it gave at the end.
    coin
        The host's coin.
    choice
        The host's second coin.
    out
        Folder for vkey and certificate of the key that is left.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.store import durable
    from testban.trust import ceremony
    from testban.trust.checks import Reason, Rejected
    from testban.trust.encoding import from_base64

    first, made, last = _json(commitments), _json(offers), _json(opened)
    try:
        committed = [ceremony.Offer(bytes.fromhex(c)) for c in first["commitments"]]
        offered = [
            ceremony.Offer(c.commitment, str(v)) for c, v in zip(committed, made["vkeys"], strict=True)
        ]
        seeds = {int(i): bytes.fromhex(s) for i, s in last["opened"].items()}
        roots = from_base64(last["certificate"], Reason.KEY_FORM)
    except (KeyError, ValueError, TypeError, AttributeError, Rejected) as exc:
        raise InputError(
            "expected the three files that keys package, keys offer and keys open wrote"
        ) from exc
    shut = ceremony.chosen_by(_digits(choice, "--choice"), len(committed)) if committed else 0
    try:
        held = ceremony.conclude(committed, offered, _digits(coin, "--coin"), shut, seeds, roots)
    except Rejected as exc:
        facts: dict[str, Any] = {"ok": False, "reason": exc.reason.value, "detail": exc.detail}
        terminal.out(facts) if json else terminal.say(f"refused: {exc}")
        return 1
    durable.replace(out / "vkey", (held.vkey + "\n").encode())
    durable.replace(out / "certificate", held.certificate)
    facts = {"ok": True, "reason": "ok", "vkey": held.vkey, "transcript": held.transcript.hex(), "kept": shut}
    terminal.out(facts) if json else terminal.say(f"package {shut} of {len(committed)} kept; transcript {held.transcript.hex()}")  # fmt: skip
    return 0


def _packages(folder: Path) -> list[Any]:
    from testban.base.errors import InputError
    from testban.trust import ceremony

    body = _json(folder / "packages.json")
    try:
        return [
            ceremony.Package(str(body["name"]), bytes.fromhex(s), int(body["bits"])) for s in body["seeds"]
        ]
    except (KeyError, ValueError, TypeError) as exc:
        raise InputError(f"{folder}: expected the folder that testban keys package wrote") from exc


def _json(path: Path) -> dict[str, Any]:
    from testban.base.errors import InputError
    from testban.cli.trusted import read_bytes

    try:
        body = encoding.loads(read_bytes(path))
    except (ValueError, RecursionError) as exc:
        raise InputError(f"{path}: expected JSON") from exc
    if not isinstance(body, dict):
        raise InputError(f"{path}: expected a JSON object")
    return body


def _write(path: Path, body: dict[str, Any]) -> None:
    from testban.store import durable

    durable.replace(path, (encoding.dumps(body) + "\n").encode())


def _digits(text: str, what: str) -> bytes:
    from testban.base.errors import InputError

    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise InputError(f"{what}: expected 64 hexadecimal digits, got {text[:20]!r}")
    return data
