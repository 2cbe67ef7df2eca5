"""Discriminants that rest on what somebody hands over: none of them decides alone, and none speaks where nothing was given."""

import math
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
from test_identify_verdict import event, one, origin, path

from testban import identify
from testban.base.beside import Beside, MomentTensor, OutsideScore, RepeatEvidence, Surroundings
from testban.base.errors import FormatError, InputError
from testban.base.records import Ellipse, Verdict
from testban.formats import moment_tensor
from testban.identify import calibration, outside_score, repeated, sea, shape, spectrum, tensor
from testban.identify.halton import normals
from testban.run import surroundings
from testban.run.beside import Given, of_events
from testban.show import reasons


def judged(beside: Beside, paths=(), o=None):
    return identify.assess(event(o), paths, (), beside=beside)


def diagonal(sigma: float):
    return tuple(tuple(sigma * sigma if i == j else 0.0 for j in range(6)) for i in range(6))


PURE = MomentTensor(elements=(1e15, 1e15, 1e15, 0.0, 0.0, 0.0), covariance=diagonal(1e14))
COUPLE = MomentTensor(elements=(0.0, 1e15, -1e15, 0.0, 0.0, 0.0), covariance=diagonal(1e14))
MATCH = RepeatEvidence(
    template="2009", kind="explosion", statistic=9.0, threshold=3.0, false_alarms_per_year=0.01
)
SCORES = OutsideScore(
    value=0.97,
    explosions=tuple(0.5 + 0.005 * i for i in range(100)),
    earthquakes=tuple(0.005 * i for i in range(100)),
)


def test_nothing_given_nothing_said() -> None:
    names = [e.name for e in judged(Beside()).evidence]
    assert not {tensor.NAME, repeated.NAME, outside_score.NAME, sea.NAME} & set(names)


@pytest.mark.parametrize(
    "beside",
    [
        Beside(repeats=(MATCH,)),
        Beside(score=SCORES),
        Beside(surroundings=Surroundings(offshore=True, coast_km=900.0, depth_m=4000.0, hydroacoustic="silent")),
    ],
)  # fmt: skip
def test_none_of_them_decides_alone(beside: Beside) -> None:
    a = judged(beside)
    assert a.log10_lr not in (None, 0.0)
    assert a.verdict is Verdict.UNDETERMINED
    assert not a.screening.combined


def test_a_score_never_turns_a_verdict_round() -> None:
    quake = [path(i, -0.5) for i in range(5)]
    assert judged(Beside(), quake).verdict is Verdict.EARTHQUAKE
    assert judged(Beside(score=SCORES), quake).verdict is not Verdict.EXPLOSION


def test_conformal_p_values_hold_their_rate_whatever_the_classifier() -> None:
    rng = random.Random(1)
    below = 0
    for _ in range(2000):
        x = sorted(rng.expovariate(1.0) ** 3 for _ in range(39))
        p, _ = outside_score.conformal(rng.expovariate(1.0) ** 3, tuple(x), (0.0,) * 10)
        below += p <= 0.1
    assert below / 2000 == pytest.approx(0.1, abs=0.02)


def test_the_e_value_of_a_p_value_is_at_most_one_on_average() -> None:
    p = (np.arange(100_000) + 0.5) / 100_000
    assert np.mean([10 ** outside_score.log10_e(float(v)) for v in p]) == pytest.approx(1.0, abs=0.01)


def test_a_score_with_a_small_past_does_not_apply() -> None:
    few = msgspec.structs.replace(SCORES, explosions=(0.9,) * 9)
    assert not one(judged(Beside(score=few)), outside_score.NAME).applicable


def test_repeats_need_a_class_a_rate_and_the_same_place() -> None:
    for changed in (
        {"kind": ""},
        {"false_alarms_per_year": None},
        {"false_alarms_per_year": 5.0},
        {"statistic": 2.0},
        {"separation_km": 9.0, "separation_sigma_km": 0.5},
    ):
        bad = msgspec.structs.replace(MATCH, **changed)
        assert not one(judged(Beside(repeats=(bad,))), repeated.NAME).applicable, changed
    up = one(judged(Beside(repeats=(MATCH,))), repeated.NAME).log10_lr
    down = one(
        judged(Beside(repeats=(msgspec.structs.replace(MATCH, kind="earthquake"),))), repeated.NAME
    ).log10_lr
    assert up == -down
    assert 0.0 < up <= repeated.CAP


