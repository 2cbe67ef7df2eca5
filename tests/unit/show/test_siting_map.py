"""The map of siting keeps its strokes thin and its marks small whatever part of the world it shows."""

import re

import numpy as np

from testban.assure.capability import Sensor
from testban.assure.siting import Candidate, Siting, Target
from testban.show import siting


def place(code, lon, lat):
    return Sensor(code=code, longitude=lon, latitude=lat, noise_nm_s=1.0)


def drawn(width_deg):
    lon = np.array([127.0 - width_deg / 2, 127.0 + width_deg / 2])
    target = Target(longitude=lon, latitude=np.array([38.0, 42.0]), weight=np.ones(2))
    base = [place("MJAR", 127.5, 40.0), place("MAJO", 127.51, 40.0), place("FAR", -60.0, -30.0)]
    candidates = [Candidate(sensor=place("new", 128.0, 41.0))]
    found = Siting(start=3.0, end=2.9, additions=(), swaps=0)
    return str(siting.chart(found, base, candidates, target))


def test_strokes_do_not_grow_with_the_zoom():
    for width in (4.0, 100.0):
        picture = drawn(width)
        assert max(float(w) for w in re.findall(r'stroke-width="([\d.]+)"', picture)) <= 2.0
        assert len(re.findall("<path|<polyline", picture)) > 5
        assert len(picture) < 400_000


def test_names_keep_apart_and_what_is_outside_is_not_drawn():
    picture = drawn(10.0)
    spots = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(?:MJAR|MAJO)<', picture)
    assert len(set(spots)) == 2
    assert "FAR" not in picture
