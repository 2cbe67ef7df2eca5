"""Attacks on the form of what is read: other spellings, sizes, floods (threats 6 and 15)."""

from testban.station.attacks.packets import NAME, check, seal
from testban.station.attacks.suite import attack
from testban.station.parties import Parties
from testban.trust import checkpoints, checks, keys, notes, proofs, quorum, tiles
from testban.trust.checks import Reason


@attack("a note of a megabyte", 15, "everyone", Reason.NOTE_SIZE)
def huge_note(p: Parties) -> object:
    """Refused before it is parsed."""
    return notes.parse(seal(p)[0].encode() + b"x" * 1_000_000)


@attack("a million cosignatures", 15, "everyone", Reason.NOTE_SIZE)
def million_lines(p: Parties) -> object:
    """Refused by size before a line is read."""
    data = p.log.checkpoint().encode()
    line = data.rpartition(b"\n\n")[2]
    return p.quorum.check(data + line * 1_000_000)


@attack("seventeen signature lines", 15, "everyone", Reason.SIGNATURE_LINES)
def seventeen_lines(p: Parties) -> object:
    """One more than are read."""
    data = p.log.checkpoint().encode()
    return p.quorum.check(data + data.rpartition(b"\n\n")[2] * 16)


@attack("a control character in a note", 6, "everyone", Reason.NOTE_FORM)
def control_character(p: Parties) -> object:
    """Invisible, and a bit."""
    return check(p, seal(p)[0].encode().replace(b"XX.ALFA\n", b"XX.ALFA\r\n", 1))


@attack("another spelling of a slot number", 6, "everyone", Reason.BODY_FORM)
def other_spelling(p: Parties) -> object:
    """A leading zero."""
    text = seal(p)[0].text.replace(f"\n{p.slot}\n", f"\n0{p.slot}\n")
    site = p.sites[NAME]
    return check(p, notes.sign(text, [site.signer, site.countersigner]).encode())


@attack("a line that the form does not know", 6, "everyone", Reason.BODY_FORM)
def unknown_line(p: Parties) -> object:
    """A tenth line, signed by both."""
    text = seal(p)[0].text + "hello\n"
    site = p.sites[NAME]
    return check(p, notes.sign(text, [site.signer, site.countersigner]).encode())


@attack("a checkpoint spelled otherwise", 8, "everyone", Reason.CHECKPOINT_FORM)
def checkpoint_spelling(p: Parties) -> object:
    """A leading zero before the size, signed by the log."""
    text = p.log.checkpoint().text.replace(f"\n{p.log.size}\n", f"\n0{p.log.size}\n")
    return checkpoints.parse(notes.sign(text, [p.sequencer]).encode())


@attack("a proof spelled otherwise", 6, "third party", Reason.PROOF_FORM)
def proof_spelling(p: Parties) -> object:
    """Index with a plus sign."""
    p.step(3)
    return proofs.verify(p.prove(2).replace(b"index 2\n", b"index +2\n"), p.quorum)


@attack("a policy with one key under two names", 8, "third party", Reason.POLICY_FORM)
def doubled_keys(p: Parties) -> object:
    """One neutral who votes twice."""
    doubled = p.cosigners["N1"].verifier.vkey()
    return quorum.parse(f"witness N9 {doubled}\n{p.policy_text}".encode())


@attack("a key with a wrong id", 10, "everyone", Reason.KEY_FORM)
def wrong_key_id(p: Parties) -> object:
    """An id that is not of this key."""
    name, short, encoded = p.sequencer.verifier.vkey().split("+", 2)
    return keys.parse_vkey(f"{name}+{int(short, 16) ^ 1:08x}+{encoded}")


@attack("a request that is none", 15, "witness", Reason.REQUEST_FORM)
def bad_request(p: Parties) -> None:
    """A negative size."""
    answer = p.witnesses["N1"].add_checkpoint(b"old -1\n\n" + p.log.checkpoint().encode(), 0)
    if answer.reason is not None:
        raise checks.Rejected(answer.reason, f"status {answer.status}")


@attack("a tile with bytes behind it", 6, "auditor", Reason.TILE_FORM)
def tile_tail(p: Parties) -> object:
    """Bytes that no entry owns."""
    return tiles.decode_bundle(tiles.encode_bundle(p.log.entries[:2]) + b"\0\0", 2)
