"""Attacks on the joint log by its operator and others (threats 8 and 9)."""

from testban.station.attacks.suite import attack, audited
from testban.station.parties import Parties
from testban.trust import checkpoints, checks, merkle, notes, proofs
from testban.trust.checkpoints import Checkpoint
from testban.trust.checks import Reason
from testban.trust.keys import Ed25519Signer
from testban.trust.log import Log
from testban.trust.witness import Answer, request_bytes


def ask(p: Parties, old: int, proof: list[bytes], checkpoint: bytes, name: str = "N1") -> Answer:
    """Ask a witness; a refusal is raised with its reason."""
    answer = p.witnesses[name].add_checkpoint(request_bytes(old, proof, checkpoint), p.slot * 10)
    if answer.reason is not None:
        raise checks.Rejected(answer.reason, f"status {answer.status}")
    return answer


def other_tree(p: Parties, size: int) -> Log:
    """A second history, signed with the same log key."""
    return Log(p.log.origin, p.sequencer, [b"another history %d" % i for i in range(size)])


@attack("split view", 8, "witness", Reason.SPLIT_VIEW)
def split_view(p: Parties) -> object:
    """A second tree, longer than the one that was signed."""
    p.witnessed()
    old = p.log.size
    other = other_tree(p, old + 3)
    return ask(p, old, other.tree.consistency(old), other.checkpoint().encode())


@attack("another root for the same size", 8, "witness", Reason.SPLIT_VIEW)
def same_size(p: Parties) -> object:
    """C2SP tlog-witness: status 409."""
    p.witnessed()
    return ask(p, p.log.size, [], other_tree(p, p.log.size).checkpoint().encode())


@attack("two trees shown to two parties", 8, "auditor", Reason.SPLIT_VIEW)
def two_trees(p: Parties) -> None:
    """Heads of one size that differ are proof by themselves."""
    other = other_tree(p, p.log.size)
    audited(p, Reason.SPLIT_VIEW, [p.log.checkpoint().encode(), other.checkpoint().encode()])


@attack("rollback asked of a witness", 8, "witness", Reason.ROLLBACK)
def rollback(p: Parties) -> object:
    """An older head than the old size says: status 400."""
    p.witnessed()
    return ask(p, p.log.size, [], p.log.checkpoint(2).encode())


@attack("forgotten history", 8, "witness", Reason.OLD_SIZE)
def forgotten(p: Parties) -> object:
    """The log pretends that the witness signed less: status 409."""
    p.witnessed()
    p.log.append(b"more")
    return ask(p, 1, p.log.tree.consistency(1), p.log.checkpoint().encode())


@attack("log served shorter than it was signed", 8, "auditor", Reason.ROLLBACK)
def served_shorter(p: Parties) -> None:
    """Entries are taken away behind the witnesses' back."""
    p.step(8)
    head = p.witnessed().encode()
    audited(p, Reason.ROLLBACK, [head], p.log.entries[:-3])


@attack("beacon of an older tree", 4, "station", Reason.ROLLBACK)
def older_beacon(p: Parties) -> object:
    """The host feeds the package a head from before."""
    p.step(12)
    number = max(p.epochs) + 1
    head = checkpoints.parse(p.epochs[max(p.epochs)])[0]
    small = Checkpoint(head.origin, 2, p.log.tree.root(2))
    return p.sites["XX.ALFA"].station.feed(number, cosigned(p, small, ("A", "B", "N1"), number * 60 + 10))


@attack("beacon of another time", 4, "station", Reason.CLOCK)
def beacon_time(p: Parties) -> object:
    """The host holds the time back: the cosignatures are not of this epoch."""
    p.step(12)
    data = p.epochs[max(p.epochs)]
    return p.sites["XX.ALFA"].station.feed(max(p.epochs) + 5, data)


@attack("log of a foreign key", 8, "third party", Reason.LOG_SIGNATURE)
def foreign_log(p: Parties) -> object:
    """The right origin, another key."""
    stranger = Ed25519Signer(p.log.origin, bytes(32))
    log = Log(p.log.origin, stranger, p.log.entries)
    return p.quorum.check(log.checkpoint().encode())


