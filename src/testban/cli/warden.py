"""testban warden: the host's warden as a running node."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

warden = cyclopts.App(
    name="warden", help="The host's warden: checks, countersigns, lets go on time, keeps the ledger."
)
RING_SLOTS = 60_480


@warden.command
def run(
    *, disclosure: Path, policy: Path, station: str, key: Annotated[list[Path], Parameter(negative=())],
    state: Path, log: str, payloads: Path, host: str = "127.0.0.1", port: int = 8065, every: float = 1.0, ring: int = RING_SLOTS,
    dither: bool = False, twin: Path | None = None, twin_rms: float | None = None,
) -> int:  # fmt: skip
    """Run a warden unattended. It can be killed at any instant and started again with the same words.

    Commands for the station are put into the folder `commands` of its state; new policies, certificates, keys, rotations and
    revocations into `policies`: NAME.note and NAME.tlog-proof, taken in the order of their names. Both nodes take each from its
    slot on, while they run.

    Parameters
    ----------
    disclosure
        The station's disclosure policy: a note (testban/policy@v1) that all parties signed.
    policy
        Logs, witnesses, quorum and parties.
    station
        vkey of the station's first key.
    key
        The warden's private key (kind rsa); repeated for keys that a rotation may name later, while the warden runs.
    state
        Folder for ring buffer, ledger and beacons; one process at a time.
    log
        Address of the log.
    payloads
        Folder into which payloads go, named by their SHA-256, when they are let go.
    host
        Address to listen on for the station.
    port
        Port to listen on; 0 takes a free one.
    every
        Seconds between looks at the clock.
    ring
        Slots that the ring buffer keeps.
    dither
        Let only samples go that went through the dither loop (the station then runs with --dither too).
    twin
        Recording of the host's own sensor beside the station, under the station's codes (miniSEED or SAC file, or a folder of
        them): each day that is over is compared with it, what came out is written to `twin` in the state folder.
    twin_rms
        Own noise of one of the two sensors in counts (root mean square); needed with --twin.

    """
    import time

    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.links.packet_http import warden_server
    from testban.links.witness_http import appender, getter
    from testban.run.station_node import recording
    from testban.run.twin_node import TwinNode
    from testban.run.warden_node import WardenNode
    from testban.station.dither import Host
    from testban.station.warden import Warden
    from testban.store.durable import Held
    from testban.store.fine import Fine
    from testban.store.ledger_file import LedgerFile
    from testban.store.ring import Ring
    from testban.trust import packet, sealed
    from testban.trust.checks import Rejected
    from testban.trust.keys import RsaVerifier, parse_vkey

    rules = trusted.read_quorum(policy)
    treaty = trusted.treaty_of(rules, policy)
    allowed = trusted.read_disclosure(disclosure, treaty)
    signer, *later = (trusted.read_rsa_key(k, "warden") for k in key)
    try:
        verifier = parse_vkey(station)
    except Rejected as exc:
        raise InputError(f"--station: not a vkey: {exc}") from exc
    if not isinstance(verifier, RsaVerifier):
        raise InputError("--station: expected the vkey of an rsa key")
    if (twin is None) != (twin_rms is None) or (twin_rms is not None and not 0 < twin_rms < 1e9):
        raise InputError("expected --twin and --twin-rms together, the latter in counts above 0")
    held = Held(state)
    shown = Fine(state / "fine")
    size = packet.payload_size(allowed)
    node = WardenNode(
        Warden(
            allowed,
            verifier,
            signer,
            Ring(state / "warden.ring", ring, sealed.MAX_PACKET_BYTES + size),
            rules,
            LedgerFile(allowed, state / "ledger"),
            later,
            Host(shown.secret(), shown) if dither else None,
        ),
        state,
        payloads,
        getter(log),
        appender(log),
        lambda: int(time.time()) // allowed.slot_seconds,
        terminal.say,
        treaty,
        TwinNode(recording(twin).slot, twin_rms, state) if twin and twin_rms else None,
    )
    server = warden_server(node.respond, host, port, size).start()
    terminal.say(f"{server.url} is the warden of {allowed.station}")
    try:
        while True:
            node.turn()
            time.sleep(every)
    finally:
        server.stop()
        held.close()


@warden.command
def again(first: int, last: int, /, *, state: Path) -> int:
    """Have slots sent again that already left, on request; the ledger says so. The running warden does it.

    Parameters
    ----------
    first
        First slot.
    last
        Last slot.
    state
        Folder of the warden's state.

    """
    from testban.base.errors import InputError
    from testban.store import durable

    if not 0 <= first <= last or not (state / "ledger").is_file():
        raise InputError("expected the state folder of a warden, and a first slot not after the last")
    durable.replace(state / "again", f"{first} {last}\n".encode())
    return 0
