"""What made a bulletin: digests of code, lock and inputs."""

from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import testban
from testban.base.canonical import digest, digest_of
from testban.formats import inventory

# Packages whose code stands on the path to a published number.
_NUMERIC = ("llvmlite", "msgspec", "numba", "numpy", "obspy", "pymseed", "scipy")


@cache
def code_digest() -> str:
    """SHA-256 over the package's own files (names and bytes, sorted) and the versions of its numeric libraries."""
    root = Path(testban.__file__).parent
    files = sorted(
        p
        for p in root.rglob("*")
        if p.is_file() and p.suffix not in (".pyc", ".nbi", ".nbc") and p.name[0] != "."
    )
    own = [(p.relative_to(root).as_posix(), digest(p.read_bytes())) for p in files]
    return digest_of([own, [(name, metadata.version(name)) for name in _NUMERIC]])


def inventory_digests(paths: Sequence[str | Path]) -> tuple[tuple[str, str], ...]:
    """(name relative to what was given, SHA-256) of every file that an inventory is made of."""
    found: list[tuple[str, str]] = []
    for path in (Path(p) for p in paths):
        files = inventory.files(path) if path.is_dir() else [path]
        found += [(f.relative_to(path.parent).as_posix(), digest(f.read_bytes())) for f in files]
    return tuple(sorted(found))


def input_digests(
    recordings: Sequence[tuple[str, str]], inventory_paths: Sequence[str | Path]
) -> tuple[tuple[str, str], ...]:
    """Names and digests of every file that went in; names are relative to what was given."""
    return tuple(sorted({*recordings, *inventory_digests(inventory_paths)}))
