"""Two parties, their stations and wardens, one log, five witnesses: the whole chain in memory, slot by slot.

Rules: the same classes as the running nodes, joined by calls in place of sockets; time is the slot number given; keys come from
seeds, for demonstrations, tests and benchmarks only: real keys come from the ceremony. Samples are made here (seeded noise) unless given.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec
import numpy as np

from testban.station.memory import InMemory
from testban.station.station import Health, Sent, Station
from testban.station.warden import Released, Warden
from testban.trust import checkpoints, log, notes, quorum
from testban.trust import witness as witnesses
from testban.trust.documents import Certificate, Command, Epoch, Key, Policy
from testban.trust.keys import Cosigner, Ed25519Signer, RsaSigner
from testban.trust.notes import Note
from testban.trust.packet import Counts
from testban.trust.registry import Treaty

ORIGIN = "log.example/joint"
PARTIES = ("A", "B")
WITNESSES = ("A", "B", "N1", "N2", "N3")
START_SLOT = 152_277_900
NOISE_COUNTS = 300
# Candidates before the first and second prime of each demonstration key: found once, so that a demonstration starts at once.
KNOWN_COMPOSITES: dict[tuple[str, str, int], tuple[int, int]] = {
    ("XX.ALFA", "station", 2048): (890, 249),
    ("XX.ALFA", "warden", 2048): (92, 275),
    ("XX.ALFA", "station", 3072): (170, 818),
    ("XX.ALFA", "warden", 3072): (566, 611),
    ("XX.BETA", "station", 3072): (763, 2945),
    ("XX.BETA", "warden", 3072): (192, 253),
    ("XX.GAMMA", "station", 3072): (979, 191),
    ("XX.GAMMA", "warden", 3072): (531, 462),
    ("XX.BETA", "station", 2048): (243, 210),
    ("XX.BETA", "warden", 2048): (174, 440),
    ("XX.GAMMA", "station", 2048): (672, 1684),
    ("XX.GAMMA", "warden", 2048): (507, 293),
}  # fmt: skip


def seed(name: str) -> bytes:
    """A seed for a demonstration key: public, so worth nothing."""
    return hashlib.sha256(b"testban demonstration seed " + name.encode()).digest()


@cache
def unique_key(station: str, who: str, bits: int) -> tuple[RsaSigner, bytes]:
    """A demonstration key and its permutation certificate."""
    known = KNOWN_COMPOSITES.get((station, who, bits), (0, 0))
    signer = RsaSigner.from_seed(f"{station}/{who}", seed(f"{who} {station}"), bits, known)
    return signer, signer.certificate()


class Site(msgspec.Struct, frozen=True):
    """One station and its warden."""

    station: Station
    warden: Warden
    signer: RsaSigner
    countersigner: RsaSigner


class Parties:
    """Everything that the two parties run between them."""

    def __init__(
        self,
        names: Sequence[str] = ("XX.ALFA",),
        *,
        bits: int = 3072,
        policy: Mapping[str, object] | None = None,
    ) -> None:
        self.slot = START_SLOT
        self.sequencer = Ed25519Signer(ORIGIN, seed("log"))
        self.log = log.Log(ORIGIN, self.sequencer)
        self.party_keys = {
            p: Ed25519Signer(f"{p.lower()}.example/party", seed(f"party {p}")) for p in PARTIES
        }
        self.cosigners = {
            n: Cosigner(f"{n.lower()}.example/witness", seed(f"witness {n}")) for n in WITNESSES
        }
        self.policy_text = self._policy_text()
        self.quorum = quorum.parse(self.policy_text.encode())
        self.treaty = Treaty(parties=self.quorum.parties)
        known = {ORIGIN: [self.sequencer.verifier]}
        self.witnesses = {
            n: witnesses.Witness([c], known, witnesses.InMemory()) for n, c in self.cosigners.items()
        }
        self.sites: dict[str, Site] = {}
        self.payloads: dict[bytes, bytes] = {}
        self.epochs: dict[int, bytes] = {}
        self.indices: dict[tuple[str, int], int] = {}
        self.sizes = dict.fromkeys(WITNESSES, 0)
        self.posts: dict[str, log.Post] = {n: self.local(n) for n in WITNESSES}
        for name in names:
            self._settle(name, bits, dict(policy or {}))

    def _policy_text(self) -> str:
        lines = [f"log {self.sequencer.verifier.vkey()}"]
        lines += [f"witness {n} {c.verifier.vkey()}" for n, c in self.cosigners.items()]
        lines += [
            "group parties all A B",
            "group neutral any N1 N2 N3",
            "group both all parties neutral",
            "quorum both",
        ]
        lines += [f"#testban party {p} {k.verifier.vkey()}" for p, k in self.party_keys.items()]
        return "\n".join(lines) + "\n"

    def _settle(self, name: str, bits: int, more: dict[str, object]) -> None:
        fields: dict[str, object] = {
            "channels": ("BHZ", "BHN", "BHE"),
            "rate": 40,
            "from_slot": START_SLOT,
            "commands": ("calibrate",),
        }
        policy = msgspec.convert({"station": name, **fields, **more}, Policy, strict=False)
        made = [unique_key(name, who, bits) for who in ("station", "warden")]
        pair = [signer for signer, _ in made]
        for who, (signer, roots) in zip(("station", "warden"), made, strict=True):
            self.by_all(Certificate(vkey=signer.verifier.vkey(), roots=roots).text())
            key = Key(
                role=f"{name}/{who}",
                vkey=signer.verifier.vkey(),
                certificate=hashlib.sha256(roots).digest(),
                from_slot=START_SLOT,
            )
            self.by_all(key.text())
        self.by_all(policy.text())
        station = Station(policy, pair[0], InMemory(), self.quorum, self.treaty)
        warden = Warden(policy, pair[0].verifier, pair[1], InMemory(), self.quorum)
        self.sites[name] = Site(station, warden, pair[0], pair[1])

    def signed(self, text: str, parties: Sequence[str] = PARTIES) -> Note:
        """A document signed by these parties."""
        return notes.sign(text, [self.party_keys[p] for p in parties])

    def by_all(self, text: str) -> int:
        """A document that all parties sign, in the log."""
        return self.log.append(self.signed(text).encode())

    def samples(self, name: str, slot: int) -> Counts:
        """Noise of a slot, the same for ever."""
        policy = self.sites[name].station.policy
        draw = np.random.default_rng([int.from_bytes(name.encode(), "big"), slot])
        shape = (len(policy.channels), policy.rate * policy.slot_seconds)
        counts = np.rint(draw.normal(0, NOISE_COUNTS, shape) / policy.quantum).astype(np.int32)
        return counts * np.int32(policy.quantum)

    def record(self, name: str, *, gap: bool = False) -> list[Sent]:
        """The station closes the slot that runs."""
        samples = None if gap else self.samples(name, self.slot)
        return self.sites[name].station.slot(self.slot, samples, Health(0))

    def countersign(self, name: str, sent: Sequence[Sent]) -> list[Released]:
        """The warden checks and countersigns."""
        return [self.sites[name].warden.receive(s.note, s.payload) for s in sent]

    def release(self, name: str) -> list[int]:
        """What is due crosses the border and goes into the log."""
        indices = []
        for item in self.sites[name].warden.release(self.slot):
            self.payloads[hashlib.sha256(item.payload).digest()] = item.payload
            index = self.log.append(item.note)
            self.indices[name, item.slot] = index
            indices.append(index)
        return indices

    def step(self, slots: int = 1) -> None:
        """Let slots pass: record, countersign, release, and close the epoch where it ends."""
        for _ in range(slots):
            for name in self.sites:
                self.countersign(name, self.record(name))
                self.release(name)
            self.tick()

    def tick(self) -> None:
        """The slot ends."""
        self.slot += 1
        policy = next(iter(self.sites.values())).station.policy
        if self.slot % policy.epoch_slots == 0:
            self.close_epoch(self.slot // policy.epoch_slots - 1)

    def close_epoch(self, number: int) -> bytes:
        """A witnessed checkpoint closes an epoch; every node is fed with it and the log notes it."""
        note = self.witnessed()
        data = note.encode()
        head = checkpoints.parse_text(note.text)
        self.epochs[number] = data
        for site in self.sites.values():
            site.station.feed(number, data)
            site.warden.feed(number, data)
        epoch = Epoch(number=number, size=head.size, root=head.root)
        self.log.append(notes.sign(epoch.text(), [self.sequencer]).encode())
        return data

    def witnessed(self, names: Sequence[str] = WITNESSES) -> Note:
        """The present tree, cosigned."""
        asked = {n: (self.sizes[n], self.posts[n]) for n in names}
        note, answers = self.log.witnessed(self.log.checkpoint(), asked)
        for n, answer in answers.items():
            if answer.status == 200:
                self.sizes[n] = checkpoints.parse_text(note.text).size
        return note

    def local(self, name: str) -> log.Post:
        """A witness asked without a network."""
        return lambda body: self.witnesses[name].add_checkpoint(body, self.slot * 10)

    def prove(self, index: int, note: Note | None = None) -> bytes:
        """A proof of an entry with no more signatures than the policy needs."""
        return self.log.prove(index, note or self.witnessed(), self.quorum)

    def command(
        self, name: str, number: int, command: str = "calibrate", parties: Sequence[str] = PARTIES
    ) -> Note:
        """A command for the next hundred slots."""
        text = Command(
            station=name, number=number, command=command, from_slot=self.slot, to_slot=self.slot + 100
        ).text()
        return self.signed(text, parties)
