"""Every attack is caught for its own reason; without the check of that reason it is not."""

import pytest

from testban.station import attacks
from testban.trust import checks
from testban.trust.checks import Reason

# Checks that another check is made of, which gives its own reason: removing the inner one blinds the outer one too.
INNER = {
    Reason.ROOT: {"split view"},
    Reason.LEAF: {"command that is not in the log"},
    Reason.APPROVALS: {"command of one party alone"},
}
SLOW = {Reason.TWIN, Reason.CALIBRATION}


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_attack_is_caught_for_its_reason(name):
    result = attacks.run(attacks.ATTACKS[name])
    assert result.as_expected, result


def test_every_reason_and_every_row_has_an_attack():
    assert {a.reason for a in attacks.ATTACKS.values()} == set(Reason)
    # Row 9 (a log that censors) and row 11 (all collude) are shown by test_successor.py and stated in the docs.
    assert {a.row for a in attacks.ATTACKS.values()} == set(range(1, 17)) - {9, 11}


def without(monkeypatch, reason):
    whole = checks.require

    def require(holds, why, detail=""):
        if why is not reason:
            whole(holds, why, detail)

    monkeypatch.setattr(checks, "require", require)


@pytest.mark.parametrize("reason", [r for r in Reason if r not in SLOW])
def test_without_its_check_an_attack_is_not_caught_for_its_reason(reason, monkeypatch):
    without(monkeypatch, reason)
    for a in attacks.ATTACKS.values():
        if a.reason is reason:
            assert attacks.run(a).reason != reason.value, f"{a.name} is caught elsewhere for the same reason"


@pytest.mark.slow
@pytest.mark.parametrize("reason", list(Reason))
def test_without_a_check_exactly_its_attacks_fail(reason, monkeypatch):
    without(monkeypatch, reason)
    failed = {a.name for a in attacks.ATTACKS.values() if not attacks.run(a).as_expected}
    own = {a.name for a in attacks.ATTACKS.values() if a.reason is reason}
    assert failed == own | INNER.get(reason, set())
