"""Known data sets: where they lie on this machine, and how they come through public FDSN services.

Rules: nothing is fetched unless a person asks; what is found is named with its folder and its sources.
"""

import os
from pathlib import Path

import msgspec

from testban import formats, links
from testban.base.errors import InputError
from testban.base.times import parse_time
from testban.run.outputs import whole


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A known recording: what it is, what to process, and what to ask an FDSN service for."""

    name: str
    title: str
    start: str
    end: str
    channels: str
    networks: str
    stations: str
    prefer: tuple[str, ...]


_STATIONS = "MDJ,HIA,BJT,INCN,MAJO,ERM,YSS,SSE,ULN,INU,TATO,XAN,KMI"

_SCHEMES = {"https": "fdsnwss", "http": "fdsnws", "fdsnwss": "fdsnwss", "fdsnws": "fdsnws"}

KNOWN = (
    DataSet(
        name="dprk_2009-05-25",
        title="underground nuclear test, 25 May 2009",
        start="2009-05-25T00:50:00Z",
        end="2009-05-25T01:10:00Z",
        channels="BH?",
        networks="IC,IU,II,G",
        stations=_STATIONS,
        prefer=("raw_counts.mseed",),
    ),
    DataSet(
        name="dprk_2016-01-06",
        title="underground nuclear test, 6 January 2016",
        start="2016-01-06T01:25:00Z",
        end="2016-01-06T01:45:00Z",
        channels="BH?",
        networks="IC,IU,II,G",
        stations=_STATIONS,
        prefer=("regional_800s.mseed", "regional_800s_float.mseed", "raw_counts.mseed"),
    ),
    DataSet(
        name="dprk_2017-09-03",
        title="underground nuclear test and collapse, 3 September 2017",
        start="2017-09-03T03:25:00Z",
        end="2017-09-03T03:50:00Z",
        channels="BH?",
        networks="IC,IU,II,G",
        stations=_STATIONS,
        prefer=("regional_800s.mseed", "raw_counts.mseed"),
    ),
)


def places(given: Path | None) -> list[Path]:
    """Folders that may hold recordings: the one given, $TESTBAN_DATA, the user's cache."""
    found = [given] if given else []
    if os.environ.get("TESTBAN_DATA"):
        found.append(Path(os.environ["TESTBAN_DATA"]))
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return [*found, Path(cache) / "testban" / "data"]


def find(dataset: DataSet, given: Path | None = None) -> Path | None:
    """The folder of a data set on this machine, or None."""
    for place in places(given):
        for folder in (place / "waveforms" / dataset.name, place / dataset.name):
            if folder.is_dir() and any(folder.glob("*.mseed")):
                return folder
    return None


def fetch(name: str, service: str, folder: Path | None) -> Path:
    """Waveforms and StationXML of a known data set from an FDSN service into a folder; returns the folder.

    service: https://, http://, fdsnwss:// or fdsnws:// address. Raises InputError where the service has no such data.
    """
    dataset = next((d for d in KNOWN if d.name == name), None)
    if dataset is None:
        raise InputError(f"no known data set {name!r}; expected one of {', '.join(d.name for d in KNOWN)}")
    target = (folder or places(None)[-1]) / dataset.name
    address = (
        f"{_base(service)}/?net={dataset.networks}&sta={dataset.stations}&cha={dataset.channels}"
        f"&start={dataset.start}&end={dataset.end}"
    )
    source = links.open_source(address)
    segments = []
    for unit in source.units(parse_time(dataset.start), parse_time(dataset.end)):
        segments += source.read(unit, unit.span)[0]
    if not segments:
        raise InputError(
            f"expected recordings of {name} from {service}, got none; try another --service that keeps these networks"
        )
    inventory = links.fdsnws.stations(address)
    whole(target / "stations.xml", lambda p: p.write_bytes(inventory))
    whole(target / "raw_counts.mseed", lambda p: formats.waveforms.write_mseed(p, segments))
    return target


def _base(service: str) -> str:
    """The service's address with the scheme of `links`: TLS where the person asked for it."""
    scheme, found, rest = service.rstrip("/").partition("://")
    name = _SCHEMES.get(scheme.lower()) if found and rest else None
    if name is None:
        raise InputError(
            f"--service: expected an address such as https://service.iris.edu, got {service!r}; correct it"
        )
    return f"{name}://{rest}"
