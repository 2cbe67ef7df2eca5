"""`doctor` says what is wrong, in words that help, and nothing of a sound archive."""

import re
from pathlib import Path
from typing import Any

from conftest import Said, World, refused, run


def checks(said: Said) -> dict[str, Any]:
    assert "Traceback" not in said.stderr
    return {c["name"]: c for c in said.json["checks"]}


def test_the_installation() -> None:
    said = run("doctor", "--json")
    assert said.status == 0, said
    assert all(c["ok"] for c in checks(said).values() if c["needed"])


def test_a_sound_archive(world: World) -> None:
    said = run("doctor", world.archive, "--inventory", world.inventory, "--json")
    assert said.status == 0, said
    found = checks(said)
    assert "6 stations" in found["recordings"]["seen"]
    assert all(found[name]["ok"] for name in ("recordings", "coordinates", "responses"))


def test_in_words(world: World) -> None:
    said = run("doctor", world.archive, "--inventory", world.inventory)
    assert said.status == 0
    assert said.stdout == ""
    assert "6 stations" in said.stderr


def test_without_inventory(world: World) -> None:
    said = run("doctor", world.archive, "--json")
    assert said.status == 1
    assert not checks(said)["inventory"]["ok"]
    assert "--inventory" in checks(said)["inventory"]["advice"]


def test_station_without_coordinates(world: World, tmp_path: Path) -> None:
    text = world.inventory.read_text(encoding="utf-8")
    (tmp_path / "less.xml").write_text(re.sub(r'<Station code="KOL".*?</Station>', "", text, flags=re.S))
    said = run("doctor", world.archive, "--inventory", tmp_path / "less.xml", "--json")
    assert said.status == 1
    found = checks(said)["coordinates"]
    assert not found["ok"]
    assert "KOL" in found["seen"]
    assert "table" in found["advice"]


def test_channel_without_response(world: World, tmp_path: Path) -> None:
    text = world.inventory.read_text(encoding="utf-8")
    head, mark, tail = text.partition('<Station code="TAN"')
    tail = re.sub(r"<Response>.*?</Response>", "", tail, count=1, flags=re.S)
    (tmp_path / "mute.xml").write_text(head + mark + tail)
    said = run("doctor", world.archive, "--inventory", tmp_path / "mute.xml", "--json")
    assert said.status == 0
    found = checks(said)["responses"]
    assert not found["ok"]
    assert "XD.TAN" in found["seen"]
    assert found["seen"].startswith("1 ")
    assert "magnitude" in found["advice"]


def test_damaged_files_are_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "bad.mseed").write_bytes(b"\0" * 2000)
    said = run("doctor", world.archive, tmp_path, "--inventory", world.inventory, "--json")
    assert any("bad.mseed" in f["subject"] + f["message"] for f in said.json["findings"])


def test_nothing_there(world: World, tmp_path: Path) -> None:
    refused(run("doctor", tmp_path, "--json"), "miniSEED or SAC")
    refused(run("doctor", tmp_path / "x", "--json"), "x")
    refused(run("doctor", world.archive, "--inventory", tmp_path / "x.xml", "--json"), "x.xml")
