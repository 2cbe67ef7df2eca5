"""The small print of the statement: numbered assumptions, what is not assured, where the numbers are from.

Rules: an assumption says whether it was read in its source, remembered, or assumed; what no computation here supports is
listed as not assured, not left out.
"""

from typing import Any

from testban.assure.capability import Rule
from testban.assure.detector import Detector
from testban.assure.identification import Identification
from testban.show import texts
from testban.show.texts import Both, comma, foreign, num, sig, t


def assumptions(found: dict[str, Any]) -> list[Both]:
    """In the order of the numbers that the page carries: 1 noise, 2 decay, 3 rule, 4 yield, 5 muffling, 6 causes, 7 game."""
    ask, rule, law = found["question"], found["rule"], found["law"]
    p = ask.spread
    noise = sorted({s.noise_nm_s for s in found["sensors"]})
    span = "–".join(f"{v:g}" for v in (noise[:1] + noise[1:][-1:]))
    up = sorted({s.reliability for s in found["sensors"]})
    out = [
        t(
            "Noise of the stations is assumed, not measured: {noise} nm/s (A/T in the detection band, arrays after beamforming); each works {up} % of the time, independently.",
            noise=comma(span), up=comma("–".join(f"{100 * v:g}" for v in (up[:1] + up[1:][-1:]))),
        ),
        _decay(rule),
        _station(rule, found["detector"]),
        texts.joined(
            [
                t(
                    "Magnitude from yield: mb = {i} + {s} log10 kt, slope {l} below 1 kt.",
                    i=num(law.intercept, 2), s=num(law.slope, 2), l=num(law.slopes_below[0], 2),
                ),
                foreign(law.citation + "."),
            ]
        ),
        t(
            "Muffling (a cavity, soft rock) divides the yield before it becomes a magnitude. 70 is what theory gives for a full cavity in salt; whether such cavities can be made and kept secret is not judged here."
        ),
        t(
            "All tests of a series share: how large they look at the site {site}, the season's noise {season} (spreads in magnitude), an outage {out} %; single shots scatter by {scatter}. All four assumed. The independent column leaves the sharing out and is an upper bound.",
            site=num(p.site, 2), season=num(p.season, 2), out=num(100 * p.outage, 1), scatter=num(p.scatter, 2),
        ),
    ]  # fmt: skip
    if found["quota"] is not None:
        out.append(
            t(
                "The game of inspections: Dresher 1962, von Stengel 2016, exact; zero-sum, both sides know the numbers; an inspection of a hidden test always finds it."
            )
        )
    return out


def _decay(rule: Rule) -> Both:
    if not rule.regional:
        return t(
            "Decay of amplitude: Veith & Clawson 1972 from 20 degrees on; nearer the Pn law of Denny, Taylor & Vergino 1987; shots at the surface; no station terms, no Lg."
        )
    laws = []
    for w in rule.regional:
        values = {"phase": w.phase, "far": comma(f"{w.farthest_deg:g}"), "source": foreign(w.source)}
        if w.confirmed:
            laws.append(t("{phase} to {far} degrees: {source} (read in its source)", **values))
        else:
            laws.append(t("{phase} to {far} degrees: {source} (unconfirmed)", **values))
    return t(
        "Decay of amplitude: Veith & Clawson 1972 from 20 degrees on; nearer as the scenario gives it, the phase seen best counts: {laws}; shots at the surface; no station terms.",
        laws=texts.joined(laws, "; "),
    )


def _station(rule: Rule, detector: Detector | None) -> Both:
    values = {
        "snr": num(rule.snr, 1), "sigma": num(rule.sigma, 2), "c": num(rule.common_sigma, 2),
        "a": comma(f"{rule.nearest_deg:g}"), "b": num(rule.farthest_deg, 0),
    }  # fmt: skip
    if detector is None:
        return t(
            "Signal-to-noise {snr}, scatter of a station {sigma}, common scatter {c}, distances {a}–{b} degrees: usual values of such models, not read in a source.",
            **values,
        )
    return t(
        "Signal-to-noise {snr} and scatter of a station {sigma} from a detector's measured curve ({source}), taken for arrays too; common scatter {c}, distances {a}–{b} degrees: assumed.",
        source=foreign(detector.source), **values,
    )  # fmt: skip


def not_assured(found: dict[str, Any]) -> list[Both]:
    """What the network does not give, said plainly; the computed ones first."""
    from testban.show.statement import chance, test_name

    n = found["question"].tests[-1]
    how = Identification()
    out = [
        t(
            "{what}: of {n:test|tests} at {site} one is seen with probability {p} only.",
            what=test_name(r), n=n, site=Both(r["weakest"], r["weakest_ru"]), p=comma(chance(r["seen"][-1])),
        )
        for r in found["series"]
        if r["seen"][-1] < 0.9
    ]  # fmt: skip
    muffled = [r for r in found["sites"] if r["kt_decoupled"] is not None]
    if muffled:
        worst = max(muffled, key=lambda r: (r["kt_decoupled"], r["name"]))
        out.append(
            t(
                "A fully muffled test (70 times) below {kt} kt at {site} may go unseen: there the network sees mb {m}.",
                kt=comma(sig(worst["kt_decoupled"], 2)), site=Both(worst["name"], worst["name_ru"]),
                m=num(worst["mb"], 2),
            )
        )  # fmt: skip
    blind = [r for r in found["sites"] if r["mb"] is None]
    if blind:
        names = texts.joined([Both(r["name"], r["name_ru"]) for r in blind], ", ")
        out.append(t("The rule is met for no magnitude at: {names}.", names=names))
    out += [
        t(
            "To see is not to know. An event is taken to be told from an earthquake where {k:station|stations} within {d} degrees saw it {snr:time|times} above noise, or from mb {m} on; of explosions {hit} % are then recognised (all assumed). That it was nuclear no seismogram shows.",
            k=how.stations,
            d=num(how.farthest_deg, 0),
            snr=num(how.snr, 0),
            m=num(how.surface_mb, 1),
            hit=num(100 * how.hit, 0),
        ),
        t(
            "Tests hidden in a large earthquake, in an explosion of a mine, or in an hour of storm: the figures are for usual noise."
        ),
        t("Tests in the air, under water or in space: this network does not watch for them."),
    ]
    return out


def provenance(found: dict[str, Any]) -> list[Both]:
    """Where the stations and places are from."""
    out = [foreign(f"{r['table']}: {r['origin']}.") for r in found["networks"]]
    own = found["stations"] - sum(r["size"] for r in found["networks"])
    if own:
        out.append(t("{n:station|stations} as the scenario file gives them.", n=own))
    if not found["given_sites"]:
        out.append(
            t("Places: former test sites to a tenth of a degree, since the scenario names none of its own.")
        )
    return out
