"""Travel-time tables in LOCSAT's format, of both dialects: written here, read back, cut, bent and replaced by other bytes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.base.errors import FormatError, InputError
from testban.earth.grid_times import GridTimes, time_between
from testban.formats.locsat_tables import decode, read_tables


def text_of(depths, distances, seconds, extra="", tail="") -> str:
    """A table as LOCSAT's programs write it: ten nodes a line, one time a line; holes are -1."""

    def axis(values, what):
        lines = [" ".join(f"{v:8.2f}" for v in values[i : i + 10]) for i in range(0, len(values), 10)]
        return [f"{len(values)}    # number of {what} samples", *lines]

    lines = [
        "n # P  travel-time (and amplitude) tables",
        *axis(depths, "depth"),
        *axis(distances, "distance"),
    ]
    for depth, row in zip(depths, seconds, strict=True):
        lines.append(f"# Travel-time/amplitude for z = {depth:7.2f}")
        lines += [f"{-1.0 if t != t else t:12.3f}{extra}" for t in row]
    return "\n".join(lines) + "\n" + tail


DEPTHS, DISTANCES = [0.0, 5.0, 15.0, 30.0], [float(d) for d in range(25)]
SECONDS = np.array([[13.7 * d - 0.05 * d * d + 0.1 * h for d in DISTANCES] for h in DEPTHS])
SECONDS[3, 20:] = np.nan
GOOD = text_of(DEPTHS, DISTANCES, SECONDS).encode()


def test_a_table_comes_back_as_it_was_written():
    for extra, tail in (("", ""), ("  none", ""), (" 0.5 PKiKP", "# model errors\n 2 3\n 1.5\n#%Z%\n")):
        table = decode(text_of(DEPTHS, DISTANCES, SECONDS, extra, tail).encode(), "x.P")
        assert table.depths_km.tolist() == DEPTHS
        assert table.distances_deg.tolist() == DISTANCES
        np.testing.assert_allclose(table.seconds, SECONDS, atol=5e-4)


def test_between_nodes_a_parabola_is_exact_and_at_the_ends_a_line():
    table = GridTimes(np.array(DEPTHS), np.array(DISTANCES), SECONDS)
    for depth, delta in ((0.0, 7.3), (2.5, 1.5), (22.0, 12.25)):
        assert time_between(table, depth, delta) == pytest.approx(
            13.7 * delta - 0.05 * delta**2 + 0.1 * depth, abs=1e-9
        )
    assert time_between(table, 0.0, 0.5) == pytest.approx(
        0.5 * SECONDS[0, 1], abs=1e-9
    )  # LOCSAT's first cell
    assert time_between(table, 5.0, 24.0) == pytest.approx(SECONDS[1, 24])
    assert time_between(table, 30.0, 21.5) is None
    assert time_between(table, 20.0, 19.5) is None
    for depth, delta in ((-0.1, 3.0), (30.1, 3.0), (0.0, 24.1), (math.nan, 3.0), (0.0, math.nan)):
        assert time_between(table, depth, delta) is None


def test_where_curvature_changes_its_sign_there_is_a_line():
    table = GridTimes(np.array([0.0, 1.0]), np.arange(4.0), np.array([[0.0, 0.0, 1.0, 1.0]] * 2))
    assert time_between(table, 0.0, 1.5) == pytest.approx(0.5)
    assert time_between(table, 0.5, 1.25) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: t[: len(t) // 2], "cut short"),
        (lambda t: t.replace(b"25    # number of distance", b"1 # number of distance"), "number of distances"),
        (lambda t: t.replace(b"25    # number of distance", b"999999999999 # number"), "number of distances"),
        (lambda t: t.replace(b"4    # number of depth", b"five # number of depth"), "number of depths"),
        (lambda t: t.replace(b"    5.00    15.00", b"   15.00     5.00"), "that rise"),
        (lambda t: t.replace(b"    5.00    15.00", b"     nan    15.00"), "a number"),
        (lambda t: t.replace(b"      13.650", b"      13,650"), "13,650"),
        (lambda t: t.replace(b"      13.650", b"         inf"), "a number"),
        (lambda t: t.replace(b"      13.650", b"   9e9"), "a travel time"),
        (lambda t: b"\xff\xfe" + t, "ASCII"),
        (lambda _: b"", "number of depths"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_named(damage, words):
    bad = damage(GOOD)
    assert bad != GOOD
    with pytest.raises(FormatError, match=words):
        decode(bad, "x.P")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 255)), max_size=6),
    st.integers(0, 10**9),
)
def test_foreign_bytes_end_in_a_table_or_a_named_error(raw, flips, cut):
    bent = bytearray(GOOD)
    for place, value in flips:
        bent[place % len(bent)] = value
    for data in (raw, bytes(bent), bytes(bent[: cut % len(bent)])):
        try:
            table = decode(data, "x.P")
        except InputError:
            continue
        assert table.seconds.shape == (len(table.depths_km), len(table.distances_deg))
        assert not (table.seconds < 0.0).any()


def test_a_folder_of_one_model_and_one_of_several(tmp_path):
    for name in ("iasp91.P", "iasp91.pP_", "iasp91.S", "readme.iasp91", "tab.ms"):
        (tmp_path / name).write_bytes(GOOD)
    (tmp_path / "iasp91.LQ").write_bytes(b"no table, and of no phase that is asked for")
    model, tables = read_tables(tmp_path, ("P", "S", "pP"))
    assert (model, sorted(tables)) == ("iasp91", ["P", "S", "pP"])
    (tmp_path / "tt_ak135_P").write_bytes(GOOD)
    with pytest.raises(InputError, match="got ak135 iasp91"):
        read_tables(tmp_path, ("P",))
    assert read_tables(tmp_path / "ak135", ("P", "S"))[0] == "ak135"
    with pytest.raises(InputError, match="got none"):
        read_tables(tmp_path / "nowhere" / "x", ("P",))
    (tmp_path / "iasp91.P").unlink()
    (tmp_path / "iasp91.P").mkdir()
    with pytest.raises(InputError, match="readable tables"):
        read_tables(tmp_path / "iasp91", ("P",))
