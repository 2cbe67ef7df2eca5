"""Forms of the reasons of depths and of the notes of `testban locate`.

Rules: as in `reasons_evidence`; no form here is one of those there.
"""

from testban.show.texts import N_

LOCATION: tuple[tuple[str, str], ...] = (
    # depths
    (r"fixed on request", N_("fixed on request")),
    (
        r"fixed at the default: no near station, S-P pairs or depth phases",
        N_("fixed at the default: no near station, S-P pairs or depth phases"),
    ),
    (
        r"not resolved: free solution at its limit or with too large an error",
        N_("not resolved: free solution at its limit or with too large an error"),
    ),
    (
        r"not resolved: the surface fits nearly as well as a depth below the crust",
        N_("not resolved: the surface fits nearly as well as a depth below the crust"),
    ),
    (r"fixed at the default: (?P<sub>.+)", N_("fixed at the default: {sub}")),
    (
        r"fixed at the depth of least misfit: the default is rejected",
        N_("fixed at the depth of least misfit: the default is rejected"),
    ),
    (
        r"fixed where the data scatter least: whatever their errors, they reject the crust",
        N_("fixed where the data scatter least: whatever their errors, they reject the crust"),
    ),
    (
        r"fixed where pP and sP stand out behind P at (?P<n>\d+) stations \(chance (?P<value>[\d.]+)\)",
        N_("fixed where pP and sP stand out behind P at {n:station|stations} (chance {value})"),
    ),
    (
        r"fixed where P at (?P<d>[\d.]+) deg and far P agree",
        N_("fixed where P at {d}° and far P agree"),
    ),
    (r"free: (?P<sub>.+)", N_("free: {sub}")),
    (r"(?P<n>\d+) arrivals within (?P<d>[\d.]+) deg", N_("{n:arrival|arrivals} within {d}°")),
    (r"(?P<n>\d+) S-P pairs within 2 deg", N_("{n:S-P pair|S-P pairs} within 2°")),
    (r"(?P<n>\d+) depth phases", N_("{n:depth phase|depth phases}")),
    (r"(?P<n>\d+) core reflections", N_("{n:core reflection|core reflections}")),
    (
        r"P at (?P<n>\d+) stations puts it below the crust",
        N_("P at {n:station|stations} puts it below the crust"),
    ),
    # notes
    (
        (
            r"(?P<n>\d+) other place(?:s fit| fits) nearly as well, the best at (?P<lon>-?[\d.]+) (?P<lat>-?[\d.]+), (?P<d>\d+) km off, "
            r"with (?P<p>[\d.]+) % of the weight; the ellipse is enlarged for them"
        ),
        N_(
            "{n:other place fits|other places fit} nearly as well, the best at {lon} {lat}, {d} km off, with {p} % of the weight; the ellipse is enlarged for them"
        ),
    ),
    (
        r"located together with (?P<names>.+): their model errors are shared",
        N_("located together with {names}: their model errors are shared"),
    ),
    (r"not located: (?P<sub>.+)", N_("not located: {sub}")),
    (
        r"expected arrivals that determine an epicentre, got too few or contradictory ones; add stations or check times",
        N_(
            "expected arrivals that determine an epicentre, got too few or contradictory ones; add stations or check times"
        ),
    ),
    (
        r"expected at least one pick at a station with coordinates, got none; add the stations",
        N_("expected at least one pick at a station with coordinates, got none; add the stations"),
    ),
    (
        r"expected a time error of at least 0 s, got (?P<x>\S+) for pick (?P<name>.+); give one or leave it out",
        N_("expected a time error of at least 0 s, got {x} for pick {name}; give one or leave it out"),
    ),
    (
        r"expected coordinates in degrees and metres, got (?P<x>\S+), (?P<y>\S+), (?P<z>\S+) for (?P<name>.+); correct the station",
        N_("expected coordinates in degrees and metres, got {x}, {y}, {z} for {name}; correct the station"),
    ),
    (
        r"(?P<n>\d+) arrivals without an event_id are not used",
        N_("{n} arrivals without an event_id are not used"),
    ),
    (
        r"(?P<n>\d+) arrivals under phase names without travel times are not used: (?P<names>.+) and (?P<k>\d+) other names",
        N_("{n} arrivals under phase names without travel times are not used: {names} and {k} other names"),
    ),
    (
        r"(?P<n>\d+) arrivals under phase names without travel times are not used: (?P<names>.+)",
        N_("{n} arrivals under phase names without travel times are not used: {names}"),
    ),
    (
        r"slowness-azimuth corrections of (?P<n>\d+) stations",
        N_("slowness-azimuth corrections of {n:station|stations}"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) rows without a station code or a valid time are not used",
        N_("{n} of {m} rows without a station code or a valid time are not used"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) rows without a position are not used",
        N_("{n} of {m} rows without a position are not used"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) rows that repeat another to the letter are not used",
        N_("{n} of {m} rows that repeat another to the letter are not used"),
    ),
    (
        r"(?P<n>\d+) of (?P<m>\d+) rows without a valid time or position are not used",
        N_("{n} of {m} rows without a valid time or position are not used"),
    ),
)
