"""What a person types to name a source: PATH, glob, file://, sdsarchive://, fdsnws://, slink://.

Schemes follow SeisComP's RecordStream addresses; fdsnws is HTTP, fdsnwss is HTTPS. Nothing but these is opened.
"""

import glob
import re
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from testban.base.errors import SourceError
from testban.links.files import FileSource, SdsSource, combine, walk
from testban.links.source import Source

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.I)


def open_source(where: str | Path | Sequence[str | Path]) -> Source:
    """A source from one address, or several file addresses together.

    Raises SourceError for an address that is not understood, does not exist or matches nothing.
    """
    if isinstance(where, str | Path):
        return _one(where)
    listed = sorted(str(w) for w in where)
    if not listed:
        raise SourceError("expected at least one source, got none; name a file, a folder or a URL")
    if len(listed) == 1:
        return _one(listed[0])
    parts = [_one(w) for w in listed]
    files = [p for p in parts if type(p) is FileSource]
    if len(files) == len(parts):
        return combine(" ".join(listed), files)
    from testban.links.joined import JoinedSource

    return JoinedSource(" ".join(listed), parts)


def _one(where: str | Path) -> Source:
    text = str(where)
    m = _SCHEME.match(text)
    if m is None:
        return _path(text, text)
    scheme, rest = m[1].lower(), text[m.end() :]
    if scheme == "file":
        return _path(urllib.parse.unquote(rest), text)
    if scheme == "sdsarchive":
        return SdsSource(text, Path(urllib.parse.unquote(rest)).expanduser())
    if scheme in ("fdsnws", "fdsnwss"):
        from testban.links.fdsnws import FdsnSource

        return FdsnSource(text)
    if scheme == "slink":
        from testban.links.seedlink import SeedlinkSource

        return SeedlinkSource(text)
    raise SourceError(
        f"expected a path, a glob, file://, sdsarchive://, fdsnws://, fdsnwss:// or slink://, got {scheme}://; use one of them"
    )


def _path(text: str, name: str) -> FileSource:
    path = Path(text).expanduser()
    if path.is_dir():
        return FileSource(name, (), walk(path), path)
    if path.exists():
        return FileSource(name, (path,), (), path.parent)
    if glob.has_magic(text):
        hits = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207  absolute patterns
        named = [p for p in hits if p.is_file()]
        found = [f for p in hits if p.is_dir() for f in walk(p)]
        if named or found:
            return FileSource(name, (), [*named, *found], Path(_fixed_part(str(path))))
        raise SourceError(f"expected files that match the pattern, got none for {text}; check the pattern")
    raise SourceError(f"expected an existing file or folder, got nothing at {text}; check the path")


def _fixed_part(pattern: str) -> str:
    """The folder before the first wildcard."""
    parts = Path(pattern).parts
    keep = next((i for i, p in enumerate(parts) if glob.has_magic(p)), len(parts))
    return str(Path(*parts[:keep])) if keep else "."
