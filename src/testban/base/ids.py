"""Names of stations and channels: NET.STA.LOC.CHA inside, FDSN source identifiers outward.

An empty location code is an empty string, never "--". Follows the FDSN Source Identifiers specification 1.0.
"""

import msgspec

from testban.base.errors import InputError


class Nslc(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Network, station, location and channel code of one stream of samples."""

    network: str
    station: str
    location: str
    channel: str

    def __str__(self) -> str:
        return f"{self.network}.{self.station}.{self.location}.{self.channel}"

    @property
    def net_sta(self) -> str:
        """NET.STA."""
        return f"{self.network}.{self.station}"

    @property
    def sensor(self) -> tuple[str, str, str, str]:
        """What belongs to one sensor: network, station, location, band and instrument code."""
        return (self.network, self.station, self.location, self.channel[:2])

    @classmethod
    def parse(cls, text: str) -> "Nslc":
        """From NET.STA.LOC.CHA or FDSN:NET_STA_LOC_B_S_SS."""
        if text.startswith("FDSN:"):
            parts = text[5:].split("_")
            if len(parts) == 6:
                return cls(parts[0], parts[1], parts[2], "".join(parts[3:]))
        else:
            parts = text.split(".")
            if len(parts) == 4:
                return cls(parts[0], parts[1], "" if parts[2] == "--" else parts[2], parts[3])
        raise InputError(f"expected NET.STA.LOC.CHA or FDSN:NET_STA_LOC_B_S_SS, got {text!r}")

    def fdsn(self) -> str:
        """The FDSN source identifier."""
        b, s, ss = self.channel[:1], self.channel[1:2], self.channel[2:]
        return f"FDSN:{self.network}_{self.station}_{self.location}_{b}_{s}_{ss}"
