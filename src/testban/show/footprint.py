"""How far the watch reaches beside its master, in words: for the terminal and the page, in both languages.

Rules: those of `report`; a model is called one, and each row says on what it rests.
"""

from collections.abc import Sequence

from testban.repeat.footprint import DECOUPLED, FITTED_KM, MOST, Loss
from testban.show.texts import N_, Both, num, t

BASIS = {
    "fitted": N_("fitted to three tests of one site"),
    "extrapolated": N_("carried on beyond them"),
    "assumed": N_("assumed"),
}
CASES = {
    "distance": N_("a like shot {x} km away"),
    "depth": N_("one {x} km deeper or shallower"),
    "size": N_("one {x} magnitudes smaller or larger, of another waveform therefore"),
    "mechanism": N_("one with {x} % of its power from a double couple"),
    "decoupled": N_("one of the master's yield, decoupled {x} times, of the same waveform"),
}


def case(loss: Loss) -> Both:
    """What a row is about."""
    percent = loss.case == "mechanism"
    x = num(100.0 * loss.amount, 0) if percent else num(loss.amount, 0 if loss.amount >= 10.0 else 1)
    return t(CASES[loss.case], x=x)


def lost(magnitudes: float) -> Both:
    """Magnitudes, or that it is as good as unseen."""
    return t("more than {m}", m=num(MOST, 0)) if magnitudes >= MOST else num(magnitudes, 1, sign=True)


def rows(losses: Sequence[Loss]) -> list[dict[str, Both]]:
    """The table of the page."""
    return [
        {"case": case(x), "middle": lost(x.middle), "bad": lost(x.bad), "basis": t(BASIS[x.basis])} for x in losses
    ]  # fmt: skip


def sentences(losses: Sequence[Loss], level: float | None = None, master: float | None = None) -> list[Both]:
    """What a shot that is not quite a repeat looks like to the watch.

    level: magnitude beside the master from which on a repeat is found with 90 %, in the middle of the hours. master: its
    magnitude, where known.
    """
    if not losses:
        return [t("Footprint: not known, for no station of the template has a place in the inventory.")]
    far = [x for x in losses if x.case == "distance"]
    steps = [t("{x} km {m}", x=num(x.amount, 0 if x.amount >= 1.0 else 1), m=lost(x.middle)) for x in far]
    out = [
        t(
            "Footprint (a model, fitted within {f} km): a shot off the master's place must be larger to be found as well: {steps} magnitudes.",
            f=num(FITTED_KM, 1), steps=_list(steps),
        )
    ]  # fmt: skip
    four = next(x for x in far if x.amount == 4.0)
    cavity = next(x for x in losses if x.case == "decoupled")
    out.append(
        t(
            "4 km off: {m}, at worst {b}; decoupled {d} times (assumed, full decoupling): its amplitude is {c} magnitudes less than without the cavity.",
            m=lost(four.middle), b=lost(four.bad), d=num(DECOUPLED, 0), c=num(cavity.middle, 2),
        )
    )  # fmt: skip
    if level is not None:
        out.append(_reached(level, four, cavity, master))
    return out


def _list(parts: Sequence[Both]) -> Both:
    return Both(", ".join(p.en for p in parts), ", ".join(p.ru for p in parts))


def _reached(level: float, four: Loss, cavity: Loss, master: float | None) -> Both:
    """Where a repeat, one 4 km off and a decoupled one stand beside what was found with 90 %."""
    zero = 0.0 if master is None else master
    sign = master is None
    scale = t("beside the master") if master is None else t("(master {m})", m=num(master, 1))
    seen = (
        t("would be found were its waveform the same")
        if level <= -cavity.middle
        else t("would NOT be found even so")
    )
    return t(
        "In the middle of the hours a repeat is found with 90 % from magnitude {a} {scale}; one 4 km off: {b}, at worst {c}; a shot of the master's yield decoupled {d} times stands at {e} and {seen}.",
        a=num(zero + level, 1, sign=sign), b=_from(zero + level, four.middle, sign), c=_from(zero + level, four.bad, sign),
        d=num(DECOUPLED, 0), e=num(zero - cavity.middle, 1, sign=sign),
        seen=seen, scale=scale,
    )  # fmt: skip


def _from(level: float, loss: float, sign: bool) -> Both:
    """The magnitude from which on such a shot is found."""
    return t("never found") if loss >= MOST else t("from {m}", m=num(level + loss, 1, sign=sign))
