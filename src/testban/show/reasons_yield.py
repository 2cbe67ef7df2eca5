"""Forms of what a yield assumes, and of why none is given.

Rules: as in `reasons_evidence`; no form here is one of those there.
"""

from testban.show.texts import N_

YIELD: tuple[tuple[str, str], ...] = (
    (
        r"the event was one underground explosion: this is asked, not shown",
        N_("the event was one underground explosion: this is asked, not shown"),
    ),
    (
        r"tamped and coupled as the shots behind the relation; decoupled shots stand as hypotheses of their own",
        N_(
            "tamped and coupled as the shots behind the relation; decoupled shots stand as hypotheses of their own"
        ),
    ),
    (
        r"relation (?P<name>\S+): mb = (?P<a>[\d.]+) \+ (?P<b>[\d.]+) log10 Y, for (?P<sub>.+); slope below 1 kt (?P<below>[\d.]+); constants not confirmed in the source",
        N_(
            "relation {name}: mb = {a} + {b} log10 Y, for {sub}; slope below 1 kt {below}; constants not confirmed in the source"
        ),
    ),
    (
        r"relation (?P<name>\S+): mb = (?P<a>[\d.]+) \+ (?P<b>[\d.]+) log10 Y, for (?P<sub>.+); slope below 1 kt (?P<below>[\d.]+) or (?P<c>[\d.]+); constants not confirmed in the source",
        N_(
            "relation {name}: mb = {a} + {b} log10 Y, for {sub}; slope below 1 kt {below} or {c}; constants not confirmed in the source"
        ),
    ),
    (r"hard rock anywhere, normal coupling", N_("hard rock anywhere, normal coupling")),
    (
        r"hard rock in stable regions with little loss in the mantle \(Semipalatinsk\)",
        N_("hard rock in stable regions with little loss in the mantle (Semipalatinsk)"),
    ),
    (
        r"Nevada, wet tuff and rhyolite below the water table",
        N_("Nevada, wet tuff and rhyolite below the water table"),
    ),
    (r"small shots at Shagan River", N_("small shots at Shagan River")),
    (
        r"site (?P<name>\S+): bias (?P<b>[-+\d.]+) \+- (?P<s>[\d.]+), scatter of single shots (?P<c>[\d.]+); (?P<sub>.+)",
        N_("site {name}: bias {b} ± {s}, scatter of single shots {c}; {sub}"),
    ),
    (
        r"no shots of known yield; bias assumed, scatter of (?P<n>\d+) shots of (?P<r>\d+) other regions \(Bergkvist & Ferm 2000\)",
        N_(
            "no shots of known yield; bias assumed, scatter of {n} shots of {r} other regions (Bergkvist & Ferm 2000)"
        ),
    ),
    (
        r"(?P<name>\S+) v(?P<v>\d+): (?P<n>\d+) shots of Bergkvist & Ferm 2000",
        N_("{name} v{v}: {n} shots of Bergkvist & Ferm 2000"),
    ),
    (
        r"depth of burial not known: it is part of the scatter of the shots behind the table",
        N_("depth of burial not known: it is part of the scatter of the shots behind the table"),
    ),
    (
        r"depth of burial (?P<d>[\d.]+) m; deeper than (?P<c>[\d.]+) m per kt\^\(1/3\) lowers mb, half of it known",
        N_("depth of burial {d} m; deeper than {c} m per kt^(1/3) lowers mb, half of it known"),
    ),
    (
        r"prior flat in log yield from (?P<a>[\d.e+-]+) to (?P<b>[\d.e+-]+) kt",
        N_("prior flat in log yield from {a} to {b} kt"),
    ),
    (
        r"mb\(IDC\) raised by (?P<a>[\d.]+) \+- (?P<b>[\d.]+) to the scale of the relation \(unconfirmed\)",
        N_("mb(IDC) raised by {a} ± {b} to the scale of the relation (unconfirmed)"),
    ),
    (
        r"only an upper limit of the magnitude is known: so only an upper limit of the yield, which leans on the prior",
        N_(
            "only an upper limit of the magnitude is known: so only an upper limit of the yield, which leans on the prior"
        ),
    ),
    (r"(?P<kind>mb\S*): error not stated, 0\.2 assumed", N_("{kind}: error not stated, 0.2 assumed")),
    (
        r"the master was a tamped explosion of (?P<a>[\d.]+) to (?P<b>[\d.]+) kt at (?P<c>[\d.]+) to (?P<d>[\d.]+) m in the same rock: this is stated by the user, not shown",
        N_(
            "the master was a tamped explosion of {a} to {b} kt at {c} to {d} m in the same rock: this is stated by the user, not shown"
        ),
    ),
    (
        r"both events lie so near to each other that path and station cancel in the ratio of their spectra",
        N_(
            "both events lie so near to each other that path and station cancel in the ratio of their spectra"
        ),
    ),
    (
        r"levels as W\^0\.87 h\^-0\.33 and corners as W\^\(-1/3\) h\^\(1/n\), n 1\.87 or 2\.4, fall-off f\^-2: exponents of Mueller & Murphy 1971, unconfirmed",
        N_(
            "levels as W^0.87 h^-0.33 and corners as W^(-1/3) h^(1/n), n 1.87 or 2.4, fall-off f^-2: exponents of Mueller & Murphy 1971, unconfirmed"
        ),
    ),
    (
        r"the corner of the master is not known and integrated over from 0\.5 to 10 Hz",
        N_("the corner of the master is not known and integrated over from 0.5 to 10 Hz"),
    ),
    (
        r"depth no less than half of (?P<a>[\d.]+) m per kt\^\(1/3\) and at most (?P<b>[\d.]+) m, flat in its logarithm",
        N_("depth no less than half of {a} m per kt^(1/3) and at most {b} m, flat in its logarithm"),
    ),
    (r"mb as for the yield alone", N_("mb as for the yield alone")),
    (r"no mb was used: spectra alone", N_("no mb was used: spectra alone")),
    (
        r"expected mb, measured beyond 20 deg, with its error, got (?P<kinds>.+): a yield is not made from other scales; give --mb",
        N_(
            "expected mb, measured beyond 20°, with its error, got {kinds}: a yield is not made from other scales; give --mb"
        ),
    ),
)
