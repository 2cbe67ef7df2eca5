"""What an event needs, and how the search for events goes.

Rules: every default is stated here with its reason.
"""

from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one association.

    min_stations: stations with a defining arrival that an event needs; min_stations_with_array: the same where one of
    them has a measured slowness and back-azimuth. rule: "stations", or "idc", which asks for more: three stations and a
    sum of weights of 4.6 (see `contest.Contest.weight`). false_per_day: false events that may be formed in a day of
    recordings, from which the score that an event needs follows (see `trials`); a stretch shorter than window_s counts
    as one of that length, since somebody chose it. add_score: added to that score. depths_km: layers of the search
    near stations; the first serves alone at a distance. fit_depths_km: tried for what was found. detection: prior
    probability that a station sees the phase. max_s_deg: S is sought to this distance. one_sided: added to what is
    needed where the azimuthal gap exceeds 180 deg, since outside a network many places fit any few picks, unless two
    arrays measured the direction or three stations have P and S. max_smajor_km: semi-major axis of the 90 % ellipse beyond which no place was found.
    window_s: origins that compete at a time. passes, sequence_passes: how often the search is repeated with what is left, in
    all cells and in those of busy stretches (see `dense`), while it finds anything.
    """

    model: str = "ak135"
    min_stations: int = 3
    rule: Literal["stations", "idc"] = "stations"
    min_stations_with_array: int = 2
    false_per_day: float = 0.05
    add_score: float = 0.0
    depths_km: tuple[float, ...] = (0.0, 200.0)
    fit_depths_km: tuple[float, ...] = (0.0, 35.0, 80.0, 150.0, 250.0, 400.0, 550.0)
    detection: float = 0.5
    detection_s: float = 0.3
    max_s_deg: float = 25.0
    one_sided: float = 6.0
    max_smajor_km: float = 3000.0
    coarse_deg: float = 2.5
    fine_deg: float = 0.25
    window_s: int = 21600
    passes: int = 3
    sequence_passes: int = 6
    keep_discarded: int = 200
