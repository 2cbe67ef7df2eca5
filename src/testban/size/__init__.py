"""How big: mb, ML and Ms of stations and their network values, non-detections counted."""

from testban.size.measure import measure_station
from testban.size.network import Settings, network

__all__ = ["Settings", "measure_station", "network"]
