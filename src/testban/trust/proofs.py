"""Proofs that anyone checks offline (C2SP tlog-proof): index, inclusion hashes, a witnessed checkpoint, the entry itself.

Rules: the entry travels in the `extra` line, which proves nothing by itself: its leaf hash must lead to the root; one
spelling; at most 63 hashes; nothing follows the checkpoint.
"""

from collections.abc import Sequence

import msgspec

from testban.trust import checks, merkle
from testban.trust.checks import Reason
from testban.trust.encoding import from_base64, from_decimal, to_base64
from testban.trust.quorum import Quorum, Verified

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = 1 << 18


class Proof(msgspec.Struct, frozen=True):
    """A parsed proof; `extra` is the entry where it travels with the proof."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The proof's bytes."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *(to_base64(h) for h in self.hashes), ""]
        return ("\n".join(lines) + "\n").encode() + self.checkpoint


class Included(msgspec.Struct, frozen=True):
    """An entry that is shown to be in a witnessed log."""

    entry: bytes
    index: int
    seen: Verified


def parse(data: bytes) -> Proof:
    """The proof in these bytes; Rejected with `proof-form` for anything else."""
    checks.require(len(data) <= MAX_PROOF_BYTES, Reason.PROOF_FORM, "a proof too long")
    head, blank, checkpoint = data.partition(b"\n\n")
    ok = bool(blank) and head.isascii()
    checks.require(ok, Reason.PROOF_FORM, "expected lines of ASCII and a blank line before the checkpoint")
    lines = head.decode("ascii", "replace").split("\n")
    checks.require(lines[0] == HEADER, Reason.PROOF_FORM, f"expected {HEADER!r} first")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = from_base64(rest.pop(0)[6:], Reason.PROOF_FORM)
    has_index = bool(rest) and rest[0].startswith("index ")
    checks.require(has_index, Reason.PROOF_FORM, "no index line")
    checks.require(len(rest) - 1 <= MAX_HASHES, Reason.PROOF_FORM, f"more than {MAX_HASHES} hashes")
    hashes = tuple(from_base64(line, Reason.PROOF_FORM) for line in rest[1:])
    checks.require(all(len(h) == 32 for h in hashes), Reason.PROOF_FORM, "a hash that is not 32 bytes")
    proof = Proof(from_decimal(rest[0][6:], Reason.PROOF_FORM), hashes, checkpoint, extra)
    checks.require(proof.encode() == data, Reason.PROOF_FORM, "the proof has another spelling")
    return proof


def verify(data: bytes, quorum: Quorum, entry: bytes | None = None) -> Included:
    """The entry, shown to be in a log that a quorum witnessed. `entry` goes before the one that travels along."""
    proof = parse(data)
    entry = proof.extra if entry is None else entry
    if entry is None:
        raise checks.Rejected(Reason.PROOF_FORM, "the proof carries no entry; give it beside the proof")
    seen = quorum.check(proof.checkpoint)
    head = seen.checkpoint
    checks.require(proof.index < head.size, Reason.INDEX, f"entry {proof.index} of {head.size}")
    leaf = merkle.leaf_hash(entry)
    root = merkle.root_from_inclusion(proof.index, head.size, leaf, proof.hashes)
    checks.require(root == head.root, Reason.LEAF, "the entry is not at this place of the witnessed tree")
    return Included(entry, proof.index, seen)


def make(entry: bytes, index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """A proof that carries its entry."""
    return Proof(index, tuple(hashes), checkpoint, entry).encode()
