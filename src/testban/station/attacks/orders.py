"""Attacks through commands, policies, bulletins and judgements (threats 14 and 16)."""

import hashlib

import msgspec

from testban.station.attacks.suite import attack, audited
from testban.station.parties import Parties
from testban.trust import judgement, release
from testban.trust.checks import Reason
from testban.trust.documents import Command, Manifest, Reveal

NAME = "XX.ALFA"


def order(
    p: Parties, command: str = "calibrate", parties: tuple[str, ...] = ("A", "B"), later: int = 0
) -> object:
    """A command, logged, given to the station."""
    note = p.command(NAME, 1, command, parties)
    data = note.encode()
    proof = p.prove(p.log.append(data))
    return p.sites[NAME].station.obey(data, proof, p.slot + later)


@attack("command that the policy does not list", 14, "station", Reason.COMMAND_LIST)
def not_listed(p: Parties) -> object:
    """Raise the sampling rate."""
    return order(p, "set-rate")


@attack("command of one party alone", 14, "station", Reason.COMMAND_APPROVALS)
def one_party(p: Parties) -> object:
    """The monitor commands without the host."""
    return order(p, parties=("A",))


@attack("command that is not in the log", 14, "station", Reason.COMMAND_NOT_LOGGED)
def not_logged(p: Parties) -> object:
    """Approved by both, but in secret from the others."""
    note = p.command(NAME, 1)
    return p.sites[NAME].station.obey(note.encode(), p.prove(0), p.slot)


@attack("command given again", 14, "station", Reason.COMMAND_REPEATED)
def repeated(p: Parties) -> object:
    """One approval, two calibrations."""
    note = p.command(NAME, 1)
    data = note.encode()
    proof = p.prove(p.log.append(data))
    p.sites[NAME].station.obey(data, proof, p.slot)
    return p.sites[NAME].station.obey(data, proof, p.slot)


@attack("command out of its time", 14, "station", Reason.COMMAND_TIME)
def out_of_time(p: Parties) -> object:
    """An old approval kept in a drawer."""
    return order(p, later=1000)


@attack("command for another station", 14, "station", Reason.STATION_NAME)
def other_station(p: Parties) -> object:
    """Approved for a neighbour."""
    command = Command(station="XX.OTHER", number=1, command="calibrate", from_slot=p.slot, to_slot=p.slot)
    data = p.signed(command.text()).encode()
    return p.sites[NAME].station.obey(data, p.prove(p.log.append(data)), p.slot)


@attack("policy downgrade", 13, "station", Reason.POLICY_DOWNGRADE)
def downgrade(p: Parties) -> object:
    """An older, wider policy is brought back."""
    policy = msgspec.structs.replace(p.sites[NAME].station.policy, version=0)
    data = p.signed(policy.text()).encode()
    return p.sites[NAME].station.after(data, p.prove(p.log.append(data)))


@attack("policy that one party signed", 13, "station", Reason.APPROVALS)
def one_sided_policy(p: Parties) -> object:
    """More channels, says one side."""
    policy = msgspec.structs.replace(
        p.sites[NAME].station.policy, version=2, channels=("BHZ", "BHN", "BHE", "BDF")
    )
    data = p.signed(policy.text(), ("B",)).encode()
    return p.sites[NAME].station.after(data, p.prove(p.log.append(data)))


@attack("policy downgrade written into the log", 13, "auditor", Reason.POLICY_DOWNGRADE)
def logged_downgrade(p: Parties) -> None:
    """Signed by all, but of an older version."""
    policy = msgspec.structs.replace(p.sites[NAME].station.policy, version=1)
    p.by_all(
        policy.text() if policy.version != 1 else msgspec.structs.replace(policy, gap_budget=8000).text()
    )
    audited(p, Reason.POLICY_DOWNGRADE)


def manifest(output: bytes) -> Manifest:
    """A bulletin's manifest with this output."""
    some = hashlib.sha256(b"same for all").digest()
    return Manifest(
        name="bulletin", inputs=some, origin="log.example/joint", tree_size=9, root=some, code=some, lock=some,
        configuration=some, output=hashlib.sha256(output).digest(),
    )  # fmt: skip


@attack("unequal bulletins", 16, "either party", Reason.OUTPUT)
def unequal(p: Parties) -> object:
    """One party publishes other bytes than the inputs give."""
    return release.agree(manifest(b"an earthquake"), manifest(b"an explosion"))


@attack("bulletin of other inputs", 16, "either party", Reason.MANIFEST)
def other_inputs(p: Parties) -> object:
    """The same result, of data that the other does not have."""
    mine = manifest(b"an explosion")
    return release.agree(msgspec.structs.replace(mine, inputs=bytes(32)), mine)


@attack("bulletin released by one party", 16, "third party", Reason.APPROVALS)
def one_sided_release(p: Parties) -> object:
    """A release note with one signature."""
    return release.check(p.signed(release.note_text(manifest(b"x")), ("A",)), manifest(b"x"), p.treaty)


@attack("release note of another bulletin", 16, "third party", Reason.MANIFEST)
def other_release(p: Parties) -> object:
    """Signed by both, for something else."""
    return release.check(p.signed(release.note_text(manifest(b"x"))), manifest(b"y"), p.treaty)


def board(p: Parties) -> tuple[judgement.Board, dict[str, Reveal]]:
    """Two findings on one event."""
    reveals = {
        k: Reveal(
            party=k,
            purpose="finding",
            subject="event-1",
            value=f"{k} says explosion",
            salt=hashlib.sha256(k.encode()).digest(),
        )
        for k in ("A", "B")
    }
    return judgement.Board("finding", "event-1", ("A", "B")), reveals


@attack("finding revealed before the other has committed", 16, "log", Reason.REVEAL_EARLY)
def early_reveal(p: Parties) -> None:
    """So that the other could answer the answer."""
    b, reveals = board(p)
    b.commit(judgement.commit(reveals["A"]))
    b.reveal(reveals["A"])


@attack("finding changed after the other's was seen", 16, "log", Reason.COMMITMENT)
def changed_mind(p: Parties) -> None:
    """The revealed finding is not the one committed to."""
    b, reveals = board(p)
    for r in reveals.values():
        b.commit(judgement.commit(r))
    b.reveal(msgspec.structs.replace(reveals["A"], value="A says earthquake"))
