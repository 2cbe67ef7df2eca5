import pickle
import xml.etree.ElementTree as ET

import msgspec
import pytest

from testban.base.errors import FormatError, InventoryError, SourceError
from testban.base.ids import Nslc
from testban.base.records import Channel, Response, ResponseStage
from testban.base.times import parse_time
from testban.formats import inventory, stationxml, stationxml_writer

T = parse_time
PAZ = Response(
    input_unit="m/s",
    stages=(
        ResponseStage(
            kind="paz",
            gain=1500.0,
            gain_frequency_hz=1.0,
            zeros=((0.0, 0.0),) * 2,
            poles=((-0.03, 0.03), (-0.03, -0.03)),
            normalization=1.01,
        ),
        ResponseStage(kind="fir", gain=4e5, numerator=(0.25, 0.5, 0.25), sample_rate_hz=40.0, delay_s=0.02),
    ),
    sensitivity=6e8,
    sensitivity_frequency_hz=1.0,
)
SACPZ = """* NETWORK   (KNETWK): IC
* STATION    (KSTNM): MDJ
* LOCATION   (KHOLE): 00
* CHANNEL   (KCMPNM): BHZ
* START             : {start}
* END               : {end}
* LATITUDE          : 44.617
* LONGITUDE         : 129.591
* ELEVATION         : 220.0
* DIP               : 0.0
* AZIMUTH           : 0.0
* INPUT UNIT        : M
* SENSITIVITY       : 2.0e+09 (M/S)
* A0                : 4.0e+03
ZEROS\t3
POLES\t2
\t-1.0e-02\t+1.0e-02
\t-1.0e-02\t-1.0e-02
CONSTANT\t{constant}
"""


