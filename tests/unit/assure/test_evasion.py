"""What evasion buys: cavities, hosts by the Poisson law, deaf stations against trying all, the table and the verb."""

import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from testban.assure import evasion, identification
from testban.assure.capability import Rule, Sensor
from testban.assure.identification import Identification
from testban.assure.sites import place
from testban.base.errors import InputError
from testban.cli import app
from testban.run import assurance_evasion as room
from testban.run.assurance_plan import Shots
from testban.show import assurance_evasion as words


def test_cavities_of_the_literature():
    assert evasion.cavity(0.38).full_radius_m == pytest.approx(18.1, abs=0.05)
    one = evasion.cavity(1.0)
    assert one.volume_m3 == pytest.approx(65450, abs=5)
    assert one.salt_t == pytest.approx(144e3, rel=0.01)
    assert evasion.cavity(5.0).volume_m3 == pytest.approx(327249, rel=1e-4)
    assert evasion.cavity(10.0).full_radius_m == pytest.approx(53.9, abs=0.05)
    assert 11.0 < evasion.cavity(9.0, 36.0).factor < 16.0  # Azgir 1976, remembered as 12 to 15
    assert evasion.cavity(0.38, 17.0).factor > 40.0  # STERLING


@given(st.floats(0.01, 100.0), st.floats(0.2, 900.0), st.floats(1.0, 1.5))
def test_a_larger_cavity_never_decouples_less(y, r, more):
    small, large = evasion.cavity(y, r), evasion.cavity(y, min(1000.0, r * more))
    assert 1.0 <= small.factor <= large.factor + 1e-9 <= 70.0 + 1e-6


@given(st.floats(0.01, 300.0), st.floats(0.1, 3.0), st.integers(1, 30))
def test_hosts_are_poisson(rate, years, n):
    assert evasion.enough_hosts(rate, years, n) == pytest.approx(poisson.sf(n - 1, rate * years), abs=1e-9)
    y = evasion.years_needed(rate, n)
    assert poisson.sf(n - 1, rate * y) == pytest.approx(0.9, abs=1e-6)


def test_hosts_are_counted_from_minutes():
    limits = [(60 * i, 3.0 if i in (5, 6, 7, 20) else (None if i in (30, 31) else 2.0)) for i in range(100)]
    h = evasion.hosts(limits, 2.5)
    assert (h.stretches, h.unwatched) == (2, 0.02)
    assert h.hours_per_year == pytest.approx(4 / 98 * 8766)
    assert evasion.years_needed(0.0, 1) is None
    with pytest.raises(InputError):
        evasion.hosts([], 2.5)


def network(n):
    return tuple(
        Sensor(code=f"S{i}", longitude=10.0 + 7.0 * i, latitude=(11.0 * i) % 30, noise_nm_s=0.2 + 0.3 * i)
        for i in range(n)
    )


def test_deaf_stations_raise_the_threshold_and_the_first_is_the_worst():
    where = identification.at(0.0, 0.0, network(7), Rule(), Identification())
    got = evasion.deafened(where, 3)
    start = identification.threshold(where)
    ms = [start, *(m for _, m in got)]
    assert ms == sorted(ms)
    alone = {c: identification.threshold(where.without((c,))) for c in where.codes}
    assert got[0][1] == pytest.approx(max(alone.values()))
    pairs = max(identification.threshold(where.without(p)) for p in itertools.combinations(where.codes, 2))
    assert pairs - got[1][1] < 0.05  # greedy, not the best pair: the gap on this case
    assert math.isnan(evasion.deafened(where, 7)[-1][1])


def test_table_says_where_physics_says_no():
    found = room.evade("ims", place("semipalatinsk"), Shots(yield_kt=1, n=10), cavity_m=18.0)
    rows = {r["way"]: r for r in found["rows"]}
    assert rows["cavity-full"]["gain_mu"] == pytest.approx(1.85, abs=0.01)
    assert rows["soft-rock"]["gain_mu"] == pytest.approx(0.30, abs=0.01)
    assert rows["nothing"]["unseen_series"] < 0.05
    assert rows["cavity-full"]["unseen_series"] > 0.5
    assert rows["cavity-full+deaf-3"]["unseen_series"] >= rows["cavity-full"]["unseen_series"]
    assert rows["cavity-given"]["unseen_one"] < rows["cavity-full"]["unseen_one"]
    assert found["earthquake_hosts"] is None
    assert "would probably not be seen" in words.lead(found).en
    assert "не замечена" in words.table(found, "ru")[0]
    assert len(words.table(found, "en")) == len(rows) + 1


def test_verb_with_monitoring(tmp_path, capsys):
    rows = ["site,time,safe90,n_stations,controlling,watched"]
    rows += [
        f"nevada,2020-01-{1 + k // 1440:02d}T{k // 60 % 24:02d}:{k % 60:02d}:00Z,{4.9 if k % 1000 < 10 else 2.0},3,A,1.0000"
        for k in range(4 * 1440)
    ]
    (tmp_path / "monitor.csv").write_text("\n".join(rows) + "\n")
    line = f"assure evasion --network ims --site nevada --yield-kt 1 --n 3 --monitor {tmp_path}"
    assert app([*line.split(), "--json"], result_action="return_value") == 0
    got = json.loads(capsys.readouterr().out)["earthquake_hosts"]["tamped"]
    assert got["stretches"] == 6
    assert got["hosts_per_year"] == pytest.approx(6 / 4 * 365.25, abs=0.1)
    assert got["extrapolated"]
    assert app([*line.split(), "--language", "ru"], result_action="return_value") == 0
    with pytest.raises(InputError, match="--monitor"):
        app(line.replace("nevada", "lop-nor").split(), result_action="return_value")
