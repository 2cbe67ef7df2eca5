"""Picks as DataFrames (or columns) in, events as DataFrames and an ObsPy catalogue out, and an ObsPy catalogue in again.

Usage: python examples/dataframes.py picks.csv      (a pick table with coordinates, as `testban detect` writes it)
"""

import csv
import sys
from pathlib import Path

from testban import associate, locate
from testban.base.records import Event
from testban.formats import frames, obspy_bridge


def columns_of(path):
    """A CSV as a DataFrame where pandas is there, else as a dictionary of columns: testban takes both."""
    try:
        import pandas
    except ImportError:
        with Path(path).open(newline="") as f:
            rows = list(csv.DictReader(f))
        return {name: [row[name] or None for row in rows] for name in rows[0]}
    return pandas.read_csv(path)


def main(path):
    """Associate, print, hand over to ObsPy, take back and locate once more."""
    table = frames.read_picks(columns_of(path))
    found = associate.associate(table.picks, table.sites)
    events, assignments = frames.events(found.events, table.picks)
    for name, time, lon, lat in zip(
        *(events[c] for c in ("event_id", "time", "longitude", "latitude")), strict=True
    ):
        print(f"{name or 'event'}  {time:.1f} s  {lon:.3f} {lat:.3f}")
    print(
        f"{len(events['idx'])} events from {len(table.picks)} picks, {len(assignments['pick_id'])} of them assigned"
    )

    catalogue = obspy_bridge.events_to_obspy(found.events, table.picks)  # an obspy.Catalog
    arrivals = obspy_bridge.arrivals_from_obspy(catalogue, stations_of(table.sites))
    sites = {s.key: s for s in arrivals.sites}
    again = []
    for name, rows in arrivals.events.items():
        located = locate.locate(rows, sites)
        ellipse = located.origin.ellipse
        print(
            f"located again: {ellipse.smajor_km:.0f} x {ellipse.sminor_km:.0f} km, 90 % ellipse, from {len(rows)} arrivals"
        )
        again.append(Event(event_id=name, origin=located.origin, arrivals=located.arrivals))
    print(f"{len(obspy_bridge.events_to_obspy(again))} events in the catalogue that came back")


def stations_of(sites):
    """The sites as an obspy.Inventory: usually one reads it with obspy.read_inventory."""
    from obspy.core.inventory import Inventory, Network, Station

    networks = {}
    for s in sites:
        network, _, code = s.key.rpartition(".")
        station = Station(code=code, latitude=s.latitude, longitude=s.longitude, elevation=s.elevation_m)
        networks.setdefault(network, []).append(station)
    return Inventory(
        networks=[Network(code=n, stations=own) for n, own in sorted(networks.items())], source="example"
    )


if __name__ == "__main__":
    main(sys.argv[1])
