"""A world with known truth: events, propagation, noise, stations and their faults, from one seeded scenario.

Rules: pure (no file but the package's own scenarios, no clock, no global random state); everything made here is
labelled simulated. Laws that are not measured or published are called stand-ins where they stand.
"""

from testban.base.records import Event
from testban.simulate.network import arrays, inventory, sites
from testban.simulate.picks import labels, picks
from testban.simulate.plant import onset_ns, plant, wavelet
from testban.simulate.recordings import Recorder, recordings
from testban.simulate.scenario import Scenario, read_scenario, shipped
from testban.simulate.sources import mb_of_yield
from testban.simulate.truth import events
from testban.simulate.world import World

__all__ = [
    "Recorder",
    "Scenario",
    "World",
    "arrays",
    "events",
    "inventory",
    "labels",
    "mb_of_yield",
    "onset_ns",
    "picks",
    "plant",
    "read_scenario",
    "recordings",
    "shipped",
    "sites",
    "truth_events",
    "wavelet",
]


def truth_events(scenario: Scenario) -> tuple[Event, ...]:
    """The true events of a scenario."""
    return events(World(scenario))
