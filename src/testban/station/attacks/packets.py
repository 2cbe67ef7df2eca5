"""Attacks on packets: by the station's maker, by the host, on the way (threats 1 to 7, 10, 12, 13)."""

import hashlib

import msgspec

from testban.station.attacks.suite import attack, audited
from testban.station.parties import START_SLOT, Parties
from testban.station.station import Sent
from testban.trust import notes, sealed
from testban.trust import packet as packets
from testban.trust.checks import Reason
from testban.trust.documents import Revocation
from testban.trust.encoding import to_base64
from testban.trust.keys import RsaVerifier
from testban.trust.notes import Note, Signature
from testban.trust.packet import Packet

NAME = "XX.ALFA"


def next_packet(p: Parties, *, payload: bytes | None = None, **changes: object) -> Sent:
    """The packet that the station would send now, with some fields changed, signed by the station's own key."""
    site = p.sites[NAME]
    policy = site.station.policy
    body = packets.payload_bytes(p.samples(NAME, p.slot), policy) if payload is None else payload
    last = site.warden.memory.last()
    honest = Packet(
        station=NAME, slot=p.slot, policy=policy.digest, payload=hashlib.sha256(body).digest(),
        previous=packets.text_digest(notes.parse(last.text).text) if last else packets.GENESIS,
        beacon=site.warden.beacons.at(p.slot, policy), soh=bytes(4),
    )  # fmt: skip
    changed = msgspec.structs.replace(honest, **changes)
    return Sent(changed.slot, notes.sign(changed.text(), [site.signer]).encode(), body)


def give(p: Parties, sent: Sent) -> object:
    """Hand something to the warden."""
    return p.sites[NAME].warden.receive(sent.note, sent.payload)


def logged_packet(p: Parties, sent: Sent, signers: tuple[str, ...] = ("station", "warden")) -> None:
    """Whoever holds these keys signs and logs the packet past the warden."""
    site = p.sites[NAME]
    chosen = [{"station": site.signer, "warden": site.countersigner}[s] for s in signers]
    p.log.append(notes.sign(notes.parse(sent.note).text, chosen).encode())
    p.payloads[hashlib.sha256(sent.payload).digest()] = sent.payload


def bits_of(p: Parties) -> int:
    """Size of the moduli in this world."""
    key = p.sites[NAME].signer.verifier
    assert isinstance(key, RsaVerifier)
    return key.n.bit_length()


def seal(p: Parties) -> tuple[Note, RsaVerifier]:
    """An honest note with both signatures and the station's key."""
    site = p.sites[NAME]
    released = p.countersign(NAME, p.record(NAME))[0]
    key = site.signer.verifier
    assert isinstance(key, RsaVerifier)
    return notes.parse(released.note), key


def check(p: Parties, data: bytes) -> object:
    """What any third party checks of a packet note."""
    site = p.sites[NAME]
    return sealed.check(data, site.station.policy, site.signer.verifier, site.countersigner.verifier)


@attack("replay of an old packet", 4, "warden", Reason.SLOT_REPLAY)
def replay_old(p: Parties) -> object:
    """A packet that left long ago is offered again."""
    old = p.record(NAME)
    p.countersign(NAME, old)
    p.release(NAME)
    p.tick()
    p.step(5)
    return give(p, old[0])


@attack("replay of the last packet", 4, "warden", Reason.SLOT_CONFLICT)
def replay_last(p: Parties) -> object:
    """The samples of the last slot are sent again under the same slot with another beacon."""
    p.step(3)
    return give(p, next_packet(p, slot=p.slot - 1))


@attack("reordered packets", 4, "warden", Reason.SLOT_SKIPPED)
def reorder(p: Parties) -> object:
    """The later of two packets comes first."""
    p.step(2)
    p.record(NAME)
    p.tick()
    return p.countersign(NAME, p.record(NAME))


@attack("skipped slot with intact chain", 7, "warden", Reason.SLOT_SKIPPED)
def skip_with_chain(p: Parties) -> object:
    """The package leaves a slot out and chains over it."""
    p.step(2)
    return give(p, next_packet(p, slot=p.slot + 1))


@attack("packet of another station", 1, "warden", Reason.STATION_NAME)
def other_station(p: Parties) -> object:
    """A packet that says it is of another station."""
    p.step(1)
    return give(p, next_packet(p, station="XX.OTHER"))


@attack("stale beacon", 4, "warden", Reason.BEACON)
def stale_beacon(p: Parties) -> object:
    """Packets recorded beforehand cannot know the beacon."""
    p.step(20)
    return give(p, next_packet(p, beacon=bytes(32)))


@attack("chain fork", 10, "warden", Reason.CHAIN)
def chain_fork(p: Parties) -> object:
    """The package pretends another past."""
    p.step(2)
    return give(p, next_packet(p, previous=hashlib.sha256(b"another past").digest()))


