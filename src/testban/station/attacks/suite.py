"""The attack suite: each attack by name, who must catch it, and the one reason that must be given.

Rules: an attack is a function that does what an adversary would and calls only what the honest nodes run; being caught for
another reason than the stated one counts as a failure of the suite, since the check that should have caught it may be missing.
"""

from collections.abc import Callable, Sequence

import msgspec

from testban.base.errors import TestbanError
from testban.station.parties import Parties
from testban.trust.audit import audit
from testban.trust.checks import Reason, Rejected

Act = Callable[[Parties], object]


class Attack(msgspec.Struct, frozen=True):
    """One attack. row: the line of the threat table in docs/rooms/trust.md."""

    name: str
    row: int
    by: str
    reason: Reason
    act: Act


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attack."""

    name: str
    row: int
    caught: bool
    by: str
    reason: str
    expected: str
    detail: str

    @property
    def as_expected(self) -> bool:
        """Caught, and for the reason that was stated."""
        return self.caught and self.reason == self.expected


ATTACKS: dict[str, Attack] = {}


def attack(name: str, row: int, by: str, reason: Reason) -> Callable[[Act], Act]:
    """Register an attack."""

    def register(act: Act) -> Act:
        if name in ATTACKS:
            raise ValueError(f"two attacks are called {name}")
        ATTACKS[name] = Attack(name, row, by, reason, act)
        return act

    return register


def audited(
    p: Parties, reason: Reason, observed: Sequence[bytes] = (), entries: Sequence[bytes] | None = None
) -> None:
    """Raise what an audit of everything finds: the expected fault where it is there, else the first, else nothing."""
    report = audit(
        p.log.entries if entries is None else entries,
        p.quorum,
        p.treaty,
        observed=observed,
        payload=p.payloads.get,
    )
    faults = sorted(report.faults, key=lambda f: f.reason is not reason)
    if faults:
        f = faults[0]
        raise Rejected(f.reason, f"{f.party} slot {f.slot}: {f.detail}")


def run(one: Attack, bits: int = 2048) -> Result:
    """Carry out one attack in a fresh world."""
    reason, detail = "", "nobody noticed"
    try:
        one.act(Parties(bits=bits))
    except Rejected as exc:
        reason, detail = exc.reason.value, exc.detail
    except (TestbanError, AssertionError, LookupError, TypeError, ValueError) as exc:
        reason, detail = "error", f"{type(exc).__name__}: {exc}"
    return Result(
        name=one.name, row=one.row, caught=reason not in ("", "error"), by=one.by, reason=reason, expected=one.reason.value,
        detail=detail,
    )  # fmt: skip


def run_all(names: Sequence[str] = (), bits: int = 2048) -> list[Result]:
    """Carry out all attacks, or those named."""
    return [run(a, bits) for name, a in ATTACKS.items() if not names or name in names]
