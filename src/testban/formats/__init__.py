"""Bytes to records and back: waveforms, inventories, tables and bulletins. A door; it opens no socket."""

from testban.formats import (
    css30,
    frames,
    geojson,
    ims10,
    inventory,
    obspy_bridge,
    quakeml,
    quakeml_read,
    stationxml_writer,
    tables,
    waveforms,
)

__all__ = [
    "css30",
    "frames",
    "geojson",
    "ims10",
    "inventory",
    "obspy_bridge",
    "quakeml",
    "quakeml_read",
    "stationxml_writer",
    "tables",
    "waveforms",
]
