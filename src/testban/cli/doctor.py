"""testban doctor: is this installation sound, and is this archive usable?"""

from typing import Annotated

from cyclopts import Parameter

from testban.base.records import Finding


def doctor(
    sources: Annotated[list[str] | None, Parameter(name="SOURCE", negative=())] = None,
    /,
    *,
    inventory: Annotated[list[str] | None, Parameter(negative=())] = None,
    json: bool = False,
) -> int:
    """Say what is wrong with the installation, or with an archive and its inventory, and what to do.

    Exit status 0 where all that is needed holds, 1 where something falls short.

    Parameters
    ----------
    sources
        Recordings to look through (headers only); none checks the installation alone.
    inventory
        The inventory that belongs to them.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import doctor

    checks = doctor.installation()
    findings: list[Finding] = []
    if sources:
        more, findings = doctor.archive(sources, inventory or [])
        checks += more
    ok = all(c.ok for c in checks if c.needed)
    if json:
        terminal.out({"ok": ok, "checks": checks, "findings": findings})
        return 0 if ok else 1
    for c in checks:
        mark = "[green]ok[/green]  " if c.ok else ("[red]bad[/red] " if c.needed else "[yellow]note[/yellow]")
        terminal.say(f"{mark} {c.name}: {c.seen}" + (f"\n      -> {c.advice}" if not c.ok else ""))
    for f in findings[:30]:
        terminal.say(f"[yellow]note[/yellow] {f.subject}: {f.message}")
    if len(findings) > 30:
        terminal.say(f"... and {len(findings) - 30} more")
    return 0 if ok else 1
