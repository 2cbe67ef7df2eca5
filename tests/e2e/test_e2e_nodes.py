"""Two parties run a station, its warden, a log and a witness as processes, kill them, and a third state judges the outcome."""

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import refused, run, shell_words

from testban.base.ids import Nslc
from testban.base.records import Segment
from testban.formats import waveforms
from testban.run import outputs, reproducing
from testban.trust import release

NAME = "XX.KEST"
CHANNELS = ("BHZ", "BHN")
RATE = 20
SLOTS = 40


class Nodes:
    """Keys, policies and processes of a small treaty."""

    def __init__(self, root: Path, made: Path) -> None:
        self.root, self.made = root, made
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.address: dict[str, str] = {}
        self.vkey = {
            "log": self.key("log", "log.example/nodes"),
            "w": self.key("w", "w.example/nodes", "witness"),
            "a": self.key("a", "a.example/party"),
            "b": self.key("b", "b.example/party"),
            "station": self.key("station", f"{NAME}/station", "rsa"),
            "warden": self.key("warden", f"{NAME}/warden", "rsa"),
        }
        lines = [f"log {self.vkey['log']}", f"witness W {self.vkey['w']}", "quorum W"]
        lines += [f"#testban party {p.upper()} {self.vkey[p]}" for p in ("a", "b")]
        self.policy = root / "policy.txt"
        self.policy.write_text("\n".join(lines) + "\n")
        self.disclosure = root / "disclosure.note"
        (root / "payloads").mkdir()

    def path(self, name: str) -> Path:
        return self.root / f"{name}.json"

    def key(self, file: str, name: str, kind: str = "ed25519") -> str:
        """Made once for all tests here."""
        made = self.made / f"{file}.json"
        if not made.exists():
            words = ["keys", "generate", name, "--kind", kind, "--bits", "2048", "--out", made, "--json"]
            made.with_suffix(".vkey").write_text(run(*words).json["vkey"])
        shutil.copy(made, self.path(file))
        return made.with_suffix(".vkey").read_text()

    def both_sign(self, text: Path, note: Path) -> Path:
        assert run("party", "sign", text, "--key", self.path("a"), "--out", note).status == 0
        assert run("party", "sign", note, "--key", self.path("b"), "--out", note).status == 0
        return note

    def start(self, name: str, *words: object) -> None:
        process = subprocess.Popen(shell_words(words), stderr=subprocess.PIPE, text=True)
        assert process.stderr
        line = process.stderr.readline()
        assert line.startswith("http://"), line + process.stderr.read()
        self.address[name] = line.split()[0]
        self.running[name] = process

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.communicate()

    def start_log(self) -> None:
        words = [
            "log",
            "serve",
            self.root / "log",
            "--key",
            self.path("log"),
            "--policy",
            self.policy,
            "--every",
            "0.2",
        ]
        self.start("log", *words, "--witness", self.address["w"], "--port", self.port("log"))

    def port(self, name: str) -> str:
        return self.address[name].rpartition(":")[2] if name in self.address else "0"

    def start_warden(self, *more: object) -> None:
        words = [
            "warden",
            "run",
            "--disclosure",
            self.disclosure,
            "--policy",
            self.policy,
            "--key",
            self.path("warden"),
        ]
        words += [
            "--station",
            self.vkey["station"],
            "--state",
            self.root / "warden",
            "--log",
            self.address["log"],
        ]
        words += [
            "--payloads",
            self.root / "payloads",
            "--every",
            "0.1",
            "--port",
            self.port("warden"),
            "--ring",
            "500",
        ]
        self.start("warden", *words, *more)

    def station_words(self, *more: object) -> list[object]:
        words = [
            "station",
            "run",
            "--disclosure",
            self.disclosure,
            "--policy",
            self.policy,
            "--key",
            self.path("station"),
        ]
        return [
            *words,
            "--state",
            self.root / "station",
            "--warden",
            self.address["warden"],
            "--ring",
            "500",
            *more,
        ]

    def append(self, *entries: Path) -> None:
        """Into the log, while the log's process is down."""
        assert run("log", "append", self.root / "log", *entries, "--key", self.path("log")).status == 0

    def publish(self) -> None:
        words = ["log", "checkpoint", self.root / "log", "--key", self.path("log"), "--policy", self.policy]
        assert run(*words, "--witness", self.address["w"]).status == 0

    def audit(self):  # type: ignore[no-untyped-def]
        words = [
            "audit",
            self.root / "log",
            "--policy",
            self.policy,
            "--payloads",
            self.root / "payloads",
            "--json",
        ]
        return run(*words)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def nodes(tmp_path: Path, made: Path) -> Iterator[Nodes]:
    n = Nodes(tmp_path, made)
    words = [
        "party",
        "policy",
        NAME,
        "--rate",
        str(RATE),
        "--slot-seconds",
        "10",
        "--out",
        tmp_path / "d.txt",
    ]
    assert run(*words, *[w for c in CHANNELS for w in ("--channel", c)]).status == 0
    n.both_sign(tmp_path / "d.txt", n.disclosure)
    documents = []
    for who in ("station", "warden"):
        cert = tmp_path / f"{who}.certificate"
        assert run("keys", "certify", n.path(who), "--certificate", cert).status == 0
        words = [
            "party",
            "key",
            f"{NAME}/{who}",
            "--vkey",
            n.vkey[who],
            "--certificate",
            cert,
            "--out",
            tmp_path / who,
        ]
        assert run(*words).status == 0
        documents += [
            n.both_sign(tmp_path / who / f"{k}.txt", tmp_path / who / f"{k}.note")
            for k in ("certificate", "key")
        ]
    n.append(*documents, n.disclosure)
    n.start(
        "w",
        "witness",
        "serve",
        "--key",
        n.path("w"),
        "--log",
        n.vkey["log"],
        "--state",
        tmp_path / "seen",
        "--port",
        "0",
    )
    n.start_log()
    n.start_warden()
    try:
        yield n
    finally:
        for name in list(n.running):
            n.kill(name)


