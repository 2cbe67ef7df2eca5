"""The watch on known sites: repeats of a known source, found by its own waveform and located beside it."""

from testban.repeat.decision import Decision, decide, reach
from testban.repeat.scan import Hour, Peak
from testban.repeat.stack import SURROGATES, Prepared
from testban.repeat.template import Template, TemplateChannel, make
from testban.repeat.threshold import Threshold, fit

__all__ = [
    "SURROGATES",
    "Decision",
    "Hour",
    "Peak",
    "Prepared",
    "Template",
    "TemplateChannel",
    "Threshold",
    "decide",
    "fit",
    "make",
    "reach",
]
