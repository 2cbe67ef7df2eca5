"""The follower's turns: what goes wrong in one ends nothing; one follower a folder; what cannot be followed is said."""

import json
import socket
import threading
import time

import pytest

from testban.base.errors import InputError, SourceError, StoreError
from testban.base.times import parse_time
from testban.links.seedlink_session import address
from testban.run import collecting, configuration, following
from testban.run.collecting import Collector
from testban.show import live

NOW = parse_time("2026-06-08T06:00:00Z")


def plan_of(tmp_path, **more):
    (tmp_path / "sds").mkdir(exist_ok=True)
    (tmp_path / "stations.csv").write_text(
        "network,station,latitude,longitude,elevation_m\nXX,A,50.0,60.0,0\n"
    )
    given = {
        "sources": (f"sdsarchive://{tmp_path / 'sds'}",),
        "inventory": (str(tmp_path / "stations.csv"),),
        "out": tmp_path / "out",
        "until_ns": NOW,
    }
    return following.plan(**given | more)


def clock(times):
    left = iter(times)
    return following.Clock(now=lambda: next(left, times[-1]), sleep=lambda _s: None)


def test_nothing_recorded_is_a_trouble_and_no_end(tmp_path):
    said = []
    following.follow(
        plan_of(tmp_path), configuration.load(workers=1), said.append, clock([NOW - 10**12, NOW])
    )
    latest = json.loads((tmp_path / "out" / "latest.json").read_text())
    assert latest["troubles"] == [{"of": "2026-06-08", "said": "nothing recorded yet of 2026-06-08"}]
    assert len(said) == 1  # once, not once a turn
    assert "nothing recorded yet" in (tmp_path / "out" / "index.html").read_text()


def test_one_follower_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "RETRY_LOCK_S", 0.3)
    held = following._held(tmp_path / "out")
    with pytest.raises(StoreError, match="another process"):
        following.follow(plan_of(tmp_path), configuration.load(workers=1), print, clock([NOW]))
    held.close()


def test_what_cannot_be_followed_is_said(tmp_path):
    with pytest.raises(SourceError, match="a service cannot be followed"):
        plan_of(tmp_path, sources=("fdsnws://host?net=XX",))
    with pytest.raises(SourceError, match="without start and end"):
        plan_of(tmp_path, sources=("slink://host?streams=XX_A&start=2026-06-08",))
    for wrong in (
        {"inventory": (str(tmp_path / "none.xml"),)},
        {"sources": (f"sdsarchive://{tmp_path / 'none'}",)},
    ):
        with pytest.raises(InputError, match="none"):
            following.follow(plan_of(tmp_path, **wrong), configuration.load(workers=1), print, clock([NOW]))
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="--every"):
        plan_of(tmp_path, every_s=0.0)


def test_ctrl_c_ends_in_order(tmp_path):
    def stopped(_s):
        raise KeyboardInterrupt

    said = []
    at = following.Clock(now=lambda: NOW, sleep=stopped)
    following.follow(plan_of(tmp_path, until_ns=None), configuration.load(workers=1), said.append, at)
    assert said[-1] == "stopped; the same command goes on"
    following._held(tmp_path / "out").close()


def test_a_station_is_asked_for_from_where_the_archive_ends(tmp_path):
    a = address("slink://127.0.0.1:1?streams=XX_A,XX_B")
    c = Collector((("s", a),), tmp_path / "sds", tmp_path / "state", lambda: NOW, 3600.0)
    c.archive.ends["XX.A"] = {".BHZ": NOW - 5 * 10**9, ".BHN": NOW - 9 * 10**9, ".LHZ": NOW - 10**15}
    assert c._begin("XX.B") == NOW - 3600 * 10**9
    assert (
        c._begin("XX.A") == NOW - 5 * 10**9 - 3600 * 10**9
    )  # a channel that stopped long ago is not waited for
    del c.archive.ends["XX.A"][".LHZ"]
    assert c._begin("XX.A") == NOW - 9 * 10**9


def test_a_server_that_cannot_be_reached_is_told_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "FLUSH_S", 0.05)
    monkeypatch.setattr(collecting, "PAUSES_S", (0.01,))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    c = Collector(
        (("s", address(f"slink://127.0.0.1:{port}?streams=XX_A&timeout=0.5")),),
        tmp_path / "sds",
        tmp_path / "state",
        lambda: NOW,
        3600.0,
    )
    stop = threading.Event()
    thread = threading.Thread(target=c.run, args=(stop,))
    thread.start()
    time.sleep(0.5)
    stop.set()
    thread.join()
    said = json.loads((tmp_path / "state").read_text())
    assert (said["links"][0]["connected"], said["links"][0]["said"]) == (False, "Connection refused")
    assert live._trouble(said["links"][0]["said"]).ru == "сервер недоступен; попытки повторяются"
