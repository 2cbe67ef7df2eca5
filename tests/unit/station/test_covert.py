import pytest

from testban.station import covert


def test_table_of_the_hostile_digitiser():
    """Twin-test figures of the design's table within a few sigma of their own scatter (1 sigma of z is 1)."""
    rows = {(r.attack, r.quantum): r for r in covert.table()}
    want = {("none", 1): -1.1, ("perturbed quantisation, epsilon 0.1", 1): -1.2, ("perturbed quantisation, epsilon 0.1", 16): 21.7,
            ("perturbed quantisation, epsilon 0.1", 32): 62.6, ("perturbed quantisation, epsilon 0.05", 32): 15.0,
            ("last bit replaced by plain text", 1): 3.9, ("last bit replaced by encrypted bits", 1): 3.9}  # fmt: skip
    for key, z in want.items():
        assert rows[key].twin_z == pytest.approx(z, abs=3.5), key
    assert abs(rows["none", 1].lsb_z) < 4
    assert rows["last bit replaced by plain text", 1].lsb_z < -50
    assert abs(rows["last bit replaced by encrypted bits", 1].lsb_z) < 4


@pytest.mark.parametrize(("amplitude", "q", "bits"), [(1, 32, 0.17), (0.5, 32, 0.04), (1, 64, 0.04)])
def test_dither_in_the_additive_model(amplitude, q, bits):
    assert covert.additive_capacity(amplitude, q) == pytest.approx(bits, abs=0.006)
    assert covert.dithered_capacity(amplitude, q) > covert.additive_capacity(amplitude, q)


def test_cost_of_the_dither():
    assert covert.dither_loss_db(32) == pytest.approx(0.008, abs=0.001)
    assert covert.dither_loss_db(64) == pytest.approx(0.033, abs=0.001)
