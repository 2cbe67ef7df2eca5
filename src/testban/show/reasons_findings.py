"""Findings about the data as the other rooms write them: their kinds, their forms, and what they say. Russian is in the catalogue."""

from testban.show.texts import N_

KINDS = {
    "gap": N_("gap"),
    "overlap": N_("overlap"),
    "dead": N_("dead channel"),
    "clipped": N_("clipped"),
    "nan": N_("not a number"),
    "rate": N_("sample rate"),
    "duplicate": N_("duplicate"),
    "no-response": N_("no response"),
    "epoch": N_("response epoch"),
    "orientation": N_("orientation"),
    "corrupt": N_("damaged data"),
    "incomplete": N_("a window that may not be whole"),
    "spike": N_("spike"),
    "step": N_("jump of the level"),
    "sensor": N_("choice of sensor"),
    "no-vertical": N_("no vertical component"),
    "array": N_("array"),
    "element": N_("element of an array"),
    "position": N_("conflicting positions"),
    "no-position": N_("no position"),
    "no-coordinates": N_("no coordinates"),
    "no-amplitude": N_("no amplitude"),
    "table": N_("rows of a table"),
    "failed": N_("fault of the program"),
}

FINDINGS = (
    (r"no samples", N_("no samples")),
    (r"constant for ten seconds or more, masked", N_("constant for ten seconds or more, masked")),
    (
        r"isolated samples far outside their surroundings, masked",
        N_("isolated samples far outside their surroundings, masked"),
    ),
    (r"jump of the level, masked around it", N_("jump of the level, masked around it")),
    (r"not a number or infinite, masked", N_("not a number or infinite, masked")),
    (
        r"overlapping samples contradict each other, masked",
        N_("overlapping samples contradict each other, masked"),
    ),
    (r"(?P<n>\d+) more: (?P<sub>.+) \((?P<m>\d+) samples\)", N_("{n} more: {sub} ({m:sample|samples})")),
    (r"the same samples twice, merged", N_("the same samples twice, merged")),
    (
        r"(?P<n>\d+) samples at flat tops: kept for times, refused for amplitudes",
        N_("{n:sample|samples} at flat tops: kept for times, refused for amplitudes"),
    ),
    (
        r"(?P<n>\d+) samples at (?P<f>\S+) Hz cannot be used, ignored",
        N_("{n:sample|samples} at {f} Hz cannot be used, ignored"),
    ),
    (
        r"(?P<f>\S+) Hz where the channel has (?P<g>\S+) Hz, ignored",
        N_("{f} Hz where the channel has {g} Hz, ignored"),
    ),
    (
        r"integer samples beside floating-point ones of the same time, the latter used \(longer, or counts\)",
        N_(
            "integer samples beside floating-point ones of the same time, the latter used (longer, or counts)"
        ),
    ),
    (
        r"floating-point samples beside integer ones of the same time, the latter used \(longer, or counts\)",
        N_(
            "floating-point samples beside integer ones of the same time, the latter used (longer, or counts)"
        ),
    ),
    (
        r"processed (?P<a>.+), not (?P<b>.+) \(one sensor of a station at a time\)",
        N_("processed {a}, not {b} (one sensor of a station at a time)"),
    ),
    (r"no usable vertical component among (?P<a>.+)", N_("no usable vertical component among {a}")),
    (
        r"fewer than (?P<n>\d+) good elements with known places",
        N_("fewer than {n:good element|good elements} with known places"),
    ),
    (
        r"moves against the other elements, left out of the directions of some detections",
        N_("moves against the other elements, left out of the directions of some detections"),
    ),
    (
        r"level (?P<x>\S+) times that of the other elements, left out",
        N_("level {x} times that of the other elements, left out"),
    ),
    (
        r"(?P<n>\d+) entr(?:y repeats|ies repeat) what was read before",
        N_("{n:entry repeats|entries repeat} what was read before"),
    ),
    (
        r"the orientation table says azimuth (?P<a>\S+), dip (?P<b>\S+), the metadata (?P<c>\S+), (?P<d>\S+); the table is used",
        N_("the orientation table says azimuth {a}, dip {b}, the metadata {c}, {d}; the table is used"),
    ),
    (
        r"its orientation is not known; state it in a table",
        N_("its orientation is not known; state it in a table"),
    ),
    (
        r"no epoch holds (?P<time>\S+); the position is kept, amplitudes are not measured",
        N_("no epoch holds {time}; the position is kept, amplitudes are not measured"),
    ),
    (
        r"no response is known; amplitudes are not measured",
        N_("no response is known; amplitudes are not measured"),
    ),
    (r"no position is known; add it to the inventory", N_("no position is known; add it to the inventory")),
    (
        r"(?P<a>\S+) and (?P<b>\S+) place it (?P<d>\S+) km apart; the first is used",
        N_("{a} and {b} place it {d} km apart; the first is used"),
    ),
    (
        r"response left out: its stages give (?P<x>\S+) times its stated sensitivity at (?P<f>\S+) Hz \((?P<name>.+)\)",
        N_("response left out: its stages give {x} times its stated sensitivity at {f} Hz ({name})"),
    ),
    (
        r"response left out: its FIR stages pass (?P<x>\S+) of the motion at (?P<f>\S+) Hz, inside the recorded band \((?P<name>.+)\)",
        N_(
            "response left out: its FIR stages pass {x} of the motion at {f} Hz, inside the recorded band ({name})"
        ),
    ),
    (
        r"response left out: its FIR coefficients sum to zero \((?P<name>.+)\)",
        N_("response left out: its FIR coefficients sum to zero ({name})"),
    ),
    (
        r"response left out: its input unit is (?P<u>\S+) \((?P<name>.+)\)",
        N_("response left out: its input unit is {u} ({name})"),
    ),
    (r"response left out: a polynomial \((?P<name>.+)\)", N_("response left out: a polynomial ({name})")),
    (
        r"(?P<name>.+) gives no position and no other source does; its response is not used",
        N_("{name} gives no position and no other source does; its response is not used"),
    ),
    (r"not in the metadata; position from its station", N_("not in the metadata; position from its station")),
    (
        r"(?P<name>\S+) is recorded but has no coordinates in the inventory; left out",
        N_("{name} is recorded but has no coordinates in the inventory; left out"),
    ),
    (
        r"(?P<name>\S+) gave no amplitude: no valid response, or no sample above 8 Hz; it watches nothing",
        N_("{name} gave no amplitude: no valid response, or no sample above 8 Hz; it watches nothing"),
    ),
    (r"bytes (?P<a>\d+) to (?P<b>\d+): (?P<sub>.+)", N_("bytes {a} to {b}: {sub}")),
    (
        r"(?P<name>\S+): samples contradict the record's own check",
        N_("{name}: samples contradict the record's own check"),
    ),
    (
        r"(?P<name>\S+): more samples claimed than bytes can hold",
        N_("{name}: more samples claimed than bytes can hold"),
    ),
    (r"not a sound miniSEED record", N_("not a sound miniSEED record")),
    (r"record is cut short: (?P<n>\d+) bytes are left", N_("record is cut short: {n:byte|bytes} left")),
    (
        r"too much damage; the rest of the file is not read",
        N_("too much damage; the rest of the file is not read"),
    ),
    (r"and (?P<n>\d+) more damaged stretches", N_("and {n:more damaged stretch|more damaged stretches}")),
    (
        r"SAC file is cut short: (?P<n>\d+) samples are left",
        N_("SAC file is cut short: {n:sample|samples} left"),
    ),
    (r"a packet without samples was left out", N_("a packet without samples was left out")),
    (
        r"(?P<bad>\d+) of (?P<n>\d+) rows? (?P<sub>(?:with|that).+) (?:is|are) not used(?P<c>.*)",
        N_("{bad} of {n:row|rows} {sub}: not used{c}"),
    ),
    (r"without a station code", N_("without a station code")),
    (r"without a valid time", N_("without a valid time")),
    (r"without a position", N_("without a position")),
    (r"with a position that is none on Earth", N_("with a position that is none on Earth")),
    (r"with something else where a number belongs", N_("with something else where a number belongs")),
    (r"that repeat another to the letter", N_("that repeat another to the letter")),
)