def test_eigenvalues_against_numpy() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        a, b, c, d, e, f = m = rng.standard_normal(6)
        want = sorted(np.linalg.eigvalsh([[a, d, e], [d, b, f], [e, f, c]]), reverse=True)
        assert tensor.eigenvalues(tuple(m)) == pytest.approx(want, abs=1e-12)
    assert tensor.eigenvalues((2.0, 2.0, 2.0, 0.0, 0.0, 0.0)) == (2.0, 2.0, 2.0)


def test_normals_are_normal() -> None:
    z = np.array(normals(256, 6))
    assert np.abs(z.mean(axis=0)).max() < 0.1
    assert np.abs(np.cov(z.T) - np.eye(6)).max() < 0.2


def test_a_moment_tensor_speaks_only_with_its_errors() -> None:
    x, q = (one(judged(Beside(tensor=t)), tensor.NAME) for t in (PURE, COUPLE))
    assert x.log10_lr == tensor.CAP
    assert q.log10_lr == pytest.approx(-0.9, abs=0.3)
    assert x.value > 70
    assert abs(q.value) < 10
    bare = one(judged(Beside(tensor=msgspec.structs.replace(PURE, covariance=()))), tensor.NAME)
    assert not bare.applicable
    assert "best point alone" in bare.reason
    vague = one(judged(Beside(tensor=msgspec.structs.replace(PURE, covariance=diagonal(3e15)))), tensor.NAME)
    assert not vague.applicable
    broken = msgspec.structs.replace(PURE, covariance=((1.0,),))
    assert "cannot be used" in one(judged(Beside(tensor=broken)), tensor.NAME).reason


def quakeml(elements: str) -> bytes:
    return (
        '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2"><eventParameters '
        'publicID="smi:a/b"><event publicID="smi:a/e"><focalMechanism publicID="smi:a/f"><momentTensor publicID="smi:a/m"><tensor>'
        f"{elements}</tensor></momentTensor></focalMechanism></event></eventParameters></q:quakeml>"
    ).encode()


def test_moment_tensors_are_read_from_quakeml() -> None:
    body = "".join(
        f"<{t}><value>{v}e15</value><uncertainty>1e14</uncertainty></{t}>"
        for t, v in zip(moment_tensor.ELEMENTS, (3, 1, 1, 0, 0, 0), strict=True)
    )
    got = moment_tensor.decode(quakeml(body))
    assert got.elements == (3e15, 1e15, 1e15, 0.0, 0.0, 0.0)
    assert got.covariance[0][0] == pytest.approx(1e28)
    assert moment_tensor.decode(quakeml(body.replace("<uncertainty>1e14</uncertainty>", ""))).covariance == ()
    for bad in ("", body.replace("3e15", "x"), body.replace("3e15", "nan"), "<Mrr><value>1</value></Mrr>"):
        with pytest.raises(FormatError):
            moment_tensor.decode(quakeml(bad))


def test_the_coast_alone_never_says_anything() -> None:
    for s in (
        Surroundings(offshore=False, coast_km=300.0),
        Surroundings(offshore=True, coast_km=300.0),
        Surroundings(offshore=True, coast_km=300.0, depth_m=100.0, hydroacoustic="silent"),
        Surroundings(offshore=True, coast_km=300.0, depth_m=3000.0),
    ):
        assert not one(judged(Beside(surroundings=s)), sea.NAME).applicable
    heard = Surroundings(offshore=True, coast_km=300.0, depth_m=3000.0, hydroacoustic="heard")
    assert one(judged(Beside(surroundings=heard)), sea.NAME).log10_lr == 0.0


