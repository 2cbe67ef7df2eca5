"""testban station: the automatic station as a running node."""

from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

station = cyclopts.App(
    name="station", help="The automatic station: records, signs, keeps, delivers to its warden."
)
RING_SLOTS = 60_480  # a week of slots of 10 s


@station.command
def run(
    *, disclosure: Path, policy: Path, key: Annotated[list[Path], Parameter(negative=())], state: Path, warden: str,
    source: Path | None = None, simulate: int | None = None, slots: int | None = None, ring: int = RING_SLOTS, dither: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Run a station unattended. It can be killed at any instant and started again with the same words.

    With --source it closes the slots of a recording and ends when all are delivered; with --simulate it closes a slot
    of noise whenever the clock ends one. Exit status 1 where the warden refused something.

    Parameters
    ----------
    disclosure
        The station's disclosure policy: a note (testban/policy@v1) that all parties signed.
    policy
        Logs, witnesses, quorum and parties.
    key
        The station's private key (kind rsa); repeated for keys that a rotation may name later, while the station runs.
    state
        Folder for the ring buffer; one process at a time.
    warden
        Address of the warden.
    source
        Recording to read (miniSEED or SAC file, or a folder of them).
    simulate
        Record seeded noise of this seed in place of a sensor.
    slots
        End after so many slots that were closed since the start.
    ring
        Slots that the ring buffer keeps.
    dither
        Show the fine counts to the warden and sign what its dither makes of them (the warden then runs with --dither too).
    json
        Print one JSON object on stdout at the end.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.links.packet_http import WardenLink
    from testban.run import station_node
    from testban.station.station import Station
    from testban.store.durable import Held
    from testban.store.ring import Ring
    from testban.trust import packet, sealed

    if (source is None) == (simulate is None):
        raise InputError("expected one of --source and --simulate")
    rules = trusted.read_quorum(policy)
    treaty = trusted.treaty_of(rules, policy)
    allowed = trusted.read_disclosure(disclosure, treaty)
    signer, *later = (trusted.read_rsa_key(k, "station") for k in key)
    held = Held(state)
    memory = Ring(state / "station.ring", ring, sealed.MAX_PACKET_BYTES + packet.payload_size(allowed))
    node = station_node.StationNode(
        Station(allowed, signer, memory, rules, treaty, later),
        WardenLink(warden),
        terminal.say,
        pulsed=simulate is not None,
        folder=state,
        dithered=dither,
    )
    try:
        if source is not None:
            station_node.replay(node, source, slots)
        else:
            station_node.live(node, simulate or 0, slots)
    finally:
        memory.close()
        held.close()
    refused = node.refused
    facts = {
        "ok": refused is None,
        "reason": refused.reason.value if refused else "ok",
        "closed": node.closed,
        "delivered": node.delivered,
        "obeyed": [f"{c.command} {c.number}" for c in node.obeyed],
    }
    terminal.out(facts) if json else terminal.say(f"{node.closed} slots closed, {node.delivered} delivered")
    return 0 if refused is None else 1
