"""`testban calibrate` on small catalogues made here."""

import csv
import random
from pathlib import Path

from conftest import run


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as f:
        csv.writer(f).writerows([header, *rows])
    return path


def test_mb_ms_and_yield(tmp_path: Path) -> None:
    rng = random.Random(5)
    x = write(tmp_path / "x.csv", ["event_id", "mb", "Ms", "underground"],
              [[f"x{i:03d}", 5.0, round(3.4 + rng.gauss(0, 0.4), 2), "True"] for i in range(60)])  # fmt: skip
    q = write(tmp_path / "q.csv", ["event_id", "mb", "MS", "depth_km"],
              [[f"q{i:03d}", 5.0, round(4.7 + rng.gauss(0, 0.4), 2), 10] for i in range(80)])  # fmt: skip
    done = run("calibrate", "mb-ms", x, q, "--out", tmp_path / "t.json", "--name", "made v1", "--json")
    assert done.status == 0
    assert done.json["model"]["n_explosions"] == 30
    assert done.json["area_under_roc"]["value"] > 0.95
    again = run("calibrate", "mb-ms", x, q, "--out", tmp_path / "u.json", "--name", "made v1")
    assert again.status == 0
    assert (tmp_path / "t.json").read_bytes() == (tmp_path / "u.json").read_bytes()
    assert run("calibrate", "mb-ms", q, x).status == 2
    assert run("calibrate", "mb-ms", x, q, "--report", tmp_path / "report").status == 0
    for name in ("scores.json", "reliability.svg", "roc.svg", "scores.html"):
        assert (tmp_path / "report" / name).stat().st_size > 500
    shots = write(tmp_path / "y.csv", ["event_id", "region", "mb", "yield_kt"],
                  [[f"s{i}", "A", round(4.0 + rng.gauss(0, 0.2), 2), 1.0] for i in range(12)])  # fmt: skip
    site = run("calibrate", "yield", shots, "--region", "A", "--relation", "wet-tuff", "--json")
    assert site.status == 0
    assert site.json["model"]["n"] == 12
    assert site.json["inside_90_percent"]["each_by_the_others"]["n"] == 12
    wide = run("calibrate", "scatter", shots, "--relation", "wet-tuff", "--json")
    assert (wide.json["shots"], wide.json["regions"]) == (12, 1)
    assert run("calibrate", "scatter", shots, "--relation", "wet-tuff", "--without", "A").status == 2
    assert run("calibrate", "yield", shots, "--region", "B", "--relation", "wet-tuff").status == 2
    assert run("calibrate", "yield", shots, "--region", "A", "--relation", "none").status == 2
