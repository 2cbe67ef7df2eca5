"""Reasons and findings of the other rooms, which come as English text, in both languages where their form is known.

Rules: each pattern names the parts that vary; parts joined by semicolons are translated one by one, and only if
every one of them is known does a Russian text appear. Anything else is shown as it came, marked as English. A test
checks that a pattern's message says the same as the text it was made for.
"""

import re

from testban.show.texts import N_, Both, foreign, russian, t

PATTERNS: tuple[tuple[str, str], ...] = (
    # identify
    (r"no discriminant applies: (?P<sub>.+)", N_("no discriminant applies: {sub}")),
    (r"no discriminant applies", N_("no discriminant applies")),
    (
        r"(?P<name>regional P/S|mb:Ms|depth|first motion|spectral slope|complexity|repeat of a known source|moment tensor|sea or land|score of another program): (?P<sub>.+)",
        N_("{name}: {sub}"),
    ),
    (
        r"P over S at 2-8 Hz on (?P<n>\d+) good path\(s\) is (?P<value>[-+\d.]+) \(log10\) from the middle between the classes at (?P<a>[-+\d.]+) and (?P<b>[-+\d.]+): (?P<sub>.+)",
        N_(
            "P over S at 2-8 Hz on {n} good path(s) is {value} (log10) from the middle between the classes at {a} and {b}: {sub}"
        ),
    ),
    (r"nearer to explosions", N_("nearer to explosions")),
    (r"nearer to earthquakes", N_("nearer to earthquakes")),
    (r"no path was set aside for Lg", N_("no path was set aside for Lg")),
    (
        r"(?P<n>\d+) path\(s\) block Lg by their own record and (?P<m>\d+) cannot say",
        N_("{n} path(s) block Lg by their own record and {m} cannot say"),
    ),
    (r"none of them decides", N_("none of them decides")),
    (
        r"calibrated on (?P<x>\d+) explosion and (?P<q>\d+) earthquakes only, none of the earthquakes on these paths",
        N_("calibrated on {x} explosion and {q} earthquakes only, none of the earthquakes on these paths"),
    ),
    (
        r"on (?P<n>\d+) of them only the vertical was recorded, which widens the error",
        N_("on {n} of them only the vertical was recorded, which widens the error"),
    ),
    (
        r"calibrated on (?P<x>\d+) explosions of 1 region \(DPRK 2009-2017\) and (?P<q>\d+) earthquakes of (?P<r>\d+) \(Germany, California\) only",
        N_(
            "calibrated on {x} explosions of 1 region (DPRK 2009-2017) and {q} earthquakes of {r} (Germany, California) only"
        ),
    ),
    (
        r"calibrated on (?P<x>\d+) explosion\(s\) of (?P<a>\d+) region\(s\) and (?P<q>\d+) earthquake\(s\) of (?P<b>\d+) \((?P<name>[^()]+)\)",
        N_("calibrated on {x} explosion(s) of {a} region(s) and {q} earthquake(s) of {b} ({name})"),
    ),
    (
        r"P above the noise in three bands on (?P<n>\d+) path\(s\), at least (?P<m>\d+) are needed",
        N_("P above the noise in three bands on {n} path(s), at least {m} are needed"),
    ),
    (
        r"the P spectrum of (?P<n>\d+) path\(s\) falls with a slope of (?P<v>[-+\d.]+)",
        N_("the P spectrum of {n} path(s) falls with a slope of {v}"),
    ),
    (
        r"explosions and earthquakes overlap in it, and too few regions are known to give it weight",
        N_("explosions and earthquakes overlap in it, and too few regions are known to give it weight"),
    ),
    (
        r"explosions and earthquakes overlap in it, so it says next to nothing",
        N_("explosions and earthquakes overlap in it, so it says next to nothing"),
    ),
    (
        r"measured at (?P<n>\d+) station\(s\), at least (?P<m>\d+) are needed",
        N_("measured at {n} station(s), at least {m} are needed"),
    ),
    (
        r"complexity (?P<v>[-+\d.]+) at (?P<n>\d+) stations",
        N_("complexity {v} at {n} stations"),
    ),
    (
        r"no earthquake at such distances was at hand to compare with, so it has no weight",
        N_("no earthquake at such distances was at hand to compare with, so it has no weight"),
    ),
    (
        r"no match with a known event exceeds its threshold",
        N_("no match with a known event exceeds its threshold"),
    ),
    (
        r"the match with (?P<name>[^;]+) could be chance: its rate of false alarms is not known or too high",
        N_("the match with {name} could be chance: its rate of false alarms is not known or too high"),
    ),
    (
        r"the match with (?P<name>[^;]+) lies (?P<d>[\d.]+) km from it, farther than (?P<m>[\d.]+) km: another source",
        N_("the match with {name} lies {d} km from it, farther than {m} km: another source"),
    ),
    (
        r"what the known event (?P<name>[^;]+) was is not told",
        N_("what the known event {name} was is not told"),
    ),
    (
        r"repeats the (?P<kind>explosion|earthquake) (?P<name>[^;]+): statistic (?P<v>[\d.]+) times the threshold, (?P<far>[-+\d.e]+) false alarms a year",
        N_("repeats the {kind} {name}: statistic {v} times the threshold, {far} false alarms a year"),
    ),
    (
        r"never decides alone",
        N_("never decides alone"),
    ),
    (
        r"the score is no number",
        N_("the score is no number"),
    ),
    (
        r"(?P<x>\d+) explosions and (?P<q>\d+) earthquakes to calibrate the score on, (?P<m>\d+) of each are needed",
        N_("{x} explosions and {q} earthquakes to calibrate the score on, {m} of each are needed"),
    ),
    (
        r"the score (?P<v>[-+\d.e]+) is as low in (?P<px>[\d.]+) of (?P<x>\d+) explosions and as high in (?P<pq>[\d.]+) of (?P<q>\d+) earthquakes that it was calibrated on",
        N_(
            "the score {v} is as low in {px} of {x} explosions and as high in {pq} of {q} earthquakes that it was calibrated on"
        ),
    ),
    (
        r"one more p-value, never the judge",
        N_("one more p-value, never the judge"),
    ),
    (
        r"no coast line at hand",
        N_("no coast line at hand"),
    ),
    (
        r"the ellipse is not wholly in the sea: an underground explosion is possible, so this says nothing",
        N_(
            "the ellipse is not wholly in the sea: an underground explosion is possible, so this says nothing"
        ),
    ),
    (
        r"wholly in the sea, (?P<d>\d+) km from the coast",
        N_("wholly in the sea, {d} km from the coast"),
    ),
    (
        r"no grid of water depths was given, and the coast alone never decides",
        N_("no grid of water depths was given, and the coast alone never decides"),
    ),
    (
        r"the water is (?P<d>-?\d+) m deep at the least, (?P<m>\d+) m are needed \[unconfirmed practice\]",
        N_("the water is {d} m deep at the least, {m} m are needed [unconfirmed practice]"),
    ),
    (
        r"wholly under water at least (?P<d>\d+) m deep, but no hydroacoustic station was at hand",
        N_("wholly under water at least {d} m deep, but no hydroacoustic station was at hand"),
    ),
    (
        r"wholly under water at least (?P<d>\d+) m deep, and hydroacoustic stations heard nothing: this speaks against an explosion in the water",
        N_(
            "wholly under water at least {d} m deep, and hydroacoustic stations heard nothing: this speaks against an explosion in the water"
        ),
    ),
    (
        r"wholly under water at least (?P<d>\d+) m deep, and hydroacoustic stations heard a signal: an earthquake can make one too",
        N_(
            "wholly under water at least {d} m deep, and hydroacoustic stations heard a signal: an earthquake can make one too"
        ),
    ),
    (
        r"no moment tensor was given",
        N_("no moment tensor was given"),
    ),
    (
        r"the moment tensor has no errors: the best point alone is no evidence, explosion and CLVD trade off",
        N_(
            "the moment tensor has no errors: the best point alone is no evidence, explosion and CLVD trade off"
        ),
    ),
    (
        r"the latitude on the lune is (?P<a>-?\d+) to (?P<b>-?\d+) deg \(90 %\): the data do not tell the source type",
        N_("the latitude on the lune is {a} to {b} deg (90 %): the data do not tell the source type"),
    ),
    (
        r"latitude on the lune (?P<v>[-+]\d+) deg \((?P<a>[-+]\d+) to (?P<b>[-+]\d+) with 90 %",
        N_("latitude on the lune {v} deg ({a} to {b} with 90 %"),
    ),
    (
        r"90 is an explosion, 0 a double couple\), from a moment tensor that was given, not inverted here",
        N_("90 is an explosion, 0 a double couple), from a moment tensor that was given, not inverted here"),
    ),
    (
        r"the moment tensor cannot be used: (?P<why>.+)",
        N_("the moment tensor cannot be used: {why}"),
    ),
    (
        r"neither Lg nor a rise of S where the origin puts it: the records do not bear the location out",
        N_("neither Lg nor a rise of S where the origin puts it: the records do not bear the location out"),
    ),
    (
        r"no earthquake on the paths of the DPRK test site was at hand",
        N_("no earthquake on the paths of the DPRK test site was at hand"),
    ),
    (r"wide densities and a cap allow for it", N_("wide densities and a cap allow for it")),
    (
        r"calibrated on (?P<x>\d+) explosion\(s\) and (?P<q>\d+) earthquake\(s\) \((?P<name>[^()]+)\)",
        N_("calibrated on {x} explosion(s) and {q} earthquake(s) ({name})"),
    ),
    (
        r"Ms (?P<ms>[-\d.]+) and mb (?P<mb>[-\d.]+) are further apart than any event: a slip of units \(nm for um\) is likely",
        N_("Ms {ms} and mb {mb} are further apart than any event: a slip of units (nm for um) is likely"),
    ),
    (
        r"the depth of (?P<z>-?\d+) km is below the crust: there is no Lg, and P/S is calibrated for shallow events only",
        N_(
            "the depth of {z} km is below the crust: there is no Lg, and P/S is calibrated for shallow events only"
        ),
    ),
    (
        r"the depth of (?P<z>-?\d+) km is below the crust: such events make no surface waves to speak of, whatever they are",
        N_(
            "the depth of {z} km is below the crust: such events make no surface waves to speak of, whatever they are"
        ),
    ),
    (
        r"the epicentre is uncertain by (?P<n>\d+) km, so the windows of P and S are not known well enough \(at most (?P<m>[\d.]+) km\)",
        N_(
            "the epicentre is uncertain by {n} km, so the windows of P and S are not known well enough (at most {m} km)"
        ),
    ),
    (
        r"taken together the evidence is nearer to the class (?P<name>earthquake|collapse or other) than to explosions",
        N_("taken together the evidence is nearer to the class {name} than to explosions"),
    ),
    (
        r"taken together the evidence is nearer to explosions than to earthquakes",
        N_("taken together the evidence is nearer to explosions than to earthquakes"),
    ),
    (
        r"the evidence together is like no class of source known here",
        N_("the evidence together is like no class of source known here"),
    ),
    (
        r"the densities are wide and the ratio is capped for that reason",
        N_("the densities are wide and the ratio is capped for that reason"),
    ),
    (
        r"(?P<n>\d+) good path\(s\), at least (?P<m>\d+) are needed",
        N_("{n} good path(s), at least {m} are needed"),
    ),
    (r"no (?P<kind>mb|Ms) could be measured", N_("no {kind} could be measured")),
    (
        r"mb (?P<value>[-\d.]+) is below (?P<least>[\d.]+), where the relation was not tried",
        N_("mb {value} is below {least}, where the relation was not tried"),
    ),
    (
        r"Ms (?P<word>at most|of) (?P<ms>[-\d.]+) with mb (?P<mb>[-\d.]+) lies (?P<d>[\d.]+) \+- (?P<sigma>[\d.]+) (?P<side>above|below) the line Ms = mb - 0\.64",
        N_("Ms {word} {ms} with mb {mb} lies {d} ± {sigma} {side} the line Ms = mb − 0.64"),
    ),
    (r"screened out as natural: (?P<word>yes|no)", N_("screened out as natural: {word}")),
    (
        r"(?P<n>\d+) first motion\(s\) read with confidence, at least (?P<m>\d+) are needed",
        N_("{n} first motion(s) read with confidence, at least {m} are needed"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) first motions are compressions: this speaks against an explosion",
        N_("{n} of {m} first motions are compressions: this speaks against an explosion"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) first motions are compressions: this is what an explosion gives, and many earthquakes too",
        N_(
            "{n} of {m} first motions are compressions: this is what an explosion gives, and many earthquakes too"
        ),
    ),
    (r"the depth was fixed \((?P<sub>.+)\)", N_("the depth was fixed ({sub})")),
    (
        r"the error of the depth is not stated, so it says nothing",
        N_("the error of the depth is not stated, so it says nothing"),
    ),
    (r"a fixed depth is no evidence", N_("a fixed depth is no evidence")),
    (
        r"the depth is uncertain by (?P<n>\d+) km, more than (?P<m>[\d.]+) km says nothing",
        N_("the depth is uncertain by {n} km, more than {m} km says nothing"),
    ),
    (
        r"depth (?P<z>-?\d+) \+- (?P<sigma>\d+) km from (?P<n>\d+) depth phase\(s\): (?P<sub>.+)",
        N_("depth {z} ± {sigma} km from {n} depth phase(s): {sub}"),
    ),
    (
        r"depth (?P<z>-?\d+) \+- (?P<sigma>\d+) km from a free depth: (?P<sub>.+)",
        N_("depth {z} ± {sigma} km from a free depth: {sub}"),
    ),
    (r"deeper than any test", N_("deeper than any test")),
    (r"consistent with a test", N_("consistent with a test")),
    (r"deeper than a test would be, without certainty", N_("deeper than a test would be, without certainty")),
    (
        r"(?P<verdict>explosion-like|earthquake-like) by (?P<names>.+): likelihood ratio 10\^(?P<lr>[-+\d.]+) at error rates of (?P<a>[\d.]+)% \(an earthquake called explosion-like\) and (?P<b>[\d.]+)% \(an explosion called earthquake-like\)",
        N_(
            "{verdict} by {names}: likelihood ratio 10^{lr} at error rates of {a}% (an earthquake called explosion-like) and {b}% (an explosion called earthquake-like)"
        ),
    ),
    (
        r"the evidence at hand \((?P<names>.+)\) gives a likelihood ratio of 10\^(?P<lr>[-+\d.]+), which is not enough to decide at error rates of (?P<a>[\d.]+)% \(an earthquake called explosion-like\) and (?P<b>[\d.]+)% \(an explosion called earthquake-like\)",
        N_(
            "the evidence at hand ({names}) gives a likelihood ratio of 10^{lr}, which is not enough to decide at error rates of {a}% (an earthquake called explosion-like) and {b}% (an explosion called earthquake-like)"
        ),
    ),
    (
        r"where the event lies was not looked at, and 'explosion-like' does not say nuclear",
        N_("where the event lies was not looked at, and 'explosion-like' does not say nuclear"),
    ),
    # size
    (
        r"P is not recorded with a sampling rate above 10 Hz",
        N_("P is not recorded with a sampling rate above 10 Hz"),
    ),
    (
        r"no valid response at that time, so no amplitude",
        N_("no valid response at that time, so no amplitude"),
    ),
    (r"no valid response", N_("no valid response")),
    (r"the window of P is not wholly recorded", N_("the window of P is not wholly recorded")),
    (r"less than one window of noise before P", N_("less than one window of noise before P")),
    (
        r"the response is zero or not finite at the period of P",
        N_("the response is zero or not finite at the period of P"),
    ),
    (r"clipped: a lower bound", N_("clipped: a lower bound")),
    (r"not above twice the noise: an upper bound", N_("not above twice the noise: an upper bound")),
    (
        r"(?P<kind>mb|ML|Ms) refused at (?P<d>[\d.]+) deg: nearer than 20 deg, where no decay for mb holds",
        N_("{kind} refused at {d}°: nearer than 20°, where no decay for mb holds"),
    ),
    (
        r"(?P<kind>mb|ML|Ms) refused at (?P<d>[\d.]+) deg: farther than 105 deg",
        N_("{kind} refused at {d}°: farther than 105°"),
    ),
    (
        r"(?P<kind>mb|ML|Ms) refused at (?P<d>[\d.]+) deg: outside 20-105 deg",
        N_("{kind} refused at {d}°: outside 20–105°"),
    ),
    (r"(?P<kind>mb|ML|Ms) refused at (?P<d>[\d.]+) deg", N_("{kind} refused at {d}°")),
    (r"ML refused at (?P<d>\d+) km, beyond 1200 km", N_("ML refused at {d} km, beyond 1200 km")),
    (
        r"no (?P<word>vertical|horizontal) channel recorded (?P<phase>\w+)",
        N_("no {word} channel recorded {phase}"),
    ),
    (r"not recorded", N_("not recorded")),
    (
        r"beyond 600 km, where the ML relation is extrapolated",
        N_("beyond 600 km, where the ML relation is extrapolated"),
    ),
    (
        r"no P found: three times the noise of the hour is an upper bound",
        N_("no P found: three times the noise of the hour is an upper bound"),
    ),
    (
        r"outlying response: (?P<r>[-+\d.]+) from the median of (?P<n>\d+)",
        N_("outlying response: {r} from the median of {n}"),
    ),
    (
        r"half peak-to-peak nm / s at 0\.8-4\.5 Hz, Veith-Clawson decay, 20-105 deg",
        N_("half peak-to-peak nm / s at 0.8–4.5 Hz, Veith-Clawson decay, 20–105°"),
    ),
    (
        r"Wood-Anderson, Hutton & Boore 1987 in IASPEI form, to 1200 km",
        N_("Wood-Anderson, Hutton & Boore 1987 in IASPEI form, to 1200 km"),
    ),
    (r"18-22 s, Rezapour & Pearce 1998, 20-160 deg", N_("18–22 s, Rezapour & Pearce 1998, 20–160°")),
    (
        r"18-22 s, Rezapour & Pearce 1998 used nearer than 20 deg: regional, not comparable",
        N_("18–22 s, Rezapour & Pearce 1998 used nearer than 20°: regional, not comparable"),
    ),
    (r"upper limit at 90 %", N_("upper limit at 90%")),
    (r"censored maximum likelihood", N_("maximum likelihood with bounds from silent stations")),
    # locate
    (r"fixed on request", N_("fixed on request")),
    (
        r"fixed at the default: no near station, S-P pairs or depth phases",
        N_("fixed at the default: no near station, S-P pairs or depth phases"),
    ),
    (
        r"not resolved: free solution at its limit or with too large an error",
        N_("not resolved: free solution at its limit or with too large an error"),
    ),
    (r"fixed at the default: (?P<sub>.+)", N_("fixed at the default: {sub}")),
    (
        r"fixed at the depth of least misfit: the default is rejected",
        N_("fixed at the depth of least misfit: the default is rejected"),
    ),
    # findings about the data
    (r"no samples", N_("no samples")),
    (r"the same samples twice, merged", N_("the same samples twice, merged")),
    (
        r"(?P<n>\d+) samples at flat tops: kept for times, refused for amplitudes",
        N_("{n} samples at flat tops: kept for times, refused for amplitudes"),
    ),
    (r"(?P<n>\d+) entries repeat what was read before", N_("{n} entries repeat what was read before")),
    (
        r"no epoch holds (?P<time>\S+); the position is kept, amplitudes are not measured",
        N_("no epoch holds {time}; the position is kept, amplitudes are not measured"),
    ),
    (r"not in the metadata; position from its station", N_("not in the metadata; position from its station")),
    (
        r"(?P<name>\S+) is recorded but has no coordinates in the inventory; left out",
        N_("{name} is recorded but has no coordinates in the inventory; left out"),
    ),
)
WORDS = (
    N_("regional P/S"),
    N_("mb:Ms"),
    N_("depth"),
    N_("first motion"),
    N_("spectral slope"),
    N_("complexity"),
    N_("repeat of a known source"),
    N_("moment tensor"),
    N_("sea or land"),
    N_("score of another program"),
    N_("explosion"),
    N_("explosion-like"),
    N_("earthquake-like"),
    N_("at most"),
    N_("of"),
    N_("above"),
    N_("below"),
    N_("yes"),
    N_("no"),
    N_("vertical"),
    N_("horizontal"),
    N_("none of weight"),
    N_("earthquake"),
    N_("collapse or other"),
)


