"""A log as static files (C2SP tlog-tiles): hashes and entries in tiles of 256, a checkpoint beside them.

Rules: a full tile never changes; partial tiles carry their width in their name; an entry is at most 65535 bytes; reading
a bundle back gives exactly as many entries as the width says and no byte more. Pure: paths and bytes only.
"""

from collections.abc import Callable, Iterator, Sequence

from testban.trust import checks, merkle
from testban.trust.checks import Reason
from testban.trust.merkle import HASH_BYTES, Tree

WIDTH = 256
HEIGHT = 8
MAX_ENTRY_BYTES = 65535


def index_path(n: int) -> str:
    """A tile index as path elements of three digits, all but the last with an x."""
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.append(f"x{n % 1000:03d}")
    return "/".join(parts[::-1])


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """Path of a tile of hashes."""
    return f"tile/{level}/{index_path(n)}" + ("" if width == WIDTH else f".p/{width}")


def bundle_path(n: int, width: int = WIDTH) -> str:
    """Path of a bundle of entries."""
    return f"tile/entries/{index_path(n)}" + ("" if width == WIDTH else f".p/{width}")


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries with 16-bit lengths before them."""
    for e in entries:
        checks.require(len(e) <= MAX_ENTRY_BYTES, Reason.NOTE_SIZE, f"an entry of {len(e)} bytes")
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The entries of a bundle; Rejected unless there are exactly `width` and nothing after them."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < width:
        size = int.from_bytes(data[at : at + 2], "big")
        checks.require(at + 2 + size <= len(data), Reason.TILE_FORM, "a bundle that ends within an entry")
        entries.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    whole = at == len(data) and len(entries) == width
    checks.require(whole, Reason.TILE_FORM, f"expected {width} entries and no more, got {len(entries)}")
    return entries


def decode_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile; Rejected unless there are exactly `width`."""
    checks.require(
        len(data) == width * HASH_BYTES, Reason.TILE_FORM, f"expected {width} hashes, got {len(data)} bytes"
    )
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def widths(size: int, level: int = 0) -> Iterator[tuple[int, int]]:
    """(index, width) of every tile of a level in a tree of `size` leaves."""
    count = size >> (HEIGHT * level)
    for n in range(count // WIDTH):
        yield n, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def changed_tiles(tree: Tree, old: int, new: int) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the hash tiles that a tree of `new` leaves has and one of `old` leaves had not."""
    level = 0
    while new >> (HEIGHT * level):
        before, count = old >> (HEIGHT * level), new >> (HEIGHT * level)
        hashes = tree.levels[HEIGHT * level]
        for n in range(before // WIDTH, (count + WIDTH - 1) // WIDTH):
            width = min(WIDTH, count - n * WIDTH)
            if n * WIDTH + width > before:
                yield tile_path(level, n, width), bytes(hashes[n * WIDTH * 32 : (n * WIDTH + width) * 32])
        level += 1


def changed_bundles(entry: Callable[[int], bytes], old: int, new: int) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the entry bundles that are new between two sizes."""
    for n in range(old // WIDTH, (new + WIDTH - 1) // WIDTH):
        width = min(WIDTH, new - n * WIDTH)
        if n * WIDTH + width > old:
            yield bundle_path(n, width), encode_bundle([entry(n * WIDTH + i) for i in range(width)])


class TileReader:
    """Hashes of complete subtrees out of tiles, for proofs without the whole tree in memory."""

    def __init__(self, fetch: Callable[[str], bytes], size: int) -> None:
        self._fetch = fetch
        self._kept: dict[tuple[int, int], list[bytes]] = {}
        self.size = size

    def tile(self, level: int, n: int) -> list[bytes]:
        """The hashes of one tile of this tree."""
        if (level, n) not in self._kept:
            width = min(WIDTH, (self.size >> (HEIGHT * level)) - n * WIDTH)
            checks.require(width > 0, Reason.INDEX, f"no tile {n} at level {level}")
            self._kept[level, n] = decode_tile(self._fetch(tile_path(level, n, width)), width)
        return self._kept[level, n]

    def node(self, height: int, index: int) -> bytes:
        """The hash of a complete subtree of 2^height leaves."""
        level, inner = divmod(height, HEIGHT)
        first = index << inner
        hashes = self.tile(level, first // WIDTH)[first % WIDTH : first % WIDTH + (1 << inner)]
        return merkle.root_of(hashes)

    def root(self) -> bytes:
        """The root of this tree, out of its tiles."""
        return merkle.range_hash(self.node, 0, self.size) if self.size else merkle.EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """The proof for one entry."""
        return merkle.inclusion(self.node, index, self.size)

    def consistency(self, old: int) -> list[bytes]:
        """The proof from an older size."""
        return merkle.consistency(self.node, old, self.size)


def read_entries(fetch: Callable[[str], bytes], size: int) -> Iterator[bytes]:
    """All entries of a log of this size, in order."""
    for n, width in widths(size):
        yield from decode_bundle(fetch(bundle_path(n, width)), width)
