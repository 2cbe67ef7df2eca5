"""A key that the station does not hold: whatever has `verifier` and `sign` signs, and makes the same bytes."""

import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from testban.station.memory import InMemory
from testban.station.parties import START_SLOT, Parties
from testban.station.station import Station
from testban.station.warden import Warden

NAME = "XX.ALFA"


class Token:
    """A stand-in for an HSM or TPM: the key is in a file that only another program reads."""

    def __init__(self, key, path):
        self.verifier = key.verifier
        self._path, self.asked = path, 0
        path.write_bytes(
            key._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def sign(self, text):
        self.asked += 1
        words = ["openssl", "dgst", "-sha256", "-sign", str(self._path)]
        return subprocess.run(words, input=text, capture_output=True, check=True).stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program as the token")
def test_station_and_warden_whose_keys_another_program_holds(tmp_path):
    p = Parties((NAME,), bits=2048)
    site = p.sites[NAME]
    tokens = Token(site.signer, tmp_path / "s.pem"), Token(site.countersigner, tmp_path / "w.pem")
    station = Station(site.station.policy, tokens[0], InMemory(), p.quorum, p.treaty)
    warden = Warden(site.station.policy, tokens[0].verifier, tokens[1], InMemory(), p.quorum)
    samples = p.samples(NAME, START_SLOT)
    sent = station.slot(START_SLOT, samples)[0]
    released = warden.receive(sent.note, sent.payload)
    own = p.countersign(NAME, site.station.slot(START_SLOT, samples))[0]
    assert released.note == own.note, "one message, one signature, whoever makes it"
    assert (tokens[0].asked, tokens[1].asked) == (1, 1)
