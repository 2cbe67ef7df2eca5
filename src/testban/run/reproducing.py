"""Recompute a bulletin and compare; and the manifest that parties sign.

Rules: the recomputation runs in a folder of its own and sees nothing of the published one; compared are the files of
`outputs.COMPARED`; the manifest names inputs, code, lock and configuration by digest.
"""

import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from testban.base.canonical import digest_of
from testban.base.errors import InputError
from testban.base.records import Provenance
from testban.run import batch, outputs
from testban.run.configuration import Configuration
from testban.run.process import Progress
from testban.store import durable
from testban.trust import notes, release
from testban.trust.checks import Rejected
from testban.trust.documents import Manifest


class Reproduced(msgspec.Struct, frozen=True, kw_only=True):
    """What came out, beside what was published (digests of both)."""

    comparison: release.Comparison
    published: str
    own: str
    provenance: Provenance


def lock_digest() -> str:
    """SHA-256 of name and version of every package that testban requires, as installed."""
    wanted = sorted(
        {r.split(">")[0].split("=")[0].split(";")[0].strip() for r in metadata.requires("testban") or ()}
    )
    found = []
    for name in wanted:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return digest_of(found)


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a bulletin that parties compare."""
    missing = [n for n in outputs.COMPARED if not (folder / n).is_file()]
    if missing:
        raise InputError(f"{folder}: expected the folder of a bulletin, {missing[0]} is not in it")
    return {n: (folder / n).read_bytes() for n in outputs.COMPARED}


def made_of(provenance: Provenance) -> dict[str, str]:
    """Digests of what a bulletin was made of."""
    return {
        "inputs": digest_of(list(provenance.inputs)),
        "code": provenance.code_digest,
        "lock": lock_digest(),
        "configuration": provenance.configuration_digest,
    }


def reproduce(
    bulletin: Path, sources: Sequence[str], inventory: Sequence[str | Path], configuration: Configuration, *,
    start_ns: int | None = None, end_ns: int | None = None, simulated: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Reproduced:  # fmt: skip
    """Compute again and compare."""
    published = files_of(bulletin)
    with tempfile.TemporaryDirectory(prefix="testban-reproduce-") as name:
        done = batch.run(
            sources,
            inventory,
            Path(name),
            configuration,
            start_ns=start_ns,
            end_ns=end_ns,
            simulated=simulated,
            progress=progress,
        )
        own = files_of(Path(name))
    return Reproduced(
        comparison=release.compare(published, own),
        published=release.output_digest(published).hex(),
        own=release.output_digest(own).hex(),
        provenance=done.bulletin.provenance,
    )


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file, a bare text or a signed note; InputError where there is none."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
        return Manifest.parse(notes.parse(data).text if "\n\n" in text else text)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (Rejected, UnicodeDecodeError) as exc:
        raise InputError(f"{path}: expected a manifest (testban/bulletin@v1): {exc}") from exc


def unlike(manifest: Manifest, found: Reproduced) -> tuple[str, ...]:
    """Which of inputs, code, lock, configuration and output are not those that the manifest names."""
    own = made_of(found.provenance) | {"output": found.own}
    return tuple(sorted(name for name, digest in own.items() if getattr(manifest, name).hex() != digest))


def write_manifest(
    path: Path, found: Reproduced, origin: str = "unlogged", size: int = 0, root: bytes = bytes(32)
) -> Manifest:
    """Write the text that a party signs for what it computed."""
    parts = made_of(found.provenance)
    manifest = Manifest(
        name="bulletin", inputs=bytes.fromhex(parts["inputs"]), origin=origin, tree_size=size, root=root,
        code=bytes.fromhex(parts["code"]), lock=bytes.fromhex(parts["lock"]), configuration=bytes.fromhex(parts["configuration"]),
        output=bytes.fromhex(found.own),
    )  # fmt: skip
    durable.replace(path, manifest.text().encode())
    return manifest