def recording(path: Path) -> dict[str, np.ndarray]:
    """A miniSEED file that begins within a slot and lacks some seconds of one channel."""
    draw = np.random.default_rng(5)
    start = 1_600_000_003 * 10**9
    truth = {c: draw.integers(-3000, 3000, SLOTS * 10 * RATE, dtype=np.int32) for c in CHANNELS}
    parts = []
    for c, counts in truth.items():
        cut = 7 * 10 * RATE
        pieces = [(0, counts[:cut]), (cut + 60, counts[cut + 60 :])] if c == "BHN" else [(0, counts)]
        parts += [
            Segment(
                nslc=Nslc("XX", "KEST", "", c),
                start_ns=start + at * 10**9 // RATE,
                sample_rate_hz=float(RATE),
                samples=x,
            )
            for at, x in pieces
        ]
    waveforms.write_mseed(path, parts)
    return truth


def test_from_a_recording_to_a_dossier_with_kills_on_the_way(nodes: Nodes, tmp_path: Path) -> None:
    source = tmp_path / "raw.mseed"
    truth = recording(source)
    words = nodes.station_words("--source", source, "--json")
    for i in range(3):
        process = subprocess.Popen(shell_words(words), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(1.2 + 0.3 * i)
        process.kill()
        process.communicate()
        nodes.kill("warden")
        if i == 1:
            nodes.kill("log")
            nodes.start_log()
        nodes.start_warden()
    said = run(*words)
    assert (said.status, said.json["ok"]) == (0, True), said
    end = time.monotonic() + 20
    while (
        (found := nodes.audit()).status == 2 or found.json["packets"] != SLOTS + 1
    ) and time.monotonic() < end:
        print(found.stderr)
        time.sleep(0.3)
    assert (found.status, found.json["findings"]) == (0, [])
    # The first and last slot are not whole, and the gap cuts one.
    assert (found.json["packets"], found.json["gaps"]) == (SLOTS + 1, 3)
    counts = {p.read_bytes() for p in (nodes.root / "payloads").iterdir()}
    at = 7 * RATE
    first = b"".join(truth[c][at : at + 10 * RATE].astype("<i4").tobytes() for c in CHANNELS)
    assert first in counts, "the payload is not the recording"

    nodes.kill("log")
    judge(nodes, tmp_path)
    words = [
        "party",
        "dossier",
        "event-7",
        "--log",
        nodes.root / "log",
        "--policy",
        nodes.policy,
        "--out",
        tmp_path / "f",
    ]
    made = run(
        *words,
        "--payloads",
        nodes.root / "payloads",
        "--from-slot",
        "160000002",
        "--to-slot",
        "160000009",
        "--json",
    )
    assert (made.status, made.json["packets"]) == (0, 8), made
    third = tmp_path / "third-state"
    third.mkdir()
    (third / "event.dossier").write_bytes((tmp_path / "f").read_bytes())
    (third / "policy.txt").write_bytes(nodes.policy.read_bytes())
    seen = run("verify", third / "event.dossier", "--policy", third / "policy.txt", "--json")
    assert (seen.status, seen.json["packets"]) == (0, 8)
    assert seen.json["findings"] == {"A": "explosion", "B": "earthquake, deep"}


def judge(nodes: Nodes, tmp_path: Path) -> None:
    """Both sides commit, then reveal; neither can before both have committed; then both draw."""
    values = {"a": "explosion", "b": "earthquake, deep"}
    board = ["party", "board", "event-7", "--log", nodes.root / "log", "--policy", nodes.policy, "--json"]
    for p, value in values.items():
        words = ["party", "commit", "event-7", value, "--name", p.upper(), "--key", nodes.path(p)]
        assert (
            run(*words, "--secret", tmp_path / f"{p}.secret", "--out", tmp_path / f"{p}.commit").status == 0
        )
    reveal = ["party", "reveal", tmp_path / "a.secret", "--key", nodes.path("a"), "--log", nodes.root / "log"]
    reveal += ["--policy", nodes.policy, "--out", tmp_path / "a.reveal"]
    nodes.append(tmp_path / "a.commit")
    nodes.publish()
    said = run(*reveal)
    assert said.status == 1
    assert "reveal-before-all-committed" in said.stderr
    nodes.append(tmp_path / "b.commit")
    nodes.publish()
    assert run(*reveal).status == 0
    words = ["party", "reveal", tmp_path / "b.secret", "--key", nodes.path("b"), "--log", nodes.root / "log"]
    assert run(*words, "--policy", nodes.policy, "--out", tmp_path / "b.reveal").status == 0
    waiting = run(*board)
    assert (waiting.status, waiting.json["reason"], waiting.json["revealed"]) == (1, "reveals-missing", {})
    nodes.append(tmp_path / "a.reveal", tmp_path / "b.reveal")
    nodes.publish()
    done = run(*board)
    assert (done.status, done.json["revealed"]) == (0, {"A": "explosion", "B": "earthquake, deep"})
    (tmp_path / "events").write_text("".join(f"event-{i}\n" for i in range(9)))
    drawn = run(*board, "--candidates", tmp_path / "events", "--count", "2").json["drawn"]
    assert len(set(drawn)) == 2


def post(address: str, data: bytes) -> None:
    with urllib.request.urlopen(address + "/add-entry", data=data, timeout=10) as r:
        assert r.status == 200


def test_a_live_station_with_beacons_and_a_commanded_calibration(nodes: Nodes, tmp_path: Path) -> None:
    words = [
        "party",
        "policy",
        NAME,
        "--rate",
        "20",
        "--slot-seconds",
        "1",
        "--epoch-slots",
        "4",
        "--version",
        "2",
    ]
    words += ["--command", "calibrate", *(w for c in CHANNELS for w in ("--channel", c))]
    nodes.kill("warden")
    nodes.kill("log")
    assert run(*words, "--from-slot", str(int(time.time())), "--out", tmp_path / "d2.txt").status == 0
    shutil.rmtree(nodes.root / "warden")
    nodes.disclosure = nodes.both_sign(tmp_path / "d2.txt", tmp_path / "d2.note")
    nodes.append(nodes.disclosure)
    words = [
        "log",
        "serve",
        nodes.root / "log",
        "--key",
        nodes.path("log"),
        "--policy",
        nodes.policy,
        "--every",
        "0.2",
    ]
    nodes.start("log", *words, "--witness", nodes.address["w"], "--epoch", "4", "--port", nodes.port("log"))
    nodes.start_warden()
    begin = int(time.time()) + 5
    command(nodes, tmp_path, 1, begin, begin + 5, ("a", "b"))
    command(nodes, tmp_path, 2, begin, begin + 5, ("a",))
    said = run(*nodes.station_words("--simulate", "3", "--slots", "16", "--json"))
    assert (said.status, said.json["closed"], said.json["delivered"]) == (0, 16, 16)
    assert said.json["obeyed"] == ["calibrate 1"]
    assert "command-approvals" in said.stderr
    end = time.monotonic() + 20
    while (found := nodes.audit()).json["packets"] != 16 and time.monotonic() < end:
        time.sleep(0.3)
    # The command that one party alone put into the log is a finding; that the pulse is where the beacon wants it is none.
    assert [f["reason"] for f in found.json["findings"]] == ["approvals-missing"]
    assert list((nodes.root / "warden" / "epochs").iterdir()), "no beacon was fed"
    again(nodes)


def command(nodes: Nodes, folder: Path, number: int, first: int, last: int, parties: tuple[str, ...]) -> None:
    """Into the log, and with its proof to the warden."""
    text, note = folder / f"c{number}.txt", folder / f"c{number}.note"
    words = ["party", "command", NAME, "calibrate", "--number", str(number), "--out", text]
    assert run(*words, "--from-slot", str(first), "--to-slot", str(last)).status == 0
    for p in parties:
        assert (
            run(
                "party", "sign", note if note.exists() else text, "--key", nodes.path(p), "--out", note
            ).status
            == 0
        )
    post(nodes.address["log"], note.read_bytes())
    place = nodes.root / "warden" / "commands" / f"c{number}.tlog-proof"
    words = ["log", "prove", nodes.address["log"], "--policy", nodes.policy, "--entry", note, "--out", place]
    end = time.monotonic() + 5
    while run(*words).status != 0:
        assert time.monotonic() < end
        time.sleep(0.1)
    shutil.copy(note, place.with_suffix(".note"))


def again(nodes: Nodes) -> None:
    """A payload that was lost on its way is asked for again; the ledger says so."""
    kept = sorted((nodes.root / "payloads").iterdir())
    kept[0].unlink()
    first = nodes.audit().json["first_slot"]
    words = ["warden", "again", str(first), str(first + 15), "--state", nodes.root / "warden"]
    assert run(*words).status == 0
    end = time.monotonic() + 10
    while not kept[0].exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert kept[0].exists()
    assert b" again " in (nodes.root / "warden" / "ledger").read_bytes()
    refused(run("warden", "again", "5", "4", "--state", nodes.root / "warden"), "first slot")


def test_a_state_folder_serves_one_process(nodes: Nodes, tmp_path: Path) -> None:
    words = [
        "warden",
        "run",
        "--disclosure",
        nodes.disclosure,
        "--policy",
        nodes.policy,
        "--key",
        nodes.path("warden"),
    ]
    words += [
        "--station",
        nodes.vkey["station"],
        "--state",
        nodes.root / "warden",
        "--log",
        nodes.address["log"],
    ]
    refused(run(*words, "--payloads", tmp_path / "p"), "used by another process")
    one = tmp_path / "one.note"
    assert run("party", "sign", tmp_path / "d.txt", "--key", nodes.path("a"), "--out", one).status == 0
    words = nodes.station_words("--simulate", "1")
    words[words.index("--disclosure") + 1] = one
    refused(run(*words), "approvals-missing")
    refused(run(*nodes.station_words()), "one of --source and --simulate")


def test_a_key_gives_way_and_another_is_revoked(nodes: Nodes, tmp_path: Path) -> None:
    nodes.kill("log")
    new = run(
        "keys",
        "generate",
        f"{NAME}/station",
        "--kind",
        "rsa",
        "--bits",
        "2048",
        "--out",
        tmp_path / "n.json",
        "--json",
    )
    vkey = new.json["vkey"]
    assert run("keys", "certify", tmp_path / "n.json", "--certificate", tmp_path / "n.cert").status == 0
    words = ["party", "rotate", f"{NAME}/station", "--old", nodes.vkey["station"], "--new", vkey]
    assert (
        run(
            *words, "--certificate", tmp_path / "n.cert", "--from-slot", "170000000", "--out", tmp_path / "r"
        ).status
        == 0
    )
    certificate = nodes.both_sign(tmp_path / "r" / "certificate.txt", tmp_path / "rc.note")
    alone = nodes.both_sign(tmp_path / "r" / "rotation.txt", tmp_path / "alone.note")
    words = [
        "party",
        "revoke",
        nodes.vkey["warden"],
        "--from-slot",
        "170000005",
        "--reason",
        "stolen",
        "--out",
    ]
    assert run(*words, tmp_path / "v.txt").status == 0
    one = tmp_path / "one.note"
    assert run("party", "sign", tmp_path / "v.txt", "--key", nodes.path("a"), "--out", one).status == 0
    nodes.append(certificate, alone, one)
    nodes.publish()
    # Without the old key, and by one party alone, neither counts.
    found = nodes.audit()
    assert [f["reason"] for f in found.json["findings"]] == ["approvals-missing", "approvals-missing"]
    whole = tmp_path / "whole.note"
    assert run("party", "sign", alone, "--key", nodes.path("station"), "--out", whole).status == 0
    nodes.append(whole, nodes.both_sign(tmp_path / "v.txt", tmp_path / "v.note"))
    nodes.publish()
    assert len(nodes.audit().json["findings"]) == 2, "those of before, and none more"
    refused(
        run("party", "revoke", "no vkey", "--from-slot", "1", "--reason", "x", "--out", tmp_path / "x"),
        "key-form",
    )


def offer(nodes: Nodes, name: str, note: Path) -> None:
    """Lay a note of the log with its proof where the warden offers it."""
    folder = nodes.root / "warden" / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(note, folder / f"{name}.note")
    words = ["log", "prove", nodes.root / "log", "--policy", nodes.policy, "--entry", note]
    assert run(*words, "--out", folder / f"{name}.tlog-proof").status == 0


def test_a_new_key_and_a_new_policy_while_the_nodes_run_in_a_dither_loop(
    nodes: Nodes, tmp_path: Path
) -> None:
    truth = recording(tmp_path / "raw.mseed")
    switch = 160_000_020
    new = tmp_path / "n.json"
    words = ["keys", "generate", f"{NAME}/station", "--kind", "rsa", "--bits", "2048", "--out", new, "--json"]
    vkey = run(*words).json["vkey"]
    assert run("keys", "certify", new, "--certificate", tmp_path / "n.cert").status == 0
    words = [
        "party",
        "rotate",
        f"{NAME}/station",
        "--old",
        nodes.vkey["station"],
        "--new",
        vkey,
        "--certificate",
    ]
    words += [tmp_path / "n.cert", "--from-slot", switch, "--out", tmp_path / "r"]
    assert run(*words).status == 0
    certificate = nodes.both_sign(tmp_path / "r" / "certificate.txt", tmp_path / "c.note")
    rotation = nodes.both_sign(tmp_path / "r" / "rotation.txt", tmp_path / "r.note")
    words = ["party", "sign", rotation, "--key", nodes.path("station"), "--out", rotation]
    assert run(*words).status == 0
    words = [
        "party",
        "policy",
        NAME,
        "--rate",
        RATE,
        "--slot-seconds",
        "10",
        "--quantum",
        "16",
        "--version",
        "2",
    ]
    words += [w for c in CHANNELS for w in ("--channel", c)]
    assert run(*words, "--from-slot", switch + 5, "--out", tmp_path / "d2.txt").status == 0
    policy = nodes.both_sign(tmp_path / "d2.txt", tmp_path / "d2.note")
    nodes.kill("log")
    nodes.append(certificate, rotation, policy)
    nodes.publish()
    for name, note in (("1", certificate), ("2", rotation), ("3", policy)):
        offer(nodes, name, note)
    nodes.start_log()
    nodes.kill("warden")
    nodes.start_warden("--dither")
    source = ("--source", tmp_path / "raw.mseed", "--key", new)
    said = run(*nodes.station_words(*source, "--json"))
    assert (said.status, said.json["reason"]) == (1, "dither-wrong"), "a station that goes round the loop"
    said = run(*nodes.station_words(*source, "--dither", "--json"))
    assert (said.status, said.json["ok"]) == (0, True), said
    assert [line.split(": ")[1] for line in said.stderr.splitlines() if line.startswith("taken")] == [
        "certificate",
        f"rotation of {NAME}/station from slot {switch}",
        f"policy 2 from slot {switch + 5}",
    ]
    end = time.monotonic() + 20
    while (found := nodes.audit()).json["packets"] != SLOTS + 1 and time.monotonic() < end:
        time.sleep(0.3)
    assert (found.json["findings"], found.json["packets"], found.json["gaps"]) == ([], SLOTS + 1, 3)
    payloads = [np.frombuffer(f.read_bytes(), "<i4") for f in (nodes.root / "payloads").iterdir()]
    coarse = [x for x in payloads if x.size and not (x % 16).any()]
    assert len(coarse) == SLOTS + 1 - 25 - 1, "slots under the new policy but the last, which is a gap"
    at = (30 * 10 - 3) * RATE
    fine = np.concatenate([truth[c][at : at + 10 * RATE] for c in CHANNELS])
    plain = (fine.astype(np.int64) + 8) // 16 * 16
    assert min(np.abs(x - fine).max() for x in coarse) <= 16
    assert not any(np.array_equal(x, plain) for x in coarse), "rounded without the host's dither"


def test_a_release_needs_both_and_a_dissent_is_read_by_anyone(nodes: Nodes, tmp_path: Path) -> None:
    """B recomputes other bytes and says so in the log; when it finds the same, its signature makes the release count."""
    fields = [
        "name day",
        f"inputs {'01' * 32}",
        "origin log.example/nodes",
        "tree-size 1",
        f"root {'02' * 32}",
    ]
    fields += [f"{k} {'03' * 32}" for k in ("code", "lock", "configuration")]
    (tmp_path / "bulletin").mkdir()
    for name in outputs.COMPARED:
        (tmp_path / "bulletin" / name).write_text("event_id\n")
    output = release.output_digest(reproducing.files_of(tmp_path / "bulletin")).hex()
    for name, digest in (("same", output), ("other", "05" * 32)):
        text = "\n".join(["testban/bulletin@v1", *fields, f"output {digest}"]) + "\n"
        (tmp_path / name).write_text(text)
    manifest = nodes.both_sign(tmp_path / "same", tmp_path / "m.note")
    words = [
        "party",
        "release",
        manifest,
        tmp_path / "other",
        "--name",
        "B",
        "--key",
        nodes.path("b"),
        "--json",
    ]
    words += [
        "--result",
        "one quantum",
        "--where",
        "events.csv: line 2 column 3",
        "--statement",
        "another libm",
    ]
    said = run(*words, "--out", tmp_path / "b.note")
    assert (said.status, said.json) == (1, {"ok": False, "reason": "output-differs", "written": "dissent"})
    words = [
        "party",
        "release",
        manifest,
        tmp_path / "same",
        "--name",
        "A",
        "--key",
        nodes.path("a"),
        "--json",
    ]
    said = run(*words, "--out", tmp_path / "a.note")
    assert (said.status, said.json["written"]) == (0, "release")
    alone = run("verify", tmp_path / "a.note", "--policy", nodes.policy, "--json")
    assert (alone.status, alone.json["reason"]) == (1, "approvals-missing")
    nodes.kill("log")
    nodes.append(manifest, tmp_path / "b.note")
    nodes.publish()
    dossier = ["party", "dossier", "event-1", "--log", nodes.root / "log", "--policy", nodes.policy]
    dossier += ["--payloads", nodes.root / "payloads", "--out", tmp_path / "d", "--json"]
    dossier += ["--bulletin", tmp_path / "bulletin"]
    told = "one-quantum at events.csv: line 2 column 3: another libm"
    assert run(*dossier).json["dissents"] == {"B": told}
    both = tmp_path / "both.note"
    assert run("party", "sign", tmp_path / "a.note", "--key", nodes.path("b"), "--out", both).status == 0
    nodes.append(both)
    nodes.publish()
    made = run(*dossier)
    assert (made.status, made.json["released"]) == (0, output), made
    words = [
        "log",
        "prove",
        nodes.root / "log",
        "--policy",
        nodes.policy,
        "--entry",
        both,
        "--out",
        tmp_path / "p",
    ]
    assert run(*words).status == 0
    assert run("verify", tmp_path / "p", "--policy", nodes.policy, "--json").json["signed_by"] == ["A", "B"]
    assert nodes.audit().json["findings"] == []
