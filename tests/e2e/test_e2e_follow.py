"""A day replayed by a SeedLink server faster than it was: what the follower leaves is what `process` gives, whatever happened on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from conftest import Run, World, refused, run, shell_words
from paced_seedlink import FastClock, recorded, serve

from testban.base.times import DAY_NS, HOUR_NS, parse_time

DAY = parse_time("2026-06-08")
BEGIN = parse_time("2026-06-08T06:16:00Z")
DRIVER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from paced_seedlink import FastClock
from testban.run import configuration, following
clock = FastClock(*{clock!r})
plan = following.plan({command!r}, sources=({source!r},), inventory=({inventory!r},), out=Path({out!r}), every_s=240.0, latency_s=60.0,
                      lead_s=3600.0, until_ns={until}, simulated=True)
following.follow(plan, configuration.load(workers=1), lambda text: print(text, file=sys.stderr, flush=True), following.Clock(now=clock.now, sleep=clock.sleep))
"""


def start(
    world: World, out: Path, port: int, clock: FastClock, until: int, command: str | None = None
) -> subprocess.Popen[str]:
    names = sorted({f.name.split(".")[1] for f in world.files()})
    source = f"slink://127.0.0.1:{port}?streams=" + ",".join(f"XD_{n}" for n in names) + ",XX_NONE&timeout=30"
    text = DRIVER.format(
        here=str(Path(__file__).parent),
        clock=tuple(clock),
        command=command,
        source=source,
        inventory=str(world.inventory),
        out=str(out),
        until=until,
    )
    return subprocess.Popen(
        [sys.executable, "-c", text], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def lines(out: Path) -> list[dict]:
    return [json.loads(x) for x in (out / "changes.jsonl").read_text().splitlines()]


def kept(out: Path) -> int:
    """Records in the archive."""
    return sum(p.stat().st_size for p in (out / "archive").rglob("*.D.*") if p.is_file()) // 512


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_is_followed_ends_as_the_batch(world: World, unbroken: Run, tmp_path: Path) -> None:
    """With connections that drop, records that come twice, a station seven minutes late, kill -9 and a start anew."""
    out = tmp_path / "live"
    clock = FastClock(time.monotonic() + 3.0, BEGIN, 100.0, DAY_NS, str(tmp_path / "day-is-over"))
    records = recorded(world.files(), {"XD.TAN": 420.0})
    with serve(records, clock.now, drops=2) as port:
        until = DAY + DAY_NS + 4 * HOUR_NS
        child = start(world, out, port, clock, until)
        wait_for(lambda: clock.now() > BEGIN + 700 * 10**9 and kept(out) > 100)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        torn = next(p for p in sorted((out / "archive").rglob("*.D.*")) if p.is_file())
        with torn.open("ab") as f:
            f.write(
                torn.read_bytes()[:200]
            )  # as a writer leaves it that was killed in the middle of a record
        child = start(
            world,
            out,
            port,
            clock,
            until,
            f'{sys.executable} -c \'import sys; open("{tmp_path}/told", "a").write(sys.stdin.read())\'',
        )
        wait_for(lambda: kept(out) == len(records) and len(lines(out)) > 0)
        Path(clock.flag).touch()
        said = child.communicate(timeout=120)[1]
    assert child.returncode == 0, said
    archive = f"sdsarchive://{out / 'archive'}"
    assert kept(out) == len(records)  # each once
    again = run("process", archive, "--inventory", world.inventory, "--out", tmp_path / "batch", "--start", "2026-06-08",
                "--end", "2026-06-09", "--simulated", "--json", "--workers", "1")  # fmt: skip
    made = [p for p in sorted((tmp_path / "batch").rglob("*")) if p.is_file() and p.stem != "catalogue"]
    assert len(made) >= 12
    for path in made:
        name = path.relative_to(tmp_path / "batch")
        assert (out / "2026-06-08" / name).read_bytes() == path.read_bytes(), name
    assert again.json["digests"] == unbroken.digests
    told = lines(out)
    assert (
        [c["change"] for c in told].count("appeared") - [c["change"] for c in told].count("withdrawn")
        == len(again.json["events"])
        == 1
    )
    assert told[0]["change"] == "appeared"
    assert told[0]["known_at"] < "2026-06-09"  # while the day was going on
    assert told[-1]["known"]["event"] == told[0]["known"]["event"]
    assert told[-1]["known"]["event_id"] == again.json["events"][0]["event_id"]
    latest = json.loads((out / "latest.json").read_text())
    assert [d["bulletin"] for d in latest["days"]] == [again.json["digests"]["bulletin"]]
    assert latest["troubles"][0]["said"].startswith("nothing recorded yet of 2026-06-09")
    assert [x["of"].endswith("XX.NONE") for x in latest["troubles"]] == [False, True]
    assert len(latest["stations"]) == 7
    assert "Events as they happen" in (out / "index.html").read_text()
    told_to = (tmp_path / "told").read_text()  # what was said after the start anew went to the command too
    assert all(json.dumps(c["known_at"]) in told_to for c in told[-1:])


def test_an_archive_that_others_write(world: World, tmp_path: Path) -> None:
    """The verb itself: a turn with nothing of today, an end that was asked for, an end by SIGTERM, and what it refuses."""
    words = [
        "follow",
        f"sdsarchive://{world.archive}",
        "--inventory",
        world.inventory,
        "--out",
        tmp_path / "out",
        "--workers",
        "1",
    ]
    said = run(*words, "--until", "2026-06-09")
    assert said.status == 0, said
    assert "nothing recorded yet" in said.stderr
    assert json.loads((tmp_path / "out" / "latest.json").read_text())["events"] == []
    child = subprocess.Popen(shell_words(words), stderr=subprocess.PIPE, text=True)
    assert "nothing recorded yet" in child.stderr.readline()
    child.send_signal(signal.SIGTERM)
    assert child.communicate(timeout=60)[1].splitlines()[-1] == "stopped; the same command goes on"
    assert child.returncode == 0
    refused(run(*words, "--every", "0"), "--every")
    refused(
        run("follow", "fdsnws://host?net=XX", "--inventory", world.inventory, "--out", tmp_path / "no"),
        "cannot be followed",
    )
