"""The verbs of trust from the command line, as a newcomer or a third state runs them: statuses 0, 1 and 2, and --json."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Run, World, refused, run, shell_words
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from testban.formats import cd11, mseed_sign, waveforms
from testban.run import equality, equality_report
from testban.station.attacks import Result
from testban.trust import audit, inspect

FILES = {"events.csv": b"event_id\n", "picks.csv": b"pick_id\n"}


class Trust(NamedTuple):
    """What the demonstration leaves."""

    folder: Path
    policy: Path
    proof: Path


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("shown") / "trust"
    assert equality.demonstrate(folder, FILES, {}).ok
    return Trust(folder, folder / "policy.txt", folder / "release.tlog-proof")


@pytest.mark.parametrize(
    ("name", "what"), [("release.tlog-proof", "proof"), ("event.dossier", "dossier"), ("log/checkpoint", "checkpoint")]
)  # fmt: skip
def test_verify_what_holds(shown: Trust, name: str, what: str) -> None:
    said = run("verify", shown.folder / name, "--policy", shown.policy, "--json")
    assert (said.status, said.json["ok"], said.json["reason"], said.json["what"]) == (0, True, "ok", what)


def test_the_report_reads_in_both_languages_and_needs_no_network(shown: Trust) -> None:
    page = (shown.folder / "report.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    for text in (
        "The log showed two histories",
        "Журнал показал две разные истории",
        "6 of 6",
        "6 из 6",
        "rollback",
    ):
        assert text in page
    assert "NOBODY" not in page
    assert "IT DOES NOT HOLD" not in page
    for language, first in (("en", "What was tried"), ("ru", "Что пытались сделать")):
        plain = (shown.folder / f"report.{language}.md").read_text(encoding="utf-8")
        assert first in plain
        assert plain.count("| ") > 20


def test_the_report_says_loudly_what_nobody_noticed() -> None:
    missed = Result(
        name="split view", row=8, caught=False, by="witness", reason="", expected="split-view", detail="x"
    )
    found = audit.Report(
        faults=(), entries=1, packets=1, gaps=0, stations=("A",), first_slot=1, last_slot=1, left=1, root=b""
    )
    bad = inspect.Finding(ok=False, reason="quorum-missing")
    page = equality_report.html([missed], found, bad, bad, "ru")
    assert 'id="l-ru" checked' in page
    assert page.count("НИКТО") == 1
    assert page.count("IT DOES NOT HOLD") == 2
    assert 'class="missed"' in page


def test_verify_refuses_every_changed_byte(shown: Trust, tmp_path: Path) -> None:
    data = shown.proof.read_bytes()
    for at in range(0, len(data), max(len(data) // 60, 1)):
        bad = tmp_path / "bad.tlog-proof"
        bad.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        said = run("verify", bad, "--policy", shown.policy, "--json")
        assert said.status in (1, 2), at
        assert said.json["ok"] is False
        assert said.json["reason"] not in ("", "ok")
        assert said.json["malformed"] is (said.status == 2)


def test_verify_needs_a_policy(shown: Trust, tmp_path: Path) -> None:
    refused(run("verify", shown.proof, "--policy", shown.proof), "policy")
    refused(run("verify", tmp_path / "none", "--policy", shown.policy), "cannot be read")


def test_audit_finds_nothing_in_the_honest_log(shown: Trust) -> None:
    said = run("audit", shown.folder / "log", "--policy", shown.policy, "--payloads", shown.folder / "payloads", "--json")  # fmt: skip
    assert (said.status, said.json["ok"], said.json["findings"]) == (0, True, [])
    assert said.json["packets"] == 66
    assert said.json["bytes"] > 66 * 4800


def test_audit_names_a_withheld_payload_and_its_party(shown: Trust, tmp_path: Path) -> None:
    kept = shutil.copytree(shown.folder / "payloads", tmp_path / "payloads")
    next(iter(sorted(kept.iterdir()))).unlink()
    said = run("audit", shown.folder / "log", "--policy", shown.policy, "--payloads", kept, "--json")
    assert (said.status, said.json["ok"], said.json["reason"]) == (1, False, "payload-withheld")
    (finding,) = said.json["findings"]
    assert finding["kind"] == "payload"
    assert finding["party"].endswith("/warden")
    assert finding["slot"] > 152_000_000


def test_audit_finds_a_changed_entry_though_the_head_is_signed(shown: Trust, tmp_path: Path) -> None:
    log = shutil.copytree(shown.folder / "log", tmp_path / "log")
    bundle = next((log / "tile" / "entries").rglob("91"))
    data = bytearray(bundle.read_bytes())
    data[-5] ^= 1
    bundle.write_bytes(data)
    said = run("audit", log, "--policy", shown.policy, "--json")
    assert said.status == 1
    assert "tree-rebuild" in {f["reason"] for f in said.json["findings"]}


def test_audit_between_two_times(shown: Trust) -> None:
    words = ["audit", shown.folder / "log", "--policy", shown.policy, "--json"]
    said = run(*words, "--from", "152277900", "--to", "152277930")
    assert said.status == 1
    assert {f["reason"] for f in said.json["findings"]} == {"slot-missing"}
    by_time = run(*words, "--from", "2018-04-04T00:10:00Z", "--to", "2018-04-04T00:11:00Z")
    assert by_time.json["last_slot"] - by_time.json["first_slot"] == 6


def test_audit_refuses_what_is_no_log(shown: Trust, tmp_path: Path) -> None:
    refused(run("audit", tmp_path, "--policy", shown.policy), "checkpoint")
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint\n")
    refused(run("audit", tmp_path, "--policy", shown.policy), "not a log")


def test_budget_measures_on_a_log_and_never_says_none(shown: Trust) -> None:
    said = run("budget", "--log", shown.folder / "log", "--json")
    assert said.status == 0
    rows = {r["channel"]: r for r in said.json["channels"]}
    assert rows["gaps (this log)"]["basis"] == "measured"
    assert sum(r["bits_per_s"] for r in rows.values()) > 1


def test_attack_says_who_and_why() -> None:
    said = run("attack", "split view", "--json")
    assert said.status == 0
    assert [(a["caught"], a["by"], a["reason"]) for a in said.json["attacks"]] == [
        (True, "witness", "split-view")
    ]
    refused(run("attack", "no such attack"), "no such attack")


def test_keys_and_certificates(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.json", tmp_path / "cert"
    made = run(
        "keys", "generate", "XX.KEST/station", "--kind", "rsa", "--bits", "2048", "--out", key, "--json"
    )
    assert made.status == 0
    assert key.stat().st_mode & 0o77 == 0
    refused(run("keys", "generate", "XX.KEST/station", "--out", key), "never overwritten")
    assert run("keys", "certify", key, "--certificate", cert).status == 0
    vkey = made.json["vkey"]
    assert run("keys", "certify", vkey, "--certificate", cert, "--json").json == {"ok": True, "reason": "ok"}
    data = bytearray(cert.read_bytes())
    data[300] ^= 1
    cert.write_bytes(data)
    said = run("keys", "certify", vkey, "--certificate", cert, "--json")
    assert (said.status, said.json["reason"]) == (1, "key-not-permutation")
    cert.write_bytes(data[:-1])
    assert run("keys", "certify", vkey, "--certificate", cert).status == 2


class Served(NamedTuple):
    """A log and a witness as processes."""

    folder: Path
    key: Path
    policy: Path
    log: str
    witness: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    log = run("keys", "generate", "log.example/served", "--out", root / "log.json", "--json").json["vkey"]
    wit = run(
        "keys", "generate", "w.example/served", "--kind", "witness", "--out", root / "w.json", "--json"
    ).json["vkey"]
    policy = root / "policy.txt"
    policy.write_text(f"log {log}\nwitness W {wit}\nquorum W\n")
    words = [
        "witness",
        "serve",
        "--key",
        root / "w.json",
        "--log",
        log,
        "--state",
        root / "seen.sqlite",
        "--port",
        "0",
    ]
    with started(words) as witness:
        words = [
            "log",
            "serve",
            root / "log",
            "--key",
            root / "log.json",
            "--witness",
            witness,
            "--policy",
            policy,
        ]
        with started([*words, "--port", "0", "--every", "0.2"]) as address:
            yield Served(root / "log", root / "log.json", policy, address, witness)


class started:
    """A node as a process; gives the address that it says, and kills it at the end without asking."""

    def __init__(self, words: list[object]) -> None:
        self.process = subprocess.Popen(shell_words(words), stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> str:
        assert self.process.stderr
        line = self.process.stderr.readline()
        assert line.startswith("http://"), line
        return line.split()[0]

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def post(address: str, data: bytes) -> int:
    with urllib.request.urlopen(address + "/add-entry", data=data, timeout=10) as r:
        return int(r.read())


def test_log_and_witness_as_nodes(served: Served, tmp_path: Path) -> None:
    assert post(served.log, b"first\n") == 0
    assert post(served.log, b"second\n") == 1
    assert post(served.log, b"first\n") == 0
    (tmp_path / "entry").write_bytes(b"second\n")
    words = ["log", "prove", served.log, "--policy", served.policy, "--out", tmp_path / "p", "--json"]
    end = time.monotonic() + 20
    while (said := run(*words, "--entry", tmp_path / "entry")).status != 0 and time.monotonic() < end:
        time.sleep(0.2)
    assert said.json == {"ok": True, "reason": "ok", "index": 1}
    found = run("verify", tmp_path / "p", "--policy", served.policy, "--json")
    assert (found.status, found.json["index"], found.json["witnesses"]) == (0, 1, ["W"])
    gone = run(*words, "--index", "99")
    assert (gone.status, gone.json["reason"]) == (1, "leaf-not-in-log")
    refused(run(*words[:-1]), "one of --index and --entry")


def test_a_head_without_its_witnesses_is_not_published(served: Served, tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"an entry\n")
    log = tmp_path / "log"
    assert run("log", "append", log, tmp_path / "e", "--key", served.key, "--json").json["indices"] == [0]
    words = ["log", "checkpoint", log, "--key", served.key, "--policy", served.policy]
    said = run(*words, "--witness", "http://127.0.0.1:9")
    assert said.status == 1
    assert "quorum-missing" in said.stderr
    assert not (log / "checkpoint").exists()
    again = run("log", "append", log, tmp_path / "e", "--key", served.key, "--json")
    assert again.json["indices"] == [0], "what was accepted is not lost"


def test_reproduce(world: World, unbroken: Run, tmp_path: Path) -> None:
    more = [world.archive, "--inventory", world.inventory, "--simulated", "--json", "--workers", "1"]
    said = run("reproduce", unbroken.out, *more, "--manifest", tmp_path / "m")
    assert (said.status, said.json["reason"], said.json["findings"]) == (0, "exact", [])
    other = (tmp_path / "m").read_text().replace("lock ", "lock 00", 1).splitlines()
    text = "\n".join(line[:69] if line.startswith("lock") else line for line in other) + "\n"
    (tmp_path / "other").write_text(text)
    changed = shutil.copytree(unbroken.out, tmp_path / "changed")
    lines = (changed / "events.csv").read_text().splitlines()
    cells = lines[1].split(",")
    place = lines[0].split(",").index("longitude")
    digits = len(cells[place].partition(".")[2])
    cells[place] = f"{float(cells[place]) + 10**-digits:.{digits}f}"
    (changed / "events.csv").write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    said = run("reproduce", changed, *more, "--against", tmp_path / "other")
    assert (said.status, said.json["reason"], said.json["ok"]) == (1, "one quantum", False)
    assert said.json["where"].startswith("events.csv: line 2 column")
    kinds = {(f["kind"], f["detail"]) for f in said.json["findings"]}
    assert kinds == {("file", "events.csv"), ("manifest", "lock")}
    refused(run("reproduce", tmp_path, *more[:-3]), "folder of a bulletin")
    refused(run("reproduce", unbroken.out, *more[:-3], "--against", world.inventory), "manifest")


def test_attack_list_is_one_object() -> None:
    said = run("attack", "rollback asked of a witness", "--json")
    assert json.loads(said.stdout)["ok"] is True


def test_export_for_other_systems(shown: Trust, tmp_path: Path) -> None:
    words = ["party", "export", "--log", shown.folder / "log", "--policy", shown.policy, "--json"]
    words += ["--payloads", shown.folder / "payloads", "--from-slot", "152277903", "--to-slot", "152277906"]
    said = run(*words, "--out", tmp_path / "frames")
    assert (said.status, said.json["written"]) == (0, 12)
    frame = cd11.parse((tmp_path / "frames" / "XX.BETA" / "152277904.cd11").read_bytes())
    assert [c.samples for c in frame.channels] == [400] * 3
    key = ec.generate_private_key(ec.SECP256R1())
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "host.pem").write_bytes(key.private_bytes(*pem))
    said = run(*words, "--out", tmp_path / "records", "--format", "mseed", "--key", tmp_path / "host.pem")
    assert said.status == 0
    records = list(mseed_sign.read((tmp_path / "records" / "XX.ALFA.mseed").read_bytes()))
    assert all(r.authority == "host" and r.verify_ecdsa(key.public_key()) for r in records)
    assert (
        sum(len(s.samples) for s in waveforms.read(tmp_path / "records" / "XX.ALFA.mseed")[0]) == 3 * 4 * 400
    )
    (tmp_path / "none").mkdir()
    words[words.index("--payloads") + 1] = tmp_path / "none"
    said = run(*words, "--out", tmp_path / "f2")
    assert (said.status, said.json["reason"], said.json["written"]) == (1, "payload-withheld", 0)
    refused(run(*words, "--out", tmp_path / "f3", "--format", "mseed"), "--key")


def test_the_ceremony_between_two_machines(tmp_path: Path) -> None:
    monitor, host = tmp_path / "monitor", tmp_path / "host"
    coin, choice = "ab" * 32, "cd" * 32
    assert (
        run(
            "keys", "package", "XX.KEST/station", "--bits", "2048", "--packages", "3", "--out", monitor
        ).status
        == 0
    )
    assert run("keys", "offer", monitor, "--coin", coin).status == 0
    refused(run("keys", "offer", monitor, "--coin", choice), "another coin")
    assert run("keys", "open", monitor, "--choice", choice).status == 0
    refused(run("keys", "open", monitor, "--choice", coin), "no package to be open")
    names = ("commitments", "offers", "opened")
    words = ["keys", "conclude", "--coin", coin, "--choice", choice, "--out", host, "--json"]
    given = {n: monitor / f"{n}.json" for n in names}
    said = run(*words, *(w for n in names for w in (f"--{n}", given[n])))
    assert (said.status, said.json["ok"]) == (0, True)
    vkey = said.json["vkey"]
    assert vkey == (monitor / "vkey").read_text().strip()
    assert run("keys", "certify", vkey, "--certificate", host / "certificate").status == 0
    # The monitor's key file is that key.
    words_ = ["keys", "certify", monitor / "key.json", "--certificate", tmp_path / "again"]
    assert run(*words_).status == 0
    assert (tmp_path / "again").read_bytes() == (host / "certificate").read_bytes()
    # A package that was opened with another seed, and one whose key is not made of it.
    opened = json.loads(given["opened"].read_text())
    first = min(opened["opened"])
    for change, reason in ((None, "ceremony-commitment"), ("vkey", "ceremony-key")):
        cheat = dict(given)
        if change is None:
            bad = opened | {"opened": opened["opened"] | {first: "00" * 32}}
            cheat["opened"] = tmp_path / "bad.json"
            cheat["opened"].write_text(json.dumps(bad))
        else:
            offers = json.loads(given["offers"].read_text())
            offers["vkeys"][int(first)] = vkey
            cheat["offers"] = tmp_path / "bad-offers.json"
            cheat["offers"].write_text(json.dumps(offers))
        said = run(*words, *(w for n in names for w in (f"--{n}", cheat[n])))
        assert (said.status, said.json["reason"]) == (1, reason)
    refused(run(*words[:-1], *(w for n in names for w in (f"--{n}", given["offers"]))), "three files")


def test_verify_packets_wherever_they_travel(shown: Trust, tmp_path: Path) -> None:
    words = ["party", "export", "--log", shown.folder / "log", "--policy", shown.policy]
    words += [
        "--payloads",
        shown.folder / "payloads",
        "--from-slot",
        "152277903",
        "--to-slot",
        "152277904",
        "--out",
        tmp_path,
    ]
    assert run(*words).status == 0
    file = tmp_path / "XX.BETA" / "152277904.cd11"
    check = ["--policy", shown.policy, "--log", shown.folder / "log", "--json"]
    said = run("verify", file, *check)
    assert (said.status, said.json["station"], said.json["slot"]) == (0, "XX.BETA", 152277904)
    assert said.json["signed_by"] == ["XX.BETA/station", "XX.BETA/warden"]
    data = file.read_bytes()
    frame = cd11.parse(data)
    packet = tmp_path / "packet"
    packet.write_bytes(frame.signature)
    assert run("verify", packet, *check).status == 0
    bad = bytearray(data)
    bad[400] ^= 1
    file.write_bytes(bytes(bad))
    assert (run("verify", file, *check).status, run("verify", file, *check).json["reason"]) == (2, "format")
    file.write_bytes(bytes(bad[:-8]) + cd11.crc64(bytes(bad[:-8])).to_bytes(8, "big"))
    said = run("verify", file, *check)
    assert (said.status, said.json["reason"]) == (1, "payload-digest")
    # Signed by both, but not in this log: the beginning of the log has the keys and no packets yet.
    packet.write_bytes(frame.signature.replace(b"152277904", b"152277905"))
    assert run("verify", packet, *check).json["reason"] == "signature-wrong"
    key = run(
        "keys",
        "generate",
        "XX.ALFA/warden",
        "--kind",
        "rsa",
        "--bits",
        "2048",
        "--out",
        tmp_path / "k.json",
        "--json",
    )
    assert key.status == 0
    assert run(*words, "--format", "mseed", "--key", tmp_path / "k.json").status == 0
    said = run("verify", tmp_path / "XX.ALFA.mseed", *check)
    assert (said.status, said.json["reason"]) == (1, "signature-wrong"), (
        "a key of the same name, but not that of the log"
    )
    waveforms.write_mseed(tmp_path / "plain.mseed", waveforms.read(tmp_path / "XX.ALFA.mseed")[0])
    assert run("verify", tmp_path / "plain.mseed", *check).json["reason"] == "station-signature-missing"
