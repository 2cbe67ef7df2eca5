"""Forms of the reasons of `identify`: what a discriminant says, and the sentence of the verdict.

Rules: each form is a pattern of the English text and the message that says the same; `reasons` applies them in order.
"""

from testban.show.texts import N_

EVIDENCE: tuple[tuple[str, str], ...] = (
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
    (
        r"P over S in (?P<k>\d+) ratios of phases and bands \(size not known\) on (?P<n>\d+) good path\(s\) is (?P<value>[-+\d.]+) \(log10\) from the middle between the classes at (?P<a>[-+\d.]+) and (?P<b>[-+\d.]+): (?P<sub>.+)",
        N_(
            "P over S in {k} ratios of phases and bands (size not known) on {n} good path(s) is {value} (log10) from the middle between the classes at {a} and {b}: {sub}"
        ),
    ),
    (
        r"P over S in (?P<k>\d+) ratios of phases and bands \(magnitude (?P<size>[\d.]+)\) on (?P<n>\d+) good path\(s\) is (?P<value>[-+\d.]+) \(log10\) from the middle between the classes at (?P<a>[-+\d.]+) and (?P<b>[-+\d.]+): (?P<sub>.+)",
        N_(
            "P over S in {k} ratios of phases and bands (magnitude {size}) on {n} good path(s) is {value} (log10) from the middle between the classes at {a} and {b}: {sub}"
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
        r"so few paths count in the odds and never decide",
        N_("so few paths count in the odds and never decide"),
    ),
    (
        r"(?P<name>regional P/S) rests on too few paths to decide, though it counts",
        N_("{name} rests on too few paths to decide, though it counts"),
    ),
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
        N_("complexity {v} at {n:station|stations}"),
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
        r"(?P<verdict>explosion-like|earthquake-like) by (?P<names>.+): the evidence is (?P<sub>about .+?), at error rates of (?P<a>[\d.]+)% \(an earthquake called explosion-like\) and (?P<b>[\d.]+)% \(an explosion called earthquake-like\)",
        N_(
            "{verdict} by {names}: the evidence is {sub}, at error rates of {a}% (an earthquake called explosion-like) and {b}% (an explosion called earthquake-like)"
        ),
    ),
    (
        r"the evidence at hand \((?P<names>.+)\) is (?P<sub>about .+?), which is not enough to decide at error rates of (?P<a>[\d.]+)% \(an earthquake called explosion-like\) and (?P<b>[\d.]+)% \(an explosion called earthquake-like\)",
        N_(
            "the evidence at hand ({names}) is {sub}, which is not enough to decide at error rates of {a}% (an earthquake called explosion-like) and {b}% (an explosion called earthquake-like)"
        ),
    ),
    (
        r"about as likely from an explosion as from an earthquake",
        N_("about as likely from an explosion as from an earthquake"),
    ),
    (
        r"about (?P<times>[\d.]+) times likelier from an explosion",
        N_("about {times} times likelier from an explosion"),
    ),
    (
        r"about (?P<times>[\d.]+) times likelier from an earthquake",
        N_("about {times} times likelier from an earthquake"),
    ),
    (
        r"where the event lies was not looked at, and 'explosion-like' does not say nuclear",
        N_("where the event lies was not looked at, and 'explosion-like' does not say nuclear"),
    ),
)
