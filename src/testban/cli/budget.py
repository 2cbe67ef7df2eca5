"""testban budget: how much could still be hidden, in bits per second and channel."""

from pathlib import Path


def budget(
    *,
    disclosure: Path | None = None,
    log: str | None = None,
    dither: bool = False,
    day: bool = False,
    json: bool = False,
) -> int:
    """Print the residual covert bits per second of every channel that is left. Never "none".

    Parameters
    ----------
    disclosure
        A policy note (testban/policy@v1); three channels at 40 Hz, quantum 1 when not given.
    log
        Folder or address of a log: gaps and state of health are then measured on its packets.
    dither
        The host's dither loop is in use.
    day
        Also simulate a channel-day of each attack of a hostile digitiser, and what the tests see.
    json
        Print one JSON object on stdout.

    """
    import msgspec

    from testban.cli import terminal
    from testban.cli.trusted import open_log, read_disclosure
    from testban.station import budget as budgets
    from testban.station import covert
    from testban.trust import sealed
    from testban.trust.documents import Policy

    policy = (
        read_disclosure(disclosure)
        if disclosure
        else Policy(station="XX.ANY", channels=("BHZ", "BHN", "BHE"), rate=40)
    )
    entries = open_log(log).entries() if log else ()
    packets = [sealed.parse(e, 2)[0] for e in entries if e.startswith(b"testban/packet@v1\n")]
    rows = budgets.budget(policy, packets, dithered=dither)
    table = covert.table() if day else []
    if json:
        terminal.out(
            {
                "station": policy.station,
                "channels": msgspec.to_builtins(rows),
                "attacks": msgspec.to_builtins(table),
            }
        )
        return 0
    for r in rows:
        terminal.say(f"  {r.channel:34} {r.bits_per_s:10.4f} bit/s  {r.basis:16} {r.note}")
    for t in table:
        z = "  ".join(
            f"{n} {v:.1f}"
            for n, v in (("last bit z", t.lsb_z), ("pairs z", t.pairs_z), ("twin z", t.twin_z))
            if v is not None
        )
        terminal.say(f"  {t.attack:42} q={t.quantum:<3} {t.bits_per_s:6.1f} bit/s  {z}")
    return 0
