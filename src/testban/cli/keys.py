"""testban keys: make keys, certify them, and hold the ceremony in which neither side chooses."""

import secrets
from pathlib import Path
from typing import Literal

import cyclopts

keys = cyclopts.App(name="keys", help="Keys of stations, wardens, parties, logs and witnesses.")


@keys.command
def generate(
    name: str,
    *,
    kind: Literal["ed25519", "witness", "ml-dsa-44", "rsa"] = "ed25519",
    out: Path,
    bits: int = 3072,
    json: bool = False,
) -> int:
    """Make a private key from the system's randomness and print its public line.

    Parameters
    ----------
    name
        Name under which it signs, such as log.example/joint.
    kind
        ed25519 (log, party), witness or ml-dsa-44 (cosignatures), rsa (station and warden: unique signatures).
    out
        File for the private key; never overwritten, readable by its owner only.
    bits
        Size of an rsa modulus.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal, trusted
    from testban.trust.keys import RsaSigner

    seed = secrets.token_bytes(32)
    key = trusted.make_key(kind, name, seed, bits)
    trusted.write_key(out, kind, name, seed, bits, key.primes if isinstance(key, RsaSigner) else None)
    vkey = key.verifier.vkey()
    terminal.out({"name": name, "kind": kind, "vkey": vkey}) if json else print(vkey)
    return 0


@keys.command
def certify(key: str, *, certificate: Path, json: bool = False) -> int:
    """Write the permutation certificate of an rsa key, or check one: signatures of such a key leave no choice.

    Parameters
    ----------
    key
        A private key file (then the certificate is written) or a vkey (then it is checked).
    certificate
        File of the certificate.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.store import durable
    from testban.trust import keys as kinds
    from testban.trust import rsa
    from testban.trust.checks import Rejected

    if Path(key).is_file():
        signer = trusted.read_key(Path(key))
        if not isinstance(signer, kinds.RsaSigner):
            raise InputError(f"{key}: expected an rsa key; others need no certificate")
        durable.replace(certificate, signer.certificate())
        terminal.out({"ok": True, "reason": "written"}) if json else terminal.say(f"{certificate}: written")
        return 0
    ok, reason, malformed = True, "ok", False
    try:
        verifier = kinds.parse_vkey(key)
        if not isinstance(verifier, kinds.RsaVerifier):
            raise InputError("expected the vkey of an rsa key; others need no certificate")
        rsa.check_certificate(verifier.n, rsa.EXPONENT, trusted.read_bytes(certificate))
    except Rejected as exc:
        ok, reason, malformed = False, exc.reason.value, exc.malformed
    terminal.out({"ok": ok, "reason": reason}) if json else terminal.say(reason)
    return 0 if ok else 2 if malformed else 1


@keys.command
def ceremony(name: str, *, out: Path, packages: int = 4, bits: int = 3072, json: bool = False) -> int:
    """Hold the key ceremony on one machine: packages commit, the host's coin is mixed in, all but one are opened.

    In earnest each package runs on its own machine; this makes the same files and checks the same things.

    Parameters
    ----------
    name
        Name of the key, such as XX.KEST/station.
    out
        Folder for the key, its certificate and the transcript.
    packages
        How many packages; a cheat is caught with chance 1 - 1/packages.
    bits
        Size of the modulus.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.store import durable
    from testban.trust import ceremony as held

    if not 2 <= packages <= 64:
        raise InputError(f"--packages: expected 2 to 64, got {packages}")
    coin, choice = secrets.token_bytes(32), secrets.token_bytes(32)
    made = [held.Package(name, secrets.token_bytes(32), bits) for _ in range(packages)]
    committed = [p.commit() for p in made]
    offered = [p.make(coin) for p in made]
    shut = held.chosen_by(choice, packages)
    seeds = {i: p.open() for i, p in enumerate(made) if i != shut}
    result = held.conclude(committed, offered, coin, shut, seeds, made[shut].certify())
    kept = made[shut].signer
    trusted.write_key(
        out / "key.json",
        "rsa",
        name,
        held.mixed(made[shut].open(), coin),
        bits,
        kept.primes if kept else None,
    )
    durable.replace(out / "certificate", result.certificate)
    durable.replace(out / "vkey", (result.vkey + "\n").encode())
    facts = {
        "ok": True,
        "reason": "ok",
        "vkey": result.vkey,
        "transcript": result.transcript.hex(),
        "opened": sorted(seeds),
        "kept": shut,
    }
    terminal.out(facts) if json else terminal.say(
        f"package {shut} of {packages} kept; transcript {result.transcript.hex()}"
    )
    return 0


from testban.cli import keys_joint  # noqa: E402, F401 - its verbs join these
