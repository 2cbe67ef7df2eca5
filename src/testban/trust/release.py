"""Bulletins that each party recomputes: the manifest, the release that takes both, the dissent that is published.

Rules: a release names the manifest and its output by digest; parties sign only equal bytes; the inputs, code, lock and configuration
must be the same before outputs are compared; what differs is named: `exact`, `one quantum`, `different`, and where it first differs.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from testban.trust import checks
from testban.trust.checks import Reason
from testban.trust.documents import Dissent, Manifest, Release
from testban.trust.notes import Note
from testban.trust.registry import Treaty

_MADE_OF = ("inputs", "origin", "tree_size", "root", "code", "lock", "configuration")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How a recomputed bulletin stands to the published one."""

    result: str
    where: str = ""
    differing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where every byte is the same."""
        return self.result == "exact"


def note_text(manifest: Manifest) -> str:
    """The text that both parties sign."""
    return Release(manifest=manifest.digest, output=manifest.output).text()


def agree(published: Manifest, own: Manifest) -> Manifest:
    """The manifest, where what I recomputed is what was published."""
    for field in _MADE_OF:
        same = getattr(published, field) == getattr(own, field)
        checks.require(same, Reason.MANIFEST, f"{field} is not the same")
    checks.require(published.output == own.output, Reason.OUTPUT, "the same inputs give other bytes here")
    return published


def check(note: Note, manifest: Manifest, treaty: Treaty) -> Release:
    """The release in a note, signed by as many parties as the treaty asks for."""
    release = Release.parse(note.text)
    same = release.manifest == manifest.digest and release.output == manifest.output
    checks.require(same, Reason.MANIFEST, "the release names another bulletin")
    treaty.check(note, "release")
    return release


def dissent(
    party: str, manifest: Manifest, own_output: bytes, comparison: Comparison, statement: str
) -> Dissent:
    """What a party publishes that found something else."""
    return Dissent(
        party=party, manifest=manifest.digest, output=own_output, difference=comparison.result.replace(" ", "-"),
        where=comparison.where or "nowhere", statement=statement,
    )  # fmt: skip


def output_digest(files: Mapping[str, bytes]) -> bytes:
    """One digest of named files, independent of their order."""
    lines = "".join(f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for n in sorted(files))
    return hashlib.sha256(lines.encode()).digest()


def compare(published: Mapping[str, bytes], own: Mapping[str, bytes]) -> Comparison:
    """`exact`, `one quantum` (numbers differ by one unit of their last written digit at most) or `different`, and where."""
    names = sorted(set(published) | set(own))
    differing = [n for n in names if published.get(n) != own.get(n)]
    if not differing:
        return Comparison(result="exact")
    result, where = "one quantum", ""
    for name in differing:
        if name not in published or name not in own:
            return Comparison(result="different", where=f"{name} is missing", differing=tuple(differing))
        far, place = _first_difference(published[name], own[name])
        where = where or f"{name}: {place}"
        if far:
            return Comparison(result="different", where=f"{name}: {place}", differing=tuple(differing))
    return Comparison(result=result, where=where, differing=tuple(differing))


def _first_difference(a: bytes, b: bytes) -> tuple[bool, str]:
    """Whether more than one quantum differs, and the first line and column where something does."""
    left, right = a.decode("utf-8", "replace").splitlines(), b.decode("utf-8", "replace").splitlines()
    first = ""
    for number, (x, y) in enumerate(zip(left, right, strict=False), 1):
        if x == y:
            continue
        cells = x.split(","), y.split(",")
        if len(cells[0]) != len(cells[1]):
            return True, f"line {number}"
        for column, (u, v) in enumerate(zip(*cells, strict=True), 1):
            if u == v:
                continue
            place = f"line {number} column {column}: {u[:40]} and {v[:40]}"
            if not _one_quantum(u, v):
                return True, place
            first = first or place
    if len(left) != len(right):
        return True, f"{len(left)} and {len(right)} lines"
    return (False, first) if first else (True, "line ends")


def _one_quantum(u: str, v: str) -> bool:
    decimals = {len(t.partition(".")[2]) for t in (u, v)}
    digits = [t.lstrip("-").replace(".", "", 1) for t in (u, v)]
    if len(decimals) != 1 or not all(d.isdecimal() and d.isascii() and len(d) < 30 for d in digits):
        return False
    whole = [int(d) * (-1 if t.startswith("-") else 1) for d, t in zip(digits, (u, v), strict=True)]
    return abs(whole[0] - whole[1]) <= 1
