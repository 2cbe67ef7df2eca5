"""testban witness: a witness as a running node."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

witness = cyclopts.App(name="witness", help="A witness: cosigns checkpoints of the logs that it knows.")


@witness.command
def serve(
    *,
    key: Annotated[list[Path], Parameter(negative=())],
    log: Annotated[list[str], Parameter(negative=())],
    state: Path,
    host: str = "127.0.0.1",
    port: int = 8064,
) -> int:
    """Cosign what continues what was cosigned before (C2SP tlog-witness, POST /add-checkpoint).

    Parameters
    ----------
    key
        The witness' private key (kind witness or ml-dsa-44); repeated while one key gives way to another, or for both kinds: it
        signs with each.
    log
        vkey of a log that it knows; its name is the log's origin; may be repeated.
    state
        File that keeps what was signed last.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.cli.trusted import read_key
    from testban.links.witness_http import witness_server
    from testban.store.witness_memory import WitnessMemory
    from testban.trust.checks import Rejected
    from testban.trust.keys import Cosigner, Verifier, parse_vkey
    from testban.trust.witness import Witness

    cosigners: list[Cosigner] = []
    for path in key:
        cosigner = read_key(path)
        if not isinstance(cosigner, Cosigner):
            raise InputError(f"{path}: expected a key of kind witness or ml-dsa-44")
        cosigners.append(cosigner)
    known: dict[str, list[Verifier]] = {}
    for text in log:
        try:
            verifier = parse_vkey(text)
        except Rejected as exc:
            raise InputError(f"--log: not a vkey: {exc}") from exc
        known.setdefault(verifier.name, []).append(verifier)
    node = Witness(cosigners, known, WitnessMemory(state))
    server = witness_server(node.add_checkpoint, host, port)
    terminal.say(f"{server.url} witnesses {', '.join(sorted(known))}")
    server.run()
    return 0