@attack("message in the state of health", 6, "warden", Reason.SOH_MASK)
def health_bits(p: Parties) -> object:
    """Bits outside the mask."""
    p.step(1)
    return give(p, next_packet(p, soh=b"\x01\0\0\0"))


@attack("other policy than the agreed one", 13, "warden", Reason.POLICY_DIGEST)
def other_policy(p: Parties) -> object:
    """The package names another policy."""
    p.step(1)
    return give(p, next_packet(p, policy=hashlib.sha256(b"more channels").digest()))


@attack("more data than agreed", 13, "warden", Reason.PAYLOAD_LENGTH)
def long_payload(p: Parties) -> object:
    """Four bytes behind the samples."""
    p.step(1)
    body = packets.payload_bytes(p.samples(NAME, p.slot), p.sites[NAME].station.policy)
    return give(p, next_packet(p, payload=body + b"spy!"))


@attack("altered sample", 1, "warden", Reason.PAYLOAD_DIGEST)
def altered_payload(p: Parties) -> object:
    """One bit of one sample changed on the way."""
    p.step(1)
    sent = next_packet(p)
    body = bytearray(sent.payload)
    body[17] ^= 1
    return give(p, Sent(sent.slot, sent.note, bytes(body)))


@attack("counts off the quantum", 6, "warden", Reason.PAYLOAD_QUANTUM)
def off_quantum(p: Parties) -> object:
    """The last bits below the agreed quantum carry something."""
    fresh = Parties(bits=bits_of(p), policy={"quantum": 16})
    fresh.step(1)
    body = bytearray(packets.payload_bytes(fresh.samples(NAME, fresh.slot), fresh.sites[NAME].station.policy))
    body[40] ^= 1
    return give(fresh, next_packet(fresh, payload=bytes(body)))


@attack("released before its time", 6, "warden", Reason.RELEASE_EARLY)
def early_release(p: Parties) -> object:
    """Timing as a message: asked out of the gate in its own slot."""
    p.countersign(NAME, p.record(NAME))
    return p.sites[NAME].warden.release_one(p.slot, p.slot)


@attack("logged before the slot is over", 4, "auditor", Reason.RELEASE_EARLY)
def pre_recorded(p: Parties) -> None:
    """Both keys sign a slot that has not been yet; the log shows when it was written."""
    p.step(3)
    sent = next_packet(p, slot=p.slot + 40)
    logged_packet(p, sent)
    p.step(12)
    audited(p, Reason.RELEASE_EARLY)


@attack("logged too late", 3, "auditor", Reason.MERGE_LATE)
def late_release(p: Parties) -> None:
    """The host holds a packet back for ten minutes."""
    p.step(3)
    held = p.countersign(NAME, p.record(NAME))[0]
    for _ in range(60):
        p.tick()
    p.log.append(held.note)
    p.tick()
    p.step(12)
    audited(p, Reason.MERGE_LATE)


@attack("withheld slot", 3, "auditor", Reason.SLOT_MISSING)
def withheld(p: Parties) -> None:
    """The host drops one packet."""
    p.step(4)
    p.countersign(NAME, p.record(NAME))
    p.sites[NAME].warden._waiting.clear()
    p.tick()
    p.step(12)
    audited(p, Reason.SLOT_MISSING)


@attack("payload withheld though its note is logged", 12, "auditor", Reason.PAYLOAD_MISSING)
def payload_withheld(p: Parties) -> None:
    """The digest is public, the samples do not come."""
    p.step(10)
    p.payloads.popitem()
    audited(p, Reason.PAYLOAD_MISSING)


@attack("low rate by omission", 7, "auditor", Reason.GAP_BUDGET)
def omission(p: Parties) -> None:
    """More gaps than agreed: each could be a bit."""
    fresh = Parties(bits=bits_of(p), policy={"gap_budget": 2})
    for i in range(16):
        fresh.countersign(NAME, fresh.record(NAME, gap=i % 3 == 0))
        fresh.release(NAME)
        fresh.tick()
    audited(fresh, Reason.GAP_BUDGET)


@attack("more bytes than a day allows", 13, "warden", Reason.BYTE_BUDGET)
def too_many_bytes(p: Parties) -> None:
    """The gate counts."""
    fresh = Parties(bits=bits_of(p), policy={"max_bytes": 20_000})
    fresh.step(12)


