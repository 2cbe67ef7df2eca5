"""A moment tensor from QuakeML 1.2: focalMechanism/momentTensor/tensor, six elements with their uncertainties.

Rules: newton metres, r up, t south, p east, as the schema says; QuakeML has no covariances between elements, so the covariance is
diagonal, and without an uncertainty of every element there is none. The preferred focal mechanism, else the first with a tensor.
"""

import math
from pathlib import Path
from xml.etree.ElementTree import Element

from testban.base.beside import MomentTensor
from testban.base.errors import FormatError
from testban.formats import xml
from testban.formats.waveforms import read_bytes

ELEMENTS = ("Mrr", "Mtt", "Mpp", "Mrt", "Mrp", "Mtp")


def read(path: str | Path) -> MomentTensor:
    """The moment tensor of a QuakeML file. Raises FormatError where there is none or it is unsound."""
    return decode(read_bytes(path), Path(path).name)


def decode(data: bytes, name: str = "bytes") -> MomentTensor:
    """The same from bytes."""
    root = xml.parse(data, "QuakeML", name)
    wanted = {(e.findtext("preferredFocalMechanismID") or "").strip() for e in root.iter("event")}
    found = [
        (m.get("publicID") not in wanted, m)
        for m in root.iter("focalMechanism")
        if m.find("momentTensor/tensor")
    ]
    if not found:
        raise FormatError(f"expected QuakeML with a moment tensor, got none in {name}; check the file")
    node = min(found, key=lambda pair: pair[0])[1]
    return _tensor(node, name)


def _tensor(node: Element, name: str) -> MomentTensor:
    values, errors = [], []
    for tag in ELEMENTS:
        try:
            value = xml.number(node, f"momentTensor/tensor/{tag}/value")
            error = xml.number(node, f"momentTensor/tensor/{tag}/uncertainty")
        except ValueError as exc:
            raise FormatError(
                f"expected numbers in the moment tensor, got {exc} in {name}; check the file"
            ) from exc
        if value is None or not math.isfinite(value):
            raise FormatError(
                f"expected {tag} of the moment tensor in N m, got none in {name}; check the file"
            )
        values.append(value)
        errors.append(error)
    known = [e for e in errors if e is not None and math.isfinite(e) and e > 0.0]
    covariance = (
        tuple(tuple(known[i] * known[i] if i == j else 0.0 for j in range(6)) for i in range(6))
        if len(known) == 6
        else ()
    )
    agency = (
        node.findtext("creationInfo/agencyID") or node.findtext("momentTensor/creationInfo/agencyID") or ""
    ).strip()
    return MomentTensor(
        elements=(values[0], values[1], values[2], values[3], values[4], values[5]),
        covariance=covariance,
        source=agency or name,
    )  # fmt: skip
