"""Where the 90 % intervals of yield fail: residuals of the shots of exact yield by yield and by year.

`python bench/figures_yield.py SIPRI.csv`. Each shot is asked of the table fitted on the half that it is not in, and of that of all others.
The other regions take no part in either: what they show by year is seen on shots that nobody counted.
"""

import math
import sys
from pathlib import Path

from testban.identify import relations
from testban.run import calibrating_yield

SITES = (("NTS", "wet-tuff"), ("SEMI KAZAKH", "stable"))
YIELDS_KT = ((0.0, 1.0), (1.0, 10.0), (10.0, 50.0), (50.0, math.inf))
YEARS = ((0, 73), (73, 100))
FAR = 0.35


def rms(values):
    return math.sqrt(sum(v * v for v in values) / len(values))


def rows(path, region, law):
    """Year, yield, residual, inside by the other half, inside by all others, half."""
    name = relations.RELATIONS[law]
    shots = [(int(day[:2]), mb, kt) for day, _, mb, kt in calibrating_yield.shots(path, region)]
    pairs = [(mb, kt) for _, mb, kt in shots]
    for i, (year, mb, kt) in enumerate(shots):
        other = relations.fit_site(pairs[1 - i % 2 :: 2], name, "x", "")
        rest = relations.fit_site(pairs[:i] + pairs[i + 1 :], name, "x", "")
        inside = [calibrating_yield.holds(table, mb, kt) for table in (other, rest)]
        yield year, kt, mb - name.mb(math.log10(kt)), *inside, i % 2


def site(path, region, law):
    found = list(rows(path, region, law))
    print(region, law, len(found), "shots")
    for k, label in ((0, "odd positions"), (1, "even positions")):
        half = [r for r in found if r[5] == k]
        print(
            f"  {label}: {sum(r[3] for r in half)} of {len(half)} inside by the other half, rms {rms([r[2] for r in half]):.2f}"
        )
    for column, classes, unit in ((1, YIELDS_KT, "kt"), (0, YEARS, "years")):
        for low, high in classes:
            part = [r for r in found if low <= r[column] < high]
            if part:
                mean = sum(r[2] for r in part) / len(part)
                print(
                    f"  {low:g}-{high:g} {unit}: n {len(part)}, mean {mean:+.2f}, rms {rms([r[2] for r in part]):.2f}, "
                    f"inside by the other half {sum(r[3] for r in part)}, by all others {sum(r[4] for r in part)}"
                )
    for r in found:
        if not r[3]:
            print(f"  missed: 19{r[0]:02d}, {r[1]:g} kt, residual {r[2]:+.2f}")


def others(path):
    law = relations.RELATIONS["stable"]
    used = {region for region, _ in SITES}
    shots = [s for s in calibrating_yield.shots(path, None) if s[1] not in used]
    for low, high in YEARS:
        part = sorted(mb - law.mb(math.log10(kt)) for day, _, mb, kt in shots if low <= int(day[:2]) < high)
        middle = part[len(part) // 2]
        far = sum(abs(v - middle) > FAR for v in part)
        print(
            f"other regions, years {low}-{high}: {far} of {len(part)} off by more than {FAR} from the median"
        )


if __name__ == "__main__":
    table = Path(sys.argv[1])
    for name, relation in SITES:
        site(table, name, relation)
    others(table)
