"""What a yield assumes is said in both languages, whatever was chosen."""

import pytest

from testban.base.records import Magnitude
from testban.identify import relations, yield_depth, yields
from testban.run import known
from testban.show.reasons import reason


def said(kind: str = "mb", bound: str = "", **choice: object) -> tuple[str, ...]:
    size = Magnitude(kind=kind, value=5.0, sigma=0.1, n_detected=1, n_censored=0, method="given", bound=bound)
    return yields.estimate([size], yields.YieldSettings(**choice)).assumptions  # type: ignore[arg-type]


@pytest.mark.parametrize("site", sorted(relations.SITES))
@pytest.mark.parametrize("law", ["", *sorted(relations.RELATIONS)])
def test_every_assumption_has_its_russian(site: str, law: str) -> None:
    for texts in (
        said(site=site, relation=law),
        said("mb(IDC)", site=site, relation=law, depth_m=350.5, prior_kt=(0.0001, 100000.0)),
        said(bound="upper", site=site, relation=law),
    ):
        for text in texts:
            both = reason(text)
            assert both.en == text
            assert not both.foreign, text


def test_yield_with_depth_and_refusals_too() -> None:
    master = yield_depth.Master(yield_kt=(2.0, 4.8), depth_m=(100.0, 1000.0))
    others = (
        f"mb(Lg): {known.ASSUMED_TEXT}",
        "expected mb, measured beyond 20 deg, with its error, got ML, Ms(regional): a yield is not made from other scales; give --mb",
        "expected mb, measured beyond 20 deg, with its error, got no magnitude: a yield is not made from other scales; give --mb",
    )
    for mb in (True, False):
        for text in (*yield_depth._assumptions(master, mb), *others):
            assert not reason(text).foreign, text
    assert "нет магнитуды" in reason(others[-1]).ru


def test_two_magnitudes_of_one_scale_are_named_once() -> None:
    two = [
        Magnitude(kind="mb", value=v, sigma=0.2, n_detected=1, n_censored=0, method="") for v in (5.0, 5.2)
    ]
    assert yields.estimate(two).scale == "mb"
