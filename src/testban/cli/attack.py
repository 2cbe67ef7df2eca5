"""testban attack: carry out the attacks of the design against the real nodes, and say who caught each and why."""


def attack(name: str = "all", /, *, json: bool = False) -> int:
    """Carry out attacks on station, warden, log, witnesses and readers; each must be caught for its own reason.

    Exit status 0 only where every one was caught for the reason that is stated for it.

    Parameters
    ----------
    name
        `all`, or the name of one attack as the list gives it.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal
    from testban.station import attacks

    if name != "all" and name not in attacks.ATTACKS:
        raise InputError(
            f"expected 'all' or the name of an attack, got {name!r}; the names are in: testban attack all"
        )
    results = attacks.run_all([] if name == "all" else [name])
    ok = all(r.as_expected for r in results)
    if json:
        rows = [
            {
                "name": r.name,
                "caught": r.caught,
                "by": r.by,
                "reason": r.reason,
                "expected": r.expected,
                "row": r.row,
                "detail": r.detail,
            }
            for r in results
        ]
        terminal.out(
            {"ok": ok, "reason": "ok" if ok else "an attack was not caught as stated", "attacks": rows}
        )
    else:
        for r in results:
            terminal.say(f"  {'caught' if r.as_expected else 'MISSED'}  {r.name:66} {r.by:20} {r.reason}")
        terminal.say(f"{sum(r.as_expected for r in results)} of {len(results)} caught for their reason")
    return 0 if ok else 1
