"""Options that several verbs of `assure` share, with their help, written once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from testban.run.assurance_plan import Spread

Network = Annotated[
    str,
    Parameter(
        help="A TOML file or the name of an included scenario (ims, external-1963, ...), as for `assure map`."
    ),
]
PLACES = "punggye-ri, novaya-zemlya, semipalatinsk, lop-nor, nevada"
Site = Annotated[str, Parameter(help=f"LON,LAT or {PLACES}.")]
YieldKt = Annotated[float, Parameter(help="Yield of each test in kt.")]
Tests = Annotated[int, Parameter(help="Number of tests.")]
Relation = Annotated[
    str, Parameter(help="Relation of mb and yield: bowers, stable, wet-tuff or shagan-small.")
]
Language = Annotated[Literal["en", "ru"], Parameter(help="Language of the sentences.")]
Json = Annotated[bool, Parameter(help="Print one JSON object on stdout.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Causes:
    """What all tests of a series share, and what single shots do not."""

    site_sigma: Annotated[
        float, Parameter(help="Bias of the place that all tests share, magnitude units.")
    ] = 0.2
    noise_sigma: Annotated[
        float, Parameter(help="Noise and season that all tests share, magnitude units.")
    ] = 0.1
    decoupling_sigma: Annotated[
        float, Parameter(help="How well the cavity decouples, shared by all tests, magnitude units.")
    ] = 0.15
    scatter: Annotated[float, Parameter(help="Scatter of single shots, magnitude units.")] = 0.2
    outage: Annotated[float, Parameter(help="Probability that nobody listens at all.")] = 0.01

    def spread(self, template_gain: float = 1.0) -> "Spread":
        """As the room takes it; template_gain: how much smaller a later test may be, magnitude units."""
        from testban.run.assurance_plan import Spread

        return Spread(
            site=self.site_sigma, noise=self.noise_sigma, decoupling=self.decoupling_sigma, scatter=self.scatter,
            outage=self.outage, template_gain=template_gain,
        )  # fmt: skip


USUAL = Causes()
