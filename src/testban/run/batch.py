"""One batch run: prepare the folder, process, write; and what of it a person is told."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from testban.base.records import Bulletin
from testban.run import outputs
from testban.run.configuration import Configuration
from testban.run.process import Progress, given, process
from testban.run.stations import Station
from testban.store import Catalogue, durable


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run: its bulletin, the digests of its products, and the stations that it rests on."""

    bulletin: Bulletin
    digests: dict[str, str]
    stations: tuple[Station, ...]


def run(
    sources: Sequence[str],
    inventory: Sequence[str | Path],
    out: Path,
    configuration: Configuration,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    simulated: bool = False,
    pdf: bool = False,
    only: bool = False,
    fine: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Done:
    """Process sources into a folder. The same call again goes on where it stopped.

    only: the catalogue keeps nothing of earlier runs, as is right for a day that is worked on again and again. fine: see `process`.
    """
    ready = given(sources, inventory, start_ns, end_ns)
    durable.folder(out)
    catalogue = Catalogue(out / "catalogue.sqlite")
    try:
        outcome = process(ready, catalogue, configuration, simulated=simulated, fine=fine, progress=progress)
        bulletin_id = catalogue.write_bulletin(outcome.bulletin)
        if only:
            catalogue.keep_only(bulletin_id)
    finally:
        catalogue.close()
    digests = outputs.write(outcome, out, language=configuration.language, pdf=pdf)
    return Done(bulletin=outcome.bulletin, digests=digests, stations=ready.stations)