def test_sea_and_land_from_the_outlines_and_a_grid(tmp_path: Path) -> None:
    def at(lon: float, lat: float, axis: float = 10.0):
        return msgspec.structs.replace(
            origin(), longitude=lon, latitude=lat, ellipse=Ellipse(smajor_km=axis, sminor_km=axis, strike_deg=0.0)
        )  # fmt: skip

    assert surroundings.of(at(10.0, 50.0)).offshore is False
    assert surroundings.of(at(133.0, 39.0)).offshore is True
    assert surroundings.of(at(-140.0, 20.0)).coast_km > 1000.0
    assert surroundings.of(at(133.0, 39.0, 400.0)).offshore is False  # the ellipse reaches a coast
    assert surroundings.of(at(0.0, 0.0, math.nan)) is None
    grid = tmp_path / "g.asc"
    grid.write_text(
        "ncols 4\nnrows 4\nxllcorner 131\nyllcorner 37\ncellsize 1\nNODATA_value -9999\n"
        "-900 -900 -900 -900\n-900 -2000 -1500 -900\n-900 -2100 -1600 -900\n-900 -900 -900 -900\n"
    )
    depths = surroundings.read_depths(grid)
    assert surroundings.of(at(132.9, 39.1), depths).depth_m == 1500.0
    assert surroundings.of(at(-140.0, 20.0), depths).depth_m is None
    grid.write_text("ncols 4\nnrows 4\n1 2")
    with pytest.raises(InputError, match="bathymetry"):
        surroundings.read_depths(grid)