@attack("log of another name", 8, "third party", Reason.ORIGIN)
def other_origin(p: Parties) -> object:
    """A log that the policy does not know."""
    stranger = Ed25519Signer("log.example/other", bytes(32))
    return p.quorum.check(Log("log.example/other", stranger, p.log.entries).checkpoint().encode())


@attack("neutral cosignature missing", 8, "third party", Reason.QUORUM)
def no_neutral(p: Parties) -> object:
    """Both parties agree, nobody else saw it."""
    return p.quorum.check(p.witnessed(("A", "B")).encode())


@attack("host cosignature missing", 8, "third party", Reason.QUORUM)
def no_host(p: Parties) -> object:
    """One party and all neutrals."""
    return p.quorum.check(p.witnessed(("A", "N1", "N2", "N3")).encode())


@attack("cosignature of another checkpoint", 8, "third party", Reason.SIGNATURE_WRONG)
def foreign_cosignature(p: Parties) -> object:
    """A witness' line is copied under a newer head."""
    old = p.witnessed()
    p.log.append(b"more")
    lines = b"".join(s.line().encode() for s in old.signatures[1:])
    return p.quorum.check(checkpoints.with_cosignatures(p.log.checkpoint(), lines).encode())


@attack("proof with a wrong index", 6, "third party", Reason.LEAF)
def wrong_index(p: Parties) -> object:
    """The entry is there, at another place."""
    p.step(4)
    return proofs.verify(p.prove(2).replace(b"index 2\n", b"index 3\n"), p.quorum)


@attack("proof beyond the tree", 6, "third party", Reason.INDEX)
def beyond(p: Parties) -> object:
    """An index that the tree does not have."""
    p.step(4)
    return proofs.verify(p.prove(2).replace(b"index 2\n", b"index 9999\n"), p.quorum)


@attack("truncated proof", 6, "third party", Reason.PROOF_LENGTH)
def truncated(p: Parties) -> object:
    """One hash fewer."""
    p.step(4)
    proof = proofs.parse(p.prove(2))
    return proofs.verify(
        proofs.Proof(proof.index, proof.hashes[:-1], proof.checkpoint, proof.extra).encode(), p.quorum
    )


@attack("hash of another size in a proof", 6, "third party", Reason.HASH_SIZE)
def short_hash(p: Parties) -> None:
    """31 bytes."""
    leaf = merkle.leaf_hash(p.log.entries[0])
    way = [h[:31] for h in p.log.tree.inclusion(0)]
    merkle.verify_inclusion(0, p.log.size, leaf, way, p.log.tree.root())


@attack("consistency with another root", 8, "witness", Reason.ROOT)
def other_root(p: Parties) -> None:
    """A proof from one tree under the head of another."""
    other = other_tree(p, p.log.size)
    way = p.log.tree.consistency(2)
    merkle.verify_consistency(2, p.log.size, way, p.log.tree.root(2), other.tree.root())


@attack("swapped note", 1, "third party", Reason.LEAF)
def swapped_note(p: Parties) -> object:
    """The proof of one entry under another."""
    p.step(4)
    return proofs.verify(p.prove(2), p.quorum, p.log.entries[3])


@attack("one rotten bit on the log's disk", 8, "auditor", Reason.TREE_REBUILD)
def bit_rot(p: Parties) -> None:
    """As with the CT log Yeti 2022: consistency proofs stay valid, the entry does not hash into the root."""
    p.step(8)
    head = p.witnessed().encode()
    entries = list(p.log.entries)
    entries[2] = entries[2][:-3] + bytes([entries[2][-3] ^ 1]) + entries[2][-2:]
    audited(p, Reason.TREE_REBUILD, [head], entries)


def cosigned(p: Parties, head: Checkpoint, names: tuple[str, ...], time: int) -> bytes:
    """A head that these witnesses' stolen keys sign at will."""
    note = checkpoints.sign(head, p.sequencer)
    text = note.text.encode()
    lines = "".join(
        notes.Signature(c.name, c.verifier.key_id, c.cosign(text, time)).line()
        for c in (p.cosigners[n] for n in names)
    )
    return checkpoints.with_cosignatures(note, lines.encode()).encode()