def channel(code="BHZ", start="2010-01-01", end=None, **more) -> Channel:
    base = {
        "longitude": 129.5908,
        "latitude": 44.6170,
        "elevation_m": 220.0,
        "response": PAZ,
        "sample_rate_hz": 40.0,
    }
    return Channel(
        nslc=Nslc("IC", "MDJ", "00", code),
        start_ns=T(start),
        end_ns=T(end) if end else None,
        origin="",
        **(base | more),
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sacpz").mkdir()
    for i, (a, b) in enumerate(
        [("1999-01-01T00:00:00", "2009-07-30T00:00:00"), ("2009-07-30T00:00:00", "2599-12-31T23:59:59")]
    ):
        (tmp_path / "sacpz" / f"any name {i}").write_text(
            SACPZ.format(start=a, end=b, constant=f"{8 + i}e12")
        )
    (tmp_path / "stations.csv").write_text(
        "network,station,latitude,longitude,elevation_m,note\nJP,JNU,33.12,130.88,,x\nIC,MDJ,44.61,129.59,200,\n"
    )
    (tmp_path / "orientation.csv").write_text(
        "seed_id,cmpaz,cmpinc\nJP.JNU..BH1,12.5,90\nJP.JNU..BHZ,0,180\n"
    )
    (tmp_path / "notes.txt").write_text("not an inventory")
    (tmp_path / "event.xml").write_text("<q:quakeml xmlns:q='x'/>")
    return tmp_path


def test_folder_is_one_inventory(folder):
    inv = inventory.read_inventory(folder)
    assert {s.key for s in inv.sites()} == {"IC.MDJ", "JP.JNU"}
    mdj = Nslc("IC", "MDJ", "00", "BHZ")
    old, new = inv.at(mdj, T("2009-05-25")), inv.at(mdj, T("2017-09-03"))
    assert old.response.stages[0].normalization == 8e12
    assert new.response.stages[0].normalization == 9e12
    assert (new.response.input_unit, new.response.stages[0].zeros) == ("m", ((0.0, 0.0),) * 3)
    assert (new.dip_deg, new.elevation_m, new.end_ns) == (-90.0, 220.0, None)
    jnu, notes = inv.lookup(Nslc("JP", "JNU", "", "BH1"), T("2017-09-03"))
    assert (jnu.azimuth_deg, jnu.dip_deg, jnu.elevation_m, jnu.response) == (12.5, 0.0, 0.0, None)
    assert [n.kind for n in notes] == ["no-response"]
    assert inv.at(Nslc("JP", "JNU", "", "BHZ"), 0).dip_deg == 90.0
    assert inv.at(Nslc("JP", "JNU", "", "BHN"), 0).azimuth_deg == 0.0
    other, notes = inv.lookup(Nslc("JP", "JNU", "", "BH2"), 0)
    assert other.azimuth_deg is None
    assert "orientation" in {n.kind for n in notes}
    assert inv.at(Nslc("XX", "NONE", "", "BHZ"), 0) is None
    twin = pickle.loads(pickle.dumps(inv))
    assert twin.channels == inv.channels
    assert twin.at(mdj, T("2017-09-03")) == new


def test_position_outlives_the_epoch_amplitude_does_not(folder):
    (folder / "stations.csv").unlink()
    inv = inventory.read_inventory(folder)
    c, notes = inv.lookup(Nslc("IC", "MDJ", "00", "BHZ"), T("1987-06-05"))
    assert (c.latitude, c.response) == (44.617, None)
    assert [n.kind for n in notes] == ["epoch"]
    c, notes = inv.lookup(Nslc("IC", "MDJ", "10", "HHZ"), T("2017-06-05"))
    assert (c.latitude, c.response, c.dip_deg) == (44.617, None, -90.0)
    assert notes


def test_stationxml_wins_for_the_response_and_order_does_not_matter(folder, tmp_path):
    xml = tmp_path / "a.xml"
    stationxml_writer.write(xml, [channel(), channel("BH1", azimuth_deg=30.0, dip_deg=0.0)])
    parts = [xml, folder / "stations.csv", folder / "sacpz", folder / "orientation.csv"]
    a, b = inventory.read_inventory(parts), inventory.read_inventory(parts[::-1])
    assert a.channels == b.channels
    assert a.findings == b.findings
    c = a.at(Nslc("IC", "MDJ", "00", "BHZ"), T("2017-09-03"))
    assert c.response == PAZ
    assert a.at(Nslc("IC", "MDJ", "00", "BHZ"), T("2005-01-01")).response.input_unit == "m"
    assert a.at(Nslc("IC", "MDJ", "00", "BH1"), T("2017-09-03")).azimuth_deg == 30.0
    names = [c.nslc.channel for c in a.for_station("IC.MDJ", T("2017-09-03"))]
    assert names == ["BH1", "BHZ"]


def test_conflicts_and_repeats_are_reported(folder):
    (folder / "copy").mkdir()
    (folder / "copy" / "x").write_bytes((folder / "sacpz" / "any name 0").read_bytes())
    (folder / "stations.csv").write_text(
        "network,station,latitude,longitude\nIC,MDJ,44.7,129.59\n,,1,2\nIC,BAD,95,0\n"
    )
    inv = inventory.read_inventory(folder)
    kinds = [f.kind for f in inv.findings]
    assert kinds.count("duplicate") == 1
    assert "position" in kinds
    assert [f.message for f in inv.findings if f.kind == "table"] == [
        "1 of 3 rows with a position that is none on Earth is not used (such as 'BAD 95 0')",
        "1 of 3 rows without a station code is not used",
    ]


def test_constant_is_kept_and_checked(folder):
    (folder / "sacpz" / "any name 0").write_text(SACPZ.format(start="1999-01-01", end="", constant="7e12"))
    inv = inventory.read_inventory(folder)
    assert any("CONSTANT is used" in f.message for f in inv.findings)


def test_sacpz_without_comments_takes_its_place_from_a_table(tmp_path):
    (tmp_path / "SAC_PZs_JP_JNU_BHZ__2010.001").write_text("POLES 1\n-1.0 0.0\nZEROS 2\nCONSTANT 5.0\n")
    with pytest.raises(InventoryError):
        inventory.read_inventory(tmp_path)
    (tmp_path / "s.csv").write_text("sta,lat,lon\nJNU,33.1,130.9\n")
    c = inventory.read_inventory(tmp_path).at(Nslc("JP", "JNU", "", "BHZ"), T("2017-09-03"))
    assert (c.latitude, c.response.stages[0].poles) == (33.1, ((-1.0, 0.0),))


def test_hertz_becomes_radians_and_symmetry_is_written_out():
    data = stationxml_writer.encode([channel()]).decode()
    data = data.replace("LAPLACE (RADIANS/SECOND)", "LAPLACE (HERTZ)")
    data = data.replace("<Coefficients>", "<FIR>").replace("</Coefficients>", "</FIR>")
    data = data.replace(
        "<CfTransferFunctionType>DIGITAL</CfTransferFunctionType>", "<Symmetry>ODD</Symmetry>"
    )
    data = data.replace("<Numerator>", "<NumeratorCoefficient>").replace(
        "</Numerator>", "</NumeratorCoefficient>"
    )
    channels, findings = stationxml.decode(data.encode(), "x")
    paz, fir = channels[0].response.stages
    assert not findings
    assert paz.poles[0] == pytest.approx((-0.03 * 6.283185307179586, 0.03 * 6.283185307179586))
    assert paz.normalization == pytest.approx(1.01)
    assert fir.numerator == (0.25, 0.5, 0.25, 0.5, 0.25)


@pytest.mark.parametrize(
    ("listed", "written_out"),
    [
        ((-0.05, 0.25, 0.6), (-0.05, 0.25, 0.6, 0.25, -0.05)),
        (
            (0.6, 0.25, -0.05),
            (-0.05, 0.25, 0.6, 0.25, -0.05),
        ),  # from the centre outwards: only so is the sum one
        ((0.5, 0.25, 0.1), (0.5, 0.25, 0.1, 0.25, 0.5)),  # neither order sums to one: as it is given
    ],
)
def test_half_a_symmetric_fir_is_read_from_the_right_end(listed, written_out):
    rows = "".join(f"<NumeratorCoefficient>{c}</NumeratorCoefficient>" for c in listed)
    body = ET.fromstring(f"<FIR><Symmetry>ODD</Symmetry>{rows}</FIR>")
    assert stationxml._fir(body) == written_out


def test_a_response_that_contradicts_itself_gives_no_amplitude(tmp_path):
    wrong = msgspec.structs.replace(PAZ, sensitivity=6e3)
    rows = [channel(), channel("BHN", response=wrong, azimuth_deg=0.0, dip_deg=0.0)]
    (tmp_path / "s.xml").write_bytes(stationxml_writer.encode(rows))
    got = inventory.read_inventory(tmp_path / "s.xml")
    assert {c.nslc.channel: c.response is None for c in got.channels} == {"BHZ": False, "BHN": True}
    told = [f for f in got.findings if f.kind == "no-response"]
    assert len(told) == 1
    assert "1e+05 times its stated sensitivity" in told[0].message


def test_stationxml_round_trip():
    rows = [
        channel(),
        channel(start="2001-01-01", end="2009-12-31"),
        channel("BH2", azimuth_deg=91.5, dip_deg=0.0),
    ]
    data = stationxml_writer.encode(rows, note="SIMULATED")
    got, findings = stationxml.decode(data, "")
    assert not findings
    key = lambda c: (c.nslc, c.start_ns)  # noqa: E731
    bare = [msgspec.structs.replace(c, origin="") for c in got]
    assert sorted(bare, key=key) == sorted(rows, key=key)
    assert b"SIMULATED" in data


def test_what_is_no_inventory_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InventoryError):
        inventory.read_inventory(tmp_path)
    with pytest.raises(FormatError):
        inventory.read_inventory(tmp_path / "a.csv")
    with pytest.raises(SourceError):
        inventory.read_inventory(tmp_path / "absent")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><FDSNStationXML>&a;</FDSNStationXML>'
    with pytest.raises(FormatError, match="document type"):
        stationxml.decode(bomb, "bomb.xml")
