"""The one plain sentence about an event: what, when, where, how big, why, and how sure.

Rule: only what was measured; an error stands beside its number; a probability stands beside its prior.
"""

from testban.base.records import Event, Magnitude, Verdict
from testban.base.times import format_time
from testban.show.evidence import probability, times_likelier
from testban.show.reasons import reason
from testban.show.texts import Both, finite, joined, num, position, t

ORDER = ("mb", "ML", "Ms")


def best_magnitude(event: Event) -> Magnitude | None:
    """The magnitude to name first: mb before ML before others, measured before bounds."""
    have = [m for m in event.magnitudes if finite(m.value)]
    have.sort(key=lambda m: (bool(m.bound), ORDER.index(m.kind) if m.kind in ORDER else 9, m.kind))
    return have[0] if have else None


def size(m: Magnitude | None) -> Both:
    """A magnitude with its error."""
    if m is None:
        return t("magnitude not measured")
    if m.bound:
        return t("{kind} below {value}", kind=m.kind, value=num(m.value, 1))
    if not finite(m.sigma):
        return Both(f"{m.kind} {num(m.value, 1).en}", f"{m.kind} {num(m.value, 1).ru}")
    return t("{kind} {value} ± {sigma}", kind=m.kind, value=num(m.value, 1), sigma=num(max(m.sigma, 0.05), 1))


def depth(event: Event) -> Both:
    """Depth with its error, or that it is held."""
    o = event.origin
    if not finite(o.depth_km):
        return t("depth not known")
    if o.depth_fixed or o.depth_sigma_km is None:
        return t("depth not resolved, held at {d} km", d=num(o.depth_km, 0))
    return t("depth {d} ± {s} km", d=num(o.depth_km, 0), s=num(o.depth_sigma_km, 0))


def ellipse(event: Event) -> Both:
    """Semi-axes of the coverage ellipse."""
    e = event.origin.ellipse
    if not (finite(e.smajor_km) and finite(e.sminor_km)):
        return t("ellipse not known")
    decimals = 0 if e.smajor_km >= 20 else 1
    return t(
        "{p}% ellipse {a} × {b} km",
        p=f"{100 * e.probability:.0f}",
        a=num(e.smajor_km, decimals),
        b=num(e.sminor_km, decimals),
    )


def what(event: Event) -> Both:
    """The noun of the sentence, from the verdict."""
    a = event.assessment
    if a is None:
        return t("An event, not assessed,")
    return {
        Verdict.EXPLOSION: t("An event that looks like an explosion"),
        Verdict.EARTHQUAKE: t("An event that looks like an earthquake"),
        Verdict.UNDETERMINED: t("An event of undetermined nature"),
    }[a.verdict]


def sentence(event: Event) -> Both:
    """The headline."""
    o = event.origin
    magnitude = best_magnitude(event)
    said = {
        "what": what(event),
        "size": size(magnitude),
        "place": position(o.longitude, o.latitude),
        "date": format_time(o.time_ns, 0)[:10],
        "time": format_time(o.time_ns, 1)[11:-1],
        "depth": depth(event),
        "ellipse": ellipse(event),
        "n": o.n_stations,
    }
    if magnitude is None:
        return t(
            "{what} at {place} on {date} at {time} UTC; {size}; {depth}; {ellipse}; stations: {n}.", **said
        )
    return t(
        "{what} of {size} at {place} on {date} at {time} UTC; {depth}; {ellipse}; stations: {n}.", **said
    )


def certainty(event: Event) -> list[Both]:
    """Why, and how sure."""
    a = event.assessment
    if a is None:
        return [t("Nothing was measured on what kind of source it was.")]
    out: list[Both] = []
    if a.reason:
        why = reason(a.reason.rstrip(". ") + ".")
        out += [t("Why:"), why] if why.foreign else [joined([t("Why:"), why])]
    if finite(a.log10_lr):
        out.append(
            t(
                "Taken together the records are {words} (log10 LR {lr}).",
                words=times_likelier(a.log10_lr),
                lr=num(a.log10_lr, 2, sign=True),
            )
        )
    if finite(a.probability_explosion):
        out.append(
            t(
                "With a prior of {prior} the probability of an explosion is {p}; another prior gives another number.",
                prior=probability(a.prior),
                p=probability(a.probability_explosion),
            )
        )
    return out


def line(event: Event) -> Both:
    """One event in one line of a terminal: name, time, place, depth, half-axis of the ellipse, what it rests on."""
    o = event.origin
    deep = t("{z} km, fixed", z=num(o.depth_km, 0)) if o.depth_fixed else t("{z} km", z=num(o.depth_km, 0))
    return t(
        "{id}  {time}  {place}  {deep}  ±{s} km  {n:defining phase|defining phases} at {m:station|stations}",
        id=event.event_id, time=format_time(o.time_ns, 1), place=position(o.longitude, o.latitude),
        deep=deep, s=num(o.ellipse.smajor_km, 0), n=o.n_defining, m=o.n_stations,
    )  # fmt: skip
