"""testban data: known data sets, and fetching them through FDSN services."""

from pathlib import Path

import cyclopts

data = cyclopts.App(name="data", help="Known recordings: what there is, where it lies, how to fetch it.")


@data.command(name="list")
def list_(*, json: bool = False) -> int:
    """Name the known data sets and where they lie on this machine.

    Parameters
    ----------
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal
    from testban.run import data as known

    rows = [{"name": d.name, "title": d.title, "folder": str(known.find(d) or "")} for d in known.KNOWN]
    if json:
        terminal.out(rows)
        return 0
    for row in rows:
        terminal.say(
            f"{row['name']:18} {row['title']:58} {row['folder'] or 'not here; testban data fetch ' + row['name']}"
        )
    return 0


@data.command
def fetch(name: str, *, service: str = "https://service.iris.edu", folder: Path | None = None) -> int:
    """Fetch a known data set through an FDSN service. Needs a network; nothing else in testban fetches unasked.

    Parameters
    ----------
    name
        A name that `testban data list` gives.
    service
        Base address of the FDSN service: https:// (TLS) or http://.
    folder
        Where to put it; the user's cache when not given.

    """
    from testban.cli import terminal
    from testban.run import data as known

    place = known.fetch(name, service, folder)
    terminal.say(f"{name} lies in {place}; run: testban demo" + (f" --data {folder}" if folder else ""))
    return 0
