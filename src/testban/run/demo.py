"""The demonstration: the main job on the best data at hand, labelled which."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from testban.base.errors import InputError
from testban.run import batch, data, worlds
from testban.run.batch import Done
from testban.run.configuration import Configuration
from testban.run.process import Progress


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the demonstration and its result."""

    name: str
    title: str
    simulated: bool
    done: Done


def demo(
    out: Path, configuration: Configuration, *, given: Path | None = None, scenario: str | None = None, pdf: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> list[Shown]:  # fmt: skip
    """Process every known recording found on this machine; where there is none, a simulated world."""
    if given is not None and not given.is_dir():
        raise InputError(f"--data: expected a folder with recordings, got {given}")
    found = [(d, data.find(d, given)) for d in data.KNOWN] if scenario is None else []
    here = [(d, folder) for d, folder in found if folder is not None]
    if given is not None and not here:
        raise InputError(
            f"--data {given}: no known recording in it; expected folders such as {data.KNOWN[0].name} with miniSEED files"
        )
    if here:
        return [
            Shown(
                name=d.name,
                title=d.title,
                simulated=False,
                done=batch.run(
                    _prefer(d, folder),
                    [folder],
                    out / d.name,
                    configuration,
                    pdf=pdf,
                    progress=_named(d.name, progress),
                ),
            )
            for d, folder in here
        ]
    return [_simulated(out, configuration, scenario or "demo", pdf, progress)]


def _named(name: str, progress: Progress) -> Progress:
    """Progress that says of which recordings."""
    return lambda stage, done, total: progress(f"{name} {stage}", done, total)


def _prefer(dataset: data.DataSet, folder: Path) -> Sequence[str]:
    """The first kind of file that is there; a float twin of the same recording goes with it."""
    first = next((f for f in dataset.prefer if (folder / f).exists()), None)
    if first is None:
        return [str(folder)]
    twins = [
        f for f in dataset.prefer if f.startswith(first.removesuffix(".mseed")) and (folder / f).exists()
    ]
    return [str(folder / f) for f in sorted(twins)]


def _simulated(
    out: Path, configuration: Configuration, scenario: str, pdf: bool, progress: Progress
) -> Shown:
    world = worlds.read(scenario)
    worlds.write(world, out / "world", workers=configuration.workers, progress=progress)
    done = batch.run(
        [str(out / "world" / "archive")],
        [out / "world" / "stations.xml"],
        out / "simulated",
        configuration,
        simulated=True,
        pdf=pdf,
        progress=progress,
    )
    return Shown(name="simulated", title=world.title, simulated=True, done=done)
