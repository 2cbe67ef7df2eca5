"""`testban calibrate` on small catalogues made here."""

import csv
import random
from pathlib import Path

from conftest import refused, run


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


def test_tables_that_cannot_be_used_say_what_is_wrong(tmp_path: Path) -> None:
    """Missing columns, depths in metres, slips of units, empty tables: one line that names the cause; order and separator do not matter."""
    rng = random.Random(6)
    x = [[f"x{i:03d}", 5.0, round(3.4 + rng.gauss(0, 0.4), 2), "True"] for i in range(60)]
    q = [[f"q{i:03d}", 5.0, round(4.7 + rng.gauss(0, 0.4), 2), 10] for i in range(80)]
    head_x, head_q = ["event", "mb", "Ms", "underground"], ["event_id", "mb", "MS", "depth_km"]
    good_x, good_q = write(tmp_path / "x.csv", head_x, x), write(tmp_path / "q.csv", head_q, q)
    turned = write(tmp_path / "turned.csv", head_q[::-1], [r[::-1] for r in q])
    said = [run("calibrate", "mb-ms", good_x, t, "--json").json for t in (good_q, turned)]
    assert said[0]["model"]["earthquake"] == said[1]["model"]["earthquake"]
    for name, header, rows, part in (
        ("nocolumn", ["event_id", "magnitude", "MS", "depth_km"], q, "a column for mb"),
        ("noname", ["what", "mb", "MS", "depth_km"], q, "a column for event (event_id or event"),
        ("metres", head_q, [[*r[:3], 10000] for r in q], "beside 0 without a depth and 80 deeper"),
        ("nodepth", head_q[:3], [r[:3] for r in q], "80 without a depth"),
        ("empty", head_q, [], "expected a table with events"),
        ("nanometres", head_q, [[*r[:2], r[2] - 3.0, 10] for r in q], "Ms - mb between"),
        ("nan", head_q, [[r[0], "nan", r[2], 10] for r in q], "got 0"),
    ):
        bad = write(tmp_path / f"{name}.csv", header, rows)
        assert part in refused(run("calibrate", "mb-ms", good_x, bad)), name
    slipped = write(tmp_path / "xs.csv", head_x, [[*r[:2], r[2] - 3.0, "True"] for r in x])
    assert "nm for um" in refused(run("calibrate", "mb-ms", slipped, good_q))
    head = ["event_id", "region", "mb", "yield_kt"]
    shots = [[f"s{i}", "A", round(4.0 + rng.gauss(0, 0.2), 2), 1.0] for i in range(12)]
    for name, rows in (
        ("tons", [[*s[:3], 1000.0] for s in shots]),
        ("um", [[*s[:2], s[2] - 3, 1.0] for s in shots]),
    ):
        bad = write(tmp_path / f"{name}.csv", head, rows)
        line = refused(run("calibrate", "yield", bad, "--region", "A", "--relation", "wet-tuff"))
        assert "t for kt" in line
