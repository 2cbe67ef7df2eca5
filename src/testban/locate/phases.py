"""Which branches a label may stand for, and what the branch that was taken is called.

Rules: a label of an automatic or national pick names a family, not a branch: "P" (or none) is whatever P-type wave
fits, "S" likewise; depth phases and core reflections are taken at their word. Names follow the IASPEI standard phase
list (Storchak, Schweitzer & Bormann 2003, SRL 74, 761-772); what observatories write beside them (onset letters, marks of
polarity and doubt, capitals, names of old) is read as the name that is meant (`plain`).
"""

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from testban.earth import travel

P_FAMILY = ("P1", "Pg", "PKPdf", "PKPbc", "PKPab")
S_FAMILY = ("S1", "Sg", "Lg")
WIDTH = len(P_FAMILY)
_P_LABELS = frozenset(
    {"", "P", "P1", "Pn", "Pg", "Pb", "PN", "PG", "PB", "P*", "Pdiff", "PKP", "PKPdf", "PKPbc", "PKPab"}
)
_S_LABELS = frozenset({"S", "S1", "Sn", "Sg", "Sb", "SN", "SG", "SB", "S*", "SKS", "Sdiff"})
# An onset's quality before a name (iP, eS, qPn, EPG), and polarity, weight or doubt after it (P+, P?, Pn_, PU, P(D)).
_ONSET = re.compile(r"^[eiqEIQ]+(?=[PS]|[Ll]g|[ps][PS]|[ps]$)")
_MARKS = re.compile(r"(?<=.)(\([A-Za-z+-]*\)|[?+_:!-]+)$")
_OLD = {
    "p": "P", "s": "S", "LG": "Lg", "PDIFF": "Pdiff", "PDIF": "Pdiff", "Pdif": "Pdiff", "SDIFF": "Sdiff", "Sdif": "Sdiff", "PKIKP": "PKPdf",
    "PKPDF": "PKPdf", "PKPAB": "PKPab", "PKPBC": "PKPbc", "PKP1": "PKPbc", "PKP2": "PKPab", "P'": "PKP",
    "SKSac": "SKS", "SKSdf": "SKS", "PCP": "PcP", "SCP": "ScP", "SCS": "ScS",
}  # fmt: skip
# Regional range within which a mantle first arrival is called Pn or Sn.
REGIONAL_DEG = 18.0
CRUST_KM = 35.0


@cache
def plain(label: str) -> str:
    """The name that a label means: without onset letters and marks, capitals and old names as in the standard list."""
    bare = _MARKS.sub("", _ONSET.sub("", label.strip()))
    return _OLD.get(bare, bare)


def has_times(label: str, model: str = "ak135") -> bool:
    """Whether the tables of a model hold any of the branches that a label may stand for."""
    return any(b in travel.load(model).phases for b in candidates(label))


def candidates(label: str, reidentify: bool = True) -> tuple[str, ...]:
    """Branches that a label may stand for, first the usual one, and that alone where phases are not to be identified anew."""
    label = plain(label)
    if label in _P_LABELS:
        first = label if label in ("Pg", "PKPdf", "PKPbc", "PKPab") else "P1"
        return (first, *(b for b in P_FAMILY if b != first)) if reidentify else (first,)
    if label in _S_LABELS:
        first = "Sg" if label == "Sg" else "S1"
        return (first, *(b for b in S_FAMILY if b != first)) if reidentify else (first,)
    if label == "Lg":
        return ("Lg",)
    return (label,)


def is_p(label: str) -> bool:
    """Whether a label says no more than that a pick is some P."""
    return plain(label) in _P_LABELS


def wave(phase: str) -> int:
    """Class of model error: 0 P, 1 S, 2 Lg, 3 depth phase or reflection."""
    if phase in ("Lg", "LR"):
        return 2
    if phase in ("S1", "S", "Sn", "Sg", "SKS"):
        return 1
    return 0 if phase in P_FAMILY or phase in ("P", "Pn", "Pdiff") else 3


def tables(
    model: travel.TravelTimes, labels: list[str], reidentify: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Candidates (n, WIDTH) as phase indices, -1 beyond the end, and their waves; a row of -1: unknown label."""
    known: dict[str, int] = {}
    which = [known.setdefault(label, len(known)) for label in labels]
    index = np.full((len(known), WIDTH), -1, dtype=np.int64)
    waves = np.zeros((len(known), WIDTH), dtype=np.int64)
    for label, i in known.items():
        names = [n for n in candidates(label, reidentify) if n in model.phases]
        for j, name in enumerate(names):
            index[i, j] = model.index(name)
            waves[i, j] = wave(name)
    return index[which], waves[which]


def name(model: travel.TravelTimes, branch: str, depth_km: float, delta_deg: float) -> str:
    """The usual name of a branch at a distance: P1 becomes Pg, Pn, P, Pdiff or the first PKP, S1 likewise."""
    if branch not in ("P1", "S1"):
        return branch
    first, _, _ = model.predict(branch, depth_km, delta_deg)
    letter = branch[0]
    near, _, _ = model.predict(letter + "g", depth_km, delta_deg)
    if near == near and near - first < 0.05:
        return letter + "g"
    for other in ("P", "Pdiff", "PKPdf", "PKPbc", "PKPab") if letter == "P" else ("S", "SKS", "Sdiff"):
        if other not in model.phases:
            continue
        t, _, _ = model.predict(other, depth_km, delta_deg)
        if t == t and abs(t - first) < 1e-3:
            regional = other == letter and delta_deg < REGIONAL_DEG and depth_km <= CRUST_KM
            return other + "n" if regional else other
    return letter
