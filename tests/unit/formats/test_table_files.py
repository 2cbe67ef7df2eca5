import msgspec
import pytest

from testban.base import quanta
from testban.base.errors import FormatError
from testban.base.ids import Nslc
from testban.base.records import NoiseHour, Pick, Site
from testban.base.times import parse_time
from testban.formats import tables

T0 = parse_time("2017-09-03T03:30:51.1234Z")


def picks():
    return [
        Pick(
            pick_id=f"p{i}",
            station_key=k,
            nslc=Nslc(*k.split("."), "", "BHZ"),
            time_ns=T0 + i * 10**9,
            time_sigma_s=0.25,
            phase_hint="P",
            slowness_s_per_deg=12.3456,
            backazimuth_deg=181.5,
            amplitude_nm=33.21987,
            period_s=0.7,
            snr=21.0,
        )
        for i, k in enumerate(["IC.MDJ", "IU.INCN", "IC.MDJ"])
    ]


SITES = [
    Site(key="IC.MDJ", longitude=129.6, latitude=44.6, elevation_m=220.0),
    Site(key="IU.INCN", longitude=126.6, latitude=37.5),
]


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_picks_round_trip_at_the_published_quanta(tmp_path, name):
    tables.write_picks(tmp_path / name, picks()[::-1], SITES)
    got = tables.read_picks(tmp_path / name)
    assert got.sites == tuple(SITES)
    assert not got.findings
    want = [
        msgspec.structs.replace(
            p, time_ns=quanta.time_ns(p.time_ns), slowness_s_per_deg=12.346, amplitude_nm=33.22
        )
        for p in picks()
    ]
    assert list(got.picks) == want


def test_short_names_counts_and_moved_codes(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "id,sta,sta_lat,sta_lon,time,baz,slow,amp_nm,period,extra\n"
        "a,LMSR,32.3,15.0,2030-01-01T00:00:10.271Z,359.9,9.1,2.0,0.7,z\n"
        "b,LMSR,32.3001,15.0,2030-01-01T00:00:11Z,,,,,\n"
        "c,LMSR,-10,15.0,2030-01-01T00:00:12Z,nan,,-3,,\n"
        "d,NOWHERE,,,2030-01-01T00:00:13Z,,,,,\n"
        "e,LMSR,32.3,15.0,yesterday,,,,,\n"
        "a,LMSR,32.3,15.0,2030-01-01T00:00:14Z,,,,,\n"
    )
    got = tables.read_picks(path)
    assert [s.key for s in got.sites] == ["LMSR", "LMSR#2"]
    assert [p.pick_id for p in got.picks] == ["a", "b", "c", "a#2"]
    assert {p.station_key for p in got.picks if p.pick_id != "c"} in ({"LMSR"}, {"LMSR#2"})
    assert got.picks[2].amplitude_nm is None
    assert sorted(f.message for f in got.findings) == [
        "1 of 6 rows without a position is not used (such as 'NOWHERE')",
        "1 of 6 rows without a valid time is not used (such as 'yesterday')",
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "A,44,129,2017/09/03 03:30:51",
            r"1 without a valid time \(such as '2017/09/03 03:30:51'\); write times",
        ),
        ("A,44,129,1504409451.5", r"such as '1504409451.5'\); write times in UTC"),
        ("A,,,2017-09-03T03:30:51Z", r"1 without a position \(such as 'A'\); add the columns latitude"),
        (
            "A,129.6,44,2017-09-03T03:30:51Z",
            r"none on Earth \(such as '129.6 44'\); latitude and longitude may be exchanged",
        ),
        ("A,44N,129E,2017-09-03T03:30:51Z", r"\(such as 'longitude 129E'\); leave what is not known empty"),
        (",44,129,2017-09-03T03:30:51Z", "without a station code; fill the column"),
        ("", "holds no rows"),
    ],
)
def test_a_table_of_no_use_says_why_and_what_to_do(tmp_path, row, told):
    (tmp_path / "p.csv").write_text(f"station,latitude,longitude,time\n{row}\n")
    with pytest.raises(FormatError, match=told):
        tables.read_picks(tmp_path / "p.csv")


def test_station_table_serves_picks_without_coordinates(tmp_path):
    (tmp_path / "s.csv").write_text("net,sta,lat,lon,elev_m\nIC,MDJ,44.6,129.6,\n")
    (tmp_path / "p.csv").write_text(
        "sta,time,phase\nMDJ,2017-09-03T03:30:51Z,sP\nXXX,2017-09-03T03:30:51Z,Lg\n"
    )
    stations = tables.read_stations(tmp_path / "s.csv")
    got = tables.read_picks(tmp_path / "p.csv", stations)
    assert [(p.station_key, p.phase_hint) for p in got.picks] == [("MDJ", "P")]
    assert got.sites[0].latitude == 44.6
    assert len(got.findings) == 1


def test_arrivals_keep_their_phases(tmp_path):
    (tmp_path / "a.csv").write_text(
        "event,sta,lat,lon,time,phase\nE2,A,1,2,2020-01-01T00:00:02Z,PKPdf\nE1,A,1,2,2020-01-01T00:00:01Z,Pn\nE1,B,3,4,2020-01-01T00:00:00Z,Sn\n"
    )
    got = tables.read_arrivals(tmp_path / "a.csv")
    assert {k: [(p.station_key, ph, p.phase_hint) for p, ph in v] for k, v in got.events.items()} == {
        "E1": [("B", "Sn", "S"), ("A", "Pn", "P")],
        "E2": [("A", "PKPdf", "P")],
    }


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a,b\n1,2\n", "station,time\n", "sta,time\nA,2020-01-01\n", "\x00\x01"]
)
def test_no_table_is_named(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(FormatError, match="expected"):
        tables.read_picks(tmp_path / "x.csv")


def test_noise_and_events_files(tmp_path):
    hour = NoiseHour(
        station_key="IC.MDJ",
        nslc=Nslc("IC", "MDJ", "00", "BHZ"),
        hour_ns=0,
        band_hz=(0.8, 4.5),
        up_s=3600.0,
        rms_counts=12.345678,
    )
    tables.write_noise(tmp_path / "n.csv", [hour])
    assert (tmp_path / "n.csv").read_text().splitlines()[
        1
    ] == "IC,MDJ,00,BHZ,1970-01-01T00:00:00Z,0.800,4.500,3600.000,12.35,"
    (tmp_path / "e.csv").write_text(
        "ID,lat,lon,depth,time,mb\nx,41.3,129.1,1,2017-09-03T03:30:01Z,6.1\ny,,,,,\n"
    )
    events, findings = tables.read_events(tmp_path / "e.csv")
    assert [(e.event_id, e.depth_km, e.mb) for e in events] == [("x", 1.0, 6.1)]
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0.125, 2, "0.12"),
        (0.375, 2, "0.38"),
        (-0.0004, 3, "0.000"),
        (-0.0, 1, "0.0"),
        (1e-9, 4, "0.0000"),
        (-1.5, 0, "-2"),
        (123456.78905, 4, "123456.7890"),
    ],
)
def test_quanta(value, places, text):
    assert quanta.decimal_text(value, places) == text


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("P", "P"),
        ("Pn", "P"),
        ("pP", "P"),
        ("sP", "P"),
        ("PKPdf", "P"),
        ("S", "S"),
        ("Sg", "S"),
        ("Lg", ""),
        ("s", "S"),
        ("", ""),
        ("LR", ""),
    ],
)
def test_phase_type(phase, kind):
    assert tables.phase_type(phase) == kind