def test_what_belongs_to_one_event_asks_which(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--event"):
        of_events([event(), event()], Given(score=0.5))
    with pytest.raises(InputError, match="--score-table"):
        of_events([event()], Given(score=0.5))
    bad = tmp_path / "r.json"
    bad.write_text('{"template": 3}')
    with pytest.raises(InputError, match="--repeats"):
        of_events([event()], Given(repeats=bad))
    bad.write_text('{"template": "a", "kind": "explosion", "statistic": 5.0, "threshold": 2.0}')
    assert of_events([event()], Given(repeats=bad))["e"].repeats[0].template == "a"


def test_the_slope_of_a_known_spectrum_and_its_corner() -> None:
    from testban.base.measurements import BandRatio

    def bands(f):
        return [
            BandRatio(band_hz=b, components=3, p_rms=f(math.sqrt(b[0] * b[1])) * math.sqrt(b[1] - b[0]), snr_p=9.0)
            for b in identify.path.BANDS
        ]  # fmt: skip

    assert spectrum.slope(bands(lambda f: f**-1.5)) == pytest.approx(-1.5)
    for fc in (2.0, 4.0, 8.0):
        assert spectrum.corner(bands(lambda f, c=fc: f / (1 + (f / c) ** 2))) == pytest.approx(fc, rel=0.06)
    assert spectrum.slope(bands(lambda f: f)[:2]) is None
    assert spectrum.corner(bands(lambda f: f**-3)) is None


def test_the_slope_says_next_to_nothing_and_never_screens() -> None:
    paths = [msgspec.structs.replace(path(i, 0.0), spectral_slope=-9.0) for i in range(4)]
    e = one(identify.assess(event(), paths, ()), shape.SLOPE)
    assert e.log10_lr == 0.0
    assert e.detail["screens"] == "no"
    many = calibration.ShapeModel(
        name="m", explosion=(-1.0, 0.3), earthquake=(-2.0, 0.3), n_explosions=12, n_earthquakes=12
    )
    with_table = identify.assess(event(), paths, (), identify.Settings(slope=many))
    assert -shape.CAP <= one(with_table, shape.SLOPE).log10_lr < 0.0


def test_every_reason_of_theirs_has_its_russian() -> None:
    given = [
        Beside(repeats=(MATCH,), tensor=PURE, score=SCORES),
        Beside(tensor=msgspec.structs.replace(PURE, covariance=())),
        Beside(tensor=msgspec.structs.replace(PURE, covariance=diagonal(3e15))),
        Beside(tensor=msgspec.structs.replace(PURE, covariance=((1.0,),))),
        Beside(score=msgspec.structs.replace(SCORES, explosions=())),
        Beside(score=msgspec.structs.replace(SCORES, value=math.nan)),
        *(
            Beside(repeats=(msgspec.structs.replace(MATCH, **c),))
            for c in ({"kind": ""}, {"false_alarms_per_year": None}, {"statistic": 2.0}, {"separation_km": 9.0})
        ),
        *(
            Beside(surroundings=Surroundings(offshore=o, coast_km=9.0, depth_m=d, hydroacoustic=h))
            for o, d, h in (
                (False, None, ""), (True, None, ""), (True, 3.0, ""), (True, 900.0, ""),
                (True, 900.0, "silent"), (True, 900.0, "heard"),
            )
        ),
    ]  # fmt: skip
    for b in given:
        paths = [msgspec.structs.replace(path(i, 0.3), complexity=0.1, components=1) for i in range(4)]
        for e in judged(b, paths).evidence:
            if e.name != "depth":
                assert not reasons.reason(e.reason).foreign, e.reason


def test_vertical_records_stand_where_three_components_do_with_a_wider_error() -> None:
    model = calibration.PS_DEFAULT
    three = [path(i, 0.4) for i in range(4)]
    alone = [
        msgspec.structs.replace(
            p,
            components=1,
            bands=tuple(
                msgspec.structs.replace(
                    r, components=1, log10_ps=model.centre(r.band_hz, vertical=True) + 0.4 / model.stretch()
                )
                for r in p.bands
            ),
        )
        for p in three
    ]
    a, b = (one(identify.assess(event(), p, ()), identify.regional.NAME) for p in (three, alone))
    assert b.value == pytest.approx(a.value, abs=0.01)
    assert b.sigma > a.sigma
    assert b.log10_lr < a.log10_lr
    assert "only the vertical" in b.reason


def test_the_slope_with_distance_comes_from_inside_events() -> None:
    def at(i: int, value: float, deg: float):
        return msgspec.structs.replace(path(i, value + 0.5 * math.log10(deg)), distance_deg=deg)

    rng = random.Random(2)
    events = [[at(i, base + rng.gauss(0, 0.1), d) for i, d in enumerate((1.0, 2.0, 4.0, 8.0, 12.0))]
              for base in (0.4, 0.3, -0.4, -0.5, -0.3, 0.5)]  # fmt: skip
    slope, sigma = calibration.fit_slope(events, 0.2)
    assert slope == pytest.approx(0.5, abs=2 * sigma)
    assert calibration.fit_slope([e[:1] for e in events], 0.2) == (0.0, pytest.approx(0.3))


def test_every_discriminant_that_speaks_shows_its_populations() -> None:
    from test_identify_verdict import magnitude, picks_and_arrivals

    from testban.show import populations

    picks, arrivals = picks_and_arrivals([1, 1, -1, 1, 1])
    e = event(origin(12.0, False, 4.0), (magnitude("mb", 5.0), magnitude("Ms", 4.0)), arrivals)
    paths = [msgspec.structs.replace(path(i, 0.3), spectral_slope=-1.0 - 0.1 * i) for i in range(4)]
    a = identify.assess(e, paths, picks, beside=Beside(tensor=PURE))
    drawn = {x.name: str(populations.picture(x)) for x in a.evidence if x.applicable}
    assert set(drawn) == {"depth", "first motion", "regional P/S", "mb:Ms", shape.SLOPE, tensor.NAME}
    for name, svg in drawn.items():
        assert "взрывы" in svg, name
        assert "earthquakes" in svg, name
    assert str(populations.picture(msgspec.structs.replace(a.evidence[0], value=math.nan))) == ""


def test_classes_that_nearly_coincide_keep_their_names_apart() -> None:
    from testban.show.populations import _apart
    from testban.show.texts import t

    a, b = _apart([(150.0, 20.0, t("explosions"), "r"), (140.0, 22.0, t("earthquakes"), "b")])
    assert abs(a[0] - b[0]) > 150
    assert b[0] < a[0]
