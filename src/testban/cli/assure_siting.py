"""testban assure siting and history: where the next stations belong, and what stations would have bought in 1963."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from testban.base.words import counted, form
from testban.cli.assure import assure
from testban.cli.assure_options import Json


@assure.command
def siting(
    scenario: str,
    /,
    *,
    add: int,
    out: Path,
    objective: Literal["mean", "worst", "series"] = "mean",
    region: str | None = None,
    site: Annotated[list[str] | None, Parameter(negative=())] = None,
    allowed: str | None = None,
    candidates: Path | None = None,
    spacing: float = 5.0,
    step: float = 4.0,
    noise: float = 1.0,
    array: bool = False,
    budget: float | None = None,
    exhaustive: bool = False,
    magnitude: float = 3.5,
    n: int = 5,
    rho: float = 0.3,
    json: Json = False,
) -> int:
    """Tell where the next stations of a network belong, and what each of them buys.

    Example: `testban assure siting external-1963 --add 3 --region 30,180,40,75 --out next`. Writes siting.csv and the
    page siting.html; beside it stands how the same number of stations does when spread evenly or at random.

    Parameters
    ----------
    scenario
        A TOML file or the name of an included scenario: the network that is there, and the event rule.
    add
        Number of stations.
    out
        Folder for siting.csv and siting.html.
    objective
        mean or worst: magnitude seen over the places; series: probability that a series there goes unseen.
    region
        Places that matter as a box W,E,S,N in degrees, or a file of areas as for --allowed.
    site
        Places that matter one by one, LON,LAT; may be repeated.
    allowed
        Box W,E,S,N in which stations may stand (on land); the region where not given. Or a file of areas: GeoJSON polygons, or
        a table of corners (longitude, latitude, area); their properties rock, noise_nm_s, cost and array are those of a
        station there, allowed = false forbids.
    candidates
        Table of places: longitude, latitude; optional code, noise_nm_s, array, reliability, cost. Wins over --allowed.
    spacing
        Degrees between candidates on land where no table is given.
    step
        Degrees between the places of a region.
    noise
        Noise of candidates without one, nm/s (A/T in the detection band after beamforming).
    array
        Candidates without a table are arrays.
    budget
        Most that the chosen stations may cost together.
    exhaustive
        Also try every combination of the candidates (small cases) and print the gap.
    magnitude
        For series: mb of each test.
    n
        For series: number of tests.
    rho
        For series: correlation of the misses (Gaussian copula).

    """
    from testban.cli import terminal
    from testban.run import assurance_siting as run

    plan = run.Plan(
        add=add, objective=objective, region=run.where_of(region, "--region"),
        sites=tuple((v[0], v[1]) for v in (run.numbers(s, 2, "--site") for s in site or [])),
        allowed=run.where_of(allowed, "--allowed"), candidates=candidates, spacing_deg=spacing, step_deg=step,
        noise_nm_s=noise, array=array, budget=budget, exhaustive=exhaustive, magnitude=magnitude, n=n, rho=rho,
    )  # fmt: skip
    found = run.siting_of(scenario, plan, out)
    if json:
        terminal.out(found)
        return 0
    terminal.say(f"without them {found['start']}")
    for i, a in enumerate(found["additions"]):
        terminal.say(
            f"  {i + 1}. {a['code']:<14} {a['longitude']:9.3f} {a['latitude']:8.3f}  -> {a['after']}  (gain {a['gain']:.3f})"
        )
    if len(found["additions"]) < add and budget is None:
        terminal.say(
            f"  {len(found['additions'])} of {counted(add, 'station|stations')} placed: there "
            f"{form(found['candidates'], ('is', 'are'))} only {counted(found['candidates'], 'candidate|candidates')}; "
            "a smaller --spacing, a larger --allowed or a table of --candidates gives more"
        )
    terminal.say(
        f"spread evenly {found['uniform']}, at random {found['random_mean']} (best of 20: {found['random_best']})"
        + ("" if found["exhaustive"] is None else f", best of all combinations {found['exhaustive']}")
    )
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    terminal.say(f"{out / 'siting.csv'}, {out / 'siting.html'}")
    return 0


@assure.command
def history(*, noise: float = 1.0, array_noise: float = 0.25, json: Json = False) -> int:
    """Compare what was spoken of in 1963: the external network, and 3, 7, 10 automatic stations, or national ones opened.

    Parameters
    ----------
    noise
        Noise of an automatic station, nm/s.
    array_noise
        Noise of an automatic array after beamforming, nm/s.

    """
    from testban.cli import terminal
    from testban.run import assurance_siting

    found = assurance_siting.history_of(noise_nm_s=noise, array_noise_nm_s=array_noise)
    if json:
        terminal.out(found)
        return 0
    terminal.say(f"mean mb seen with 90 %, {found['region']}; by event rule: {'; '.join(found['rules'])}")
    for row in found["rows"]:
        numbers = "  ".join(f"{row['mean_mb90'][r]:.2f}" for r in found["rules"])
        terminal.say(f"  {row['network']:<52} {row['stations']:>3}   {numbers}")
    for line in found["assumptions"]:
        terminal.say(f"  assumed: {line}")
    return 0