def _word(text: str) -> Both:
    """A listed word, or several joined by commas; anything else stays."""
    parts = [p if p not in WORDS else russian().get(p, p) for p in text.split(", ")]
    return Both(text, ", ".join(parts))


def _known(text: str) -> Both | None:
    """One sentence or several joined by semicolons in both languages; None where a part is not known."""
    for pattern, message in PATTERNS:
        m = re.fullmatch(pattern, text)
        if m is None:
            continue
        values: dict[str, Both] = {}
        for key, part in m.groupdict("").items():
            inner = _known(part) if key == "sub" else _word(part)
            if inner is None:
                break
            values[key] = inner
        else:
            return Both(text, t(message, **values).ru)
    at = text.find("; ")
    while at >= 0:
        first, rest = _known(text[:at]), _known(text[at + 2 :])
        if first is not None and rest is not None:
            return Both(text, f"{first.ru}; {rest.ru}")
        at = text.find("; ", at + 2)
    return None


def reason(text: str) -> Both:
    """A reason in both languages where its form is known, else as it came, marked as English."""
    body = text.strip()
    if not body or len(body) > 2000:
        return foreign(body)
    stop = "." if body.endswith(".") else ""
    known = _known(body.rstrip("."))
    return foreign(body) if known is None else Both(body, known.ru + stop)
