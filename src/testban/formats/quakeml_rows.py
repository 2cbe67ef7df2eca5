"""Arrivals of QuakeML as rows of an arrival table, for whoever locates anew.

Rules: as they stand, so that a table and a document are judged by the same code (`tables.arrivals_of`); an event needs no origin.
"""

import xml.etree.ElementTree as ET

from testban.base.errors import FormatError
from testban.formats import xml
from testban.formats.quakeml_read import preferred_origin, tail


def arrival_rows(data: bytes, name: str = "bytes") -> list[dict[str, str | float | None]]:
    """The arrivals of every event as rows of an arrival table (`tables.arrivals_of`): those of the preferred (else first) origin under
    their phases; all picks under their hints where there is no arrival, as an event needs no origin here.
    """
    root = xml.parse(data, "QuakeML", name)
    rows: list[dict[str, str | float | None]] = []
    for node in root.iter("event"):
        origin = preferred_origin(node)
        arrivals = origin.findall("arrival") if origin is not None else []
        named = {(a.findtext("pickID") or "").strip(): (a.findtext("phase") or "").strip() for a in arrivals}
        for pick in node.findall("pick"):
            key = pick.get("publicID", "")
            if not named or key in named:
                rows.append(_arrival_row(pick, named.get(key, ""), tail(node.get("publicID"))))
    if root.tag != "quakeml" or not rows:
        raise FormatError(
            f"expected QuakeML with picks, got none in {name}; write them along with the events"
        )
    return rows


def _arrival_row(pick: ET.Element, phase: str, event: str) -> dict[str, str | float | None]:
    where = pick.find("waveformID")
    codes = dict(where.items()) if where is not None else {}
    row: dict[str, str | float | None] = {
        "event_id": event, "pick_id": tail(pick.get("publicID")), "network": codes.get("networkCode"), "station": codes.get("stationCode"),
        "location": codes.get("locationCode"), "channel": codes.get("channelCode"), "time": pick.findtext("time/value"),
        "phase": phase or (pick.findtext("phaseHint") or "").strip() or None,
    }  # fmt: skip
    for column, tag in (
        ("time_sigma_s", "time/uncertainty"), ("slowness_s_per_deg", "horizontalSlowness/value"), ("backazimuth_deg", "backazimuth/value"),
        ("slowness_sigma", "horizontalSlowness/uncertainty"), ("backazimuth_sigma", "backazimuth/uncertainty"),
    ):  # fmt: skip
        row[column] = pick.findtext(tag)
    return row
