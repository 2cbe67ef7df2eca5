"""RFC 6962 Merkle trees: hashes, roots, inclusion, consistency and subtree proofs.

Rules: leaf = SHA-256(0x00, entry), node = SHA-256(0x01, left, right); every hash is 32 bytes; a proof has exactly the
length that the sizes give; consistency from the empty tree is refused, since it proves nothing (RFC 9162 sections 2.1.3,
2.1.4; subtrees: draft-ietf-plants-merkle-tree-certs section 4). `Tree` keeps all hashes of complete subtrees in memory.
"""

import hashlib
from collections.abc import Callable, Sequence

from testban.trust import checks
from testban.trust.checks import Reason

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
# A copy of a hash that has taken the prefix is cheaper than a new one over joined bytes: most of a short hash is its making.
_leaf = hashlib.sha256(b"\0").copy
_node = hashlib.sha256(b"\1").copy


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    h = _leaf()
    h.update(entry)
    return h.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    h = _node()
    h.update(left)
    h.update(right)
    return h.digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of these leaf hashes: the slow and obvious twin of `Tree.root` (RFC 6962 section 2.1)."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


class Tree:
    """An append-only tree. levels[h] holds the hashes of complete subtrees of 2^h leaves, 32 bytes each."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.levels: list[bytearray] = [bytearray()]
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self.levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> int:
        """Add a leaf hash; returns its index."""
        levels = self.levels
        level = levels[0]
        index = n = len(level) >> 5
        level += leaf
        h = 0
        while n & 1:
            node = _node()
            node.update(level[-64:])
            n, h = n >> 1, h + 1
            if h == len(levels):
                levels.append(bytearray())
            level = levels[h]
            level += node.digest()
        return index

    def extend(self, leaves: Sequence[bytes]) -> int:
        """Add leaf hashes, level by level: the same tree as one `append` each, sooner; returns the index of the first."""
        first, below, h = self.size, self.levels[0], 1
        below += b"".join(leaves)
        while pairs := len(below) >> 6:
            if h == len(self.levels):
                self.levels.append(bytearray())
            level = self.levels[h]
            new = bytes(below[2 * len(level) : pairs << 6])
            if not new:
                break
            for i in range(0, len(new), 64):
                node = _node()
                node.update(new[i : i + 64])
                level += node.digest()
            below, h = level, h + 1
        return first

    def node(self, height: int, index: int) -> bytes:
        """The hash of the complete subtree of 2^height leaves at this index."""
        return bytes(self.levels[height][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def range_hash(self, start: int, end: int) -> bytes:
        """Merkle tree hash of leaves start..end, where start is a multiple of the smallest power of two >= the size."""
        return range_hash(self.node, start, end)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise checks.Rejected(Reason.INDEX, f"a root of {size} of {self.size} leaves")
        return EMPTY_ROOT if size == 0 else self.range_hash(0, size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is in the tree of `size` leaves, from its sibling upwards."""
        size = self.size if size is None else size
        checks.require(0 <= index < size <= self.size, Reason.INDEX, f"leaf {index} of {size}")
        proof: list[bytes] = []
        full = (index ^ size).bit_length() - 1  # height of the complete subtree that the leaf is in
        start = index
        for level in self.levels[:full]:
            at = (start ^ 1) << 5
            proof.append(bytes(level[at : at + 32]))
            start >>= 1
        for height in range(full, (size - 1).bit_length()):
            start ^= 1
            if start < size >> height:
                at = start << 5
                proof.append(bytes(self.levels[height][at : at + 32]))
            elif start << height < size:
                proof.append(self.range_hash(start << height, size))
            start >>= 1
        return proof

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the first `old` leaves are the beginning of the tree of `new` leaves."""
        return consistency(self.node, old, self.size if new is None else new)


Node = Callable[[int, int], bytes]


def range_hash(node: Node, start: int, end: int) -> bytes:
    """Merkle tree hash of an aligned range, from the hashes of complete subtrees."""
    n = end - start
    if n == 1 << (n.bit_length() - 1):
        return node(n.bit_length() - 1, start // n)
    k = 1 << (n - 1).bit_length() - 1
    return node_hash(range_hash(node, start, start + k), range_hash(node, start + k, end))


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    checks.require(0 <= index < size, Reason.INDEX, f"leaf {index} of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        k = start + (1 << (end - start - 1).bit_length() - 1)
        if index < k:
            proof.append(range_hash(node, k, end))
            end = k
        else:
            proof.append(range_hash(node, start, k))
            start = k
    return proof[::-1]


def consistency(node: Node, old: int, new: int) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    checks.require(0 <= old <= new, Reason.INDEX, f"from {old} to {new} leaves")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while end != old:
        k = start + (1 << (end - start - 1).bit_length() - 1)
        if old <= k:
            proof.append(range_hash(node, k, end))
            end = k
        else:
            proof.append(range_hash(node, start, k))
            start, whole = k, False
    if not whole:
        proof.append(range_hash(node, start, end))
    return proof[::-1]


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if {HASH_BYTES}.issuperset(map(len, hashes)):
        return
    checks.require(False, Reason.HASH_SIZE, "a hash that is not 32 bytes")


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        checks.require(False, Reason.INDEX, f"leaf {index} of {size}")
    inner = (index ^ (size - 1)).bit_length()
    wanted = inner + (index >> inner).bit_count()
    _check_hashes([leaf, *proof])
    if len(proof) != wanted:
        checks.require(False, Reason.PROOF_LENGTH, f"{len(proof)} hashes, not {wanted}")
    h, n, fresh = leaf, index, _node
    for sibling in proof[:inner]:
        node = fresh()
        if n & 1:
            node.update(sibling)
            node.update(h)
        else:
            node.update(h)
            node.update(sibling)
        h = node.digest()
        n >>= 1
    for sibling in proof[inner:]:
        h = node_hash(sibling, h)
    return h


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse a leaf that is not at this place of the tree with this root."""
    if len(root) != HASH_BYTES:
        checks.require(False, Reason.HASH_SIZE, "a root that is not 32 bytes")
    same = root_from_inclusion(index, size, leaf, proof) == root
    checks.require(same, Reason.ROOT, "the proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Refuse a tree that does not begin with the older one (RFC 9162 section 2.1.4.2)."""
    checks.require(old > 0, Reason.INDEX, "consistency with the empty tree proves nothing")
    verify_subtree_consistency(0, old, new, proof, old_root, new_root)


def valid_subtree(start: int, end: int) -> bool:
    """A subtree begins at a multiple of the smallest power of two that holds it."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse a leaf that is not in the subtree start..end with this root."""
    checks.require(valid_subtree(start, end), Reason.INDEX, f"not a subtree: {start} to {end}")
    verify_inclusion(index - start, end - start, leaf, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """Refuse a tree that does not hold the subtree start..end (start = 0 is RFC 6962 consistency)."""
    empty = 0 <= start == end
    valid = (empty or valid_subtree(start, end)) and end <= size
    checks.require(valid, Reason.INDEX, f"from {start}..{end} to {size}")
    if empty or (start == 0 and end == size):
        checks.require(not proof, Reason.PROOF_LENGTH, "a proof where nothing is to be proved")
        same = subtree_root == (EMPTY_ROOT if empty else root)
        checks.require(same, Reason.ROOT, "two roots for one size")
        return
    _check_hashes([*proof, subtree_root, root])
    fn, sn, tn = start, end - 1, size - 1
    if sn == tn:
        while fn != sn:
            fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    else:
        while fn != sn and sn & 1:
            fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    rest = list(proof)
    if fn == sn:
        fr = sr = subtree_root
    else:
        checks.require(bool(rest), Reason.PROOF_LENGTH, "an empty proof")
        fr = sr = rest.pop(0)
    for c in rest:
        checks.require(tn != 0, Reason.PROOF_LENGTH, "a proof too long")
        if tn == 0:
            break
        if sn & 1 or sn == tn:
            if fn < sn:
                fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            while not sn & 1 and sn:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    checks.require(tn == 0, Reason.PROOF_LENGTH, "a proof too short")
    checks.require(fr == subtree_root, Reason.ROOT, "the proof leads to another older root")
    checks.require(sr == root, Reason.ROOT, "the proof leads to another root")
