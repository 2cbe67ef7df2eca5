"""Options that several verbs of `assure` share, with their help, written once."""

from typing import Annotated, Literal

from cyclopts import Parameter

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
SiteSigma = Annotated[float, Parameter(help="Bias of the place that all tests share, magnitude units.")]
NoiseSigma = Annotated[float, Parameter(help="Noise and season that all tests share, magnitude units.")]
DecouplingSigma = Annotated[
    float, Parameter(help="How well the cavity decouples, shared by all tests, magnitude units.")
]
Scatter = Annotated[float, Parameter(help="Scatter of single shots, magnitude units.")]
Outage = Annotated[float, Parameter(help="Probability that nobody listens at all.")]
Language = Annotated[Literal["en", "ru"], Parameter(help="Language of the sentences.")]
Json = Annotated[bool, Parameter(help="Print one JSON object on stdout.")]