@attack("ledger that hides bytes", 13, "auditor", Reason.LEDGER)
def false_ledger(p: Parties) -> None:
    """The warden signs a ledger of fewer bytes than arrived."""
    p.step(8)
    site = p.sites[NAME]
    day = site.warden.ledger.close(p.slot // 8640)
    less = msgspec.structs.replace(day, size=day.size - 4800)
    p.log.append(notes.sign(less.text(), [site.countersigner]).encode())
    audited(p, Reason.LEDGER)


@attack("forged by the host alone", 1, "auditor", Reason.STATION_SIGNATURE)
def by_host_alone(p: Parties) -> None:
    """The host signs twice: it has no station key."""
    p.step(3)
    logged_packet(p, next_packet(p), ("warden", "warden"))
    audited(p, Reason.STATION_SIGNATURE)


@attack("explosion forged by the monitor alone, logged and witnessed", 2, "auditor", Reason.WARDEN_SIGNATURE)
def by_monitor_alone(p: Parties) -> None:
    """The package's maker signs twice and gets it into the log."""
    p.step(3)
    logged_packet(p, next_packet(p), ("station", "station"))
    p.step(8)
    audited(p, Reason.WARDEN_SIGNATURE)


@attack("one signature missing", 2, "third party", Reason.SIGNATURE_LINES)
def one_signature(p: Parties) -> object:
    """A packet that only the station signed."""
    p.step(1)
    return check(p, next_packet(p).note)


@attack("an extra signature line", 6, "third party", Reason.SIGNATURE_LINES)
def extra_line(p: Parties) -> object:
    """A third line could say anything."""
    note, _ = seal(p)
    more = Signature("spy.example", b"abcd", b"hello")
    return check(p, Note(note.text, (*note.signatures, more)).encode())


@attack("one key stolen", 10, "third party", Reason.SIGNATURE_WRONG)
def one_key_stolen(p: Parties) -> object:
    """The thief of the warden's key copies the station's old signature under a new text."""
    old, _ = seal(p)
    site = p.sites[NAME]
    text = old.text.replace(f"\n{p.slot}\n", f"\n{p.slot + 1}\n")
    forged = Note(text, (old.signatures[0], *notes.sign(text, [site.countersigner]).signatures))
    return check(p, forged.encode())


@attack("both keys stolen: a second packet for a slot", 10, "auditor", Reason.SLOT_CONFLICT)
def both_keys_stolen(p: Parties) -> None:
    """Two notes for one slot show that keys are misused."""
    p.step(8)
    slot = p.slot - 4
    body = packets.payload_bytes(p.samples(NAME, slot + 1000), p.sites[NAME].station.policy)
    logged_packet(p, next_packet(p, payload=body, slot=slot))
    audited(p, Reason.SLOT_CONFLICT)


@attack("revoked key used again", 10, "auditor", Reason.KEY_REVOKED)
def revoked(p: Parties) -> None:
    """A key that was given up signs a later slot."""
    p.step(3)
    vkey = p.sites[NAME].signer.verifier.vkey()
    p.by_all(Revocation(vkey=vkey, from_slot=p.slot, reason="the package was opened").text())
    p.step(8)
    audited(p, Reason.KEY_REVOKED)


@attack("packet from before its key", 10, "auditor", Reason.KEY_NOT_YET)
def before_key(p: Parties) -> None:
    """Back-dated: the key did not exist."""
    fresh = Parties(bits=bits_of(p), policy={"from_slot": START_SLOT - 100})
    logged_packet(fresh, next_packet(fresh, slot=START_SLOT - 5))
    audited(fresh, Reason.KEY_NOT_YET)


@attack("signature plus modulus", 6, "third party", Reason.SIGNATURE_RANGE)
def plus_modulus(p: Parties) -> object:
    """S + n opens to the same message: a second spelling, where it fits."""
    note, key = seal(p)
    while int.from_bytes(note.signatures[0].signature, "big") + key.n >= 1 << key.n.bit_length():
        p.tick()
        note, key = seal(p)
    return check(p, _resigned(note, key, int.from_bytes(note.signatures[0].signature, "big") + key.n, 0))


@attack("signature with a leading zero", 6, "third party", Reason.SIGNATURE_LENGTH)
def leading_zero(p: Parties) -> object:
    """One byte more, the same number."""
    note, key = seal(p)
    return check(p, _resigned(note, key, int.from_bytes(note.signatures[0].signature, "big"), 1))


def _resigned(note: Note, key: RsaVerifier, s: int, longer: int) -> bytes:
    raw = s.to_bytes(key.n.bit_length() // 8 + longer, "big")
    first = Signature(key.name, key.key_id, raw)
    return Note(note.text, (first, note.signatures[1])).encode()


@attack("spare bits of base64", 6, "third party", Reason.NOTE_REBUILD)
def spare_bits(p: Parties) -> object:
    """The last character before the padding has bits that decoders ignore."""
    note, _ = seal(p)
    line = note.signatures[0]
    spelled = to_base64(line.key_id + line.signature)
    data = note.encode().decode()
    at = len(spelled.rstrip("=")) - 1
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = spelled[:at] + alphabet[alphabet.index(spelled[at]) + 1] + spelled[at + 1 :]
    return check(p, data.replace(spelled, other).encode())
