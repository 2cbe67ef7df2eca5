"""Places that people ask about, by name, and how a place is given on the command line.

Rules: a name stands for a point of a published test site, not for its area. Positions: tests there in the published
lists (Bergkvist & Ferm 2000), rounded to a tenth of a degree.
"""

from testban.assure.monitoring import Place
from testban.base.errors import InputError
from testban.base.geo import check_position

NAMED = {
    p.name: p
    for p in (
        Place(name="punggye-ri", longitude=129.08, latitude=41.30),
        Place(name="novaya-zemlya", longitude=54.9, latitude=73.4),
        Place(name="semipalatinsk", longitude=78.9, latitude=49.9),
        Place(name="lop-nor", longitude=88.4, latitude=41.6),
        Place(name="nevada", longitude=-116.2, latitude=37.2),
    )
}


def place(text: str, name: str = "") -> Place:
    """A place from LON,LAT[,DEPTH_KM] or from a name of `NAMED`. Raises InputError."""
    if text in NAMED:
        return NAMED[text]
    try:
        values = [float(x) for x in text.split(",")]
    except ValueError:
        values = []
    deep = len(values) == 3 and not 0.0 <= values[2] <= 700.0
    if len(values) not in (2, 3) or not check_position(values[0], values[1]) or deep:
        raise InputError(
            f"--site: expected LON,LAT or LON,LAT,DEPTH_KM in degrees and km, or one of {', '.join(NAMED)}; got {text!r}"
        )
    return Place(
        name=name or text,
        longitude=values[0],
        latitude=values[1],
        depth_km=values[2] if len(values) == 3 else 0.0,
    )
