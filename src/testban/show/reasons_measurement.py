"""Forms of the reasons of magnitudes and findings about the data.

Rules: as in `reasons_evidence`; no form here is one of those there.
"""

from testban.show.texts import N_

MEASUREMENT: tuple[tuple[str, str], ...] = (
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
)
