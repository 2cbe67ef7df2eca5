"""Keys of station and warden give way to others from a slot on while the nodes run, and are revoked; heads of a log with two keys."""

import hashlib
import random

import pytest
from test_crash import killed
from test_crash_nodes import NAME, SLOTS, World, audited, lay

from testban.station.parties import ORIGIN, START_SLOT, Parties, seed
from testban.store.log_files import LogFiles, LogFolder
from testban.trust import keys, notes, quorum, witness
from testban.trust.checks import Reason, Rejected
from testban.trust.documents import Certificate, Key, Revocation, Rotation

SWITCH = START_SLOT + 40


@pytest.fixture(scope="module")
def later():
    return {
        who: keys.RsaSigner.from_seed(f"{NAME}/{who}", seed(f"later {who}"), 2048)
        for who in ("station", "warden")
    }


def old_key(p, who):
    site = p.sites[NAME]
    return site.signer if who == "station" else site.countersigner


def rotation(p, who, new, *, from_slot=SWITCH, by_old=True, parties=("A", "B")):
    """The notes of the certificate and of the rotation."""
    certificate = Certificate(vkey=new.verifier.vkey(), roots=new.certificate())
    old = old_key(p, who)
    text = Rotation(
        role=f"{NAME}/{who}", old=old.verifier.vkey(), new=new.verifier.vkey(),
        certificate=hashlib.sha256(certificate.roots).digest(), from_slot=from_slot,
    ).text()  # fmt: skip
    note = p.signed(text, parties)
    return p.signed(certificate.text()), notes.add_signature(note, old) if by_old else note


def signers_by_slot(root):
    """(key ids of station and warden) by slot, as the log has them."""
    found = {}
    for entry in LogFolder(root / "log").entries():
        if entry.startswith(b"testban/packet@v1\n"):
            note = notes.parse(entry)
            found[int(note.text.split("\n")[2])] = tuple(s.key_id for s in note.signatures)
    return found


@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_both_keys_give_way_from_a_slot_on_while_nodes_run_and_are_killed(tmp_path, later, kills):
    p = Parties((NAME,), bits=2048)
    first = World(p, tmp_path)
    for who, at in (("station", SWITCH), ("warden", SWITCH + 7)):
        certificate, change = rotation(p, who, later[who], from_slot=at)
        first.files.append([lay(p, tmp_path, f"{who}-1", certificate), lay(p, tmp_path, f"{who}-2", change)])
    first.files.close()
    draw = random.Random(kills)
    held = ([later["station"]], [later["warden"]])

    def work(say):
        World(p, tmp_path, *held).work(say)

    for _ in range(kills):
        killed(work, draw.uniform(0.03, 0.6))
    whole = World(p, tmp_path, *held)
    whole.work()
    whole.files.close()
    report = audited(p, tmp_path)
    assert {f.reason for f in report.faults} <= {Reason.MERGE_LATE}
    assert (report.packets, report.gaps) == (SLOTS, 0)
    for slot, (station, warden) in signers_by_slot(tmp_path).items():
        assert station == (later["station"] if slot >= SWITCH else old_key(p, "station")).verifier.key_id
        assert warden == (later["warden"] if slot >= SWITCH + 7 else old_key(p, "warden")).verifier.key_id
    # What was closed under the old keys is signed again with them, byte for byte.
    sent = whole.station.station.resend(START_SLOT, SWITCH + 9)
    again = whole.warden.warden.resend(START_SLOT, SWITCH + 9, SWITCH + 100)
    logged = {
        int(e.split(b"\n")[2]): e
        for e in LogFolder(tmp_path / "log").entries()
        if e.startswith(b"testban/packet")
    }
    assert [a.note for a in again] == [logged[a.slot] for a in again]
    assert all(logged[s.slot].startswith(s.note) for s in sent)


@pytest.mark.parametrize(
    ("more", "held", "certified", "reason"),
    [
        ({"by_old": False}, True, True, Reason.APPROVALS),
        ({"parties": ("A",)}, True, True, Reason.APPROVALS),
        ({"from_slot": START_SLOT + 2}, True, True, Reason.SLOT_REPLAY),
        ({}, True, False, Reason.KEY_FORM),
        ({}, False, True, Reason.KEY_UNKNOWN),
    ],
)
@pytest.mark.parametrize("who", ["station", "warden"])
def test_a_rotation_that_must_not_count_changes_nothing(tmp_path, later, who, more, held, certified, reason):
    p = Parties((NAME,), bits=2048)
    have = ([later["station"]], [later["warden"]]) if held else ()
    world = World(p, tmp_path, *have)
    world.work(last=START_SLOT + 5)
    certificate, change = rotation(p, who, later[who], **more)
    if certified:
        lay(p, tmp_path, "1", certificate)
    lay(p, tmp_path, "2", change)
    said = []
    world.station.say = said.append
    world.work(last=SWITCH + 5)
    world.files.close()
    assert any(line.startswith("not taken: 2:") and reason.value in line for line in said), said
    known = {(old_key(p, "station").verifier.key_id, old_key(p, "warden").verifier.key_id)}
    assert set(signers_by_slot(tmp_path).values()) == known


@pytest.mark.parametrize("who", ["station", "warden"])
def test_a_revoked_key_signs_nothing_more_until_the_parties_give_another(tmp_path, later, who):
    p = Parties((NAME,), bits=2048)
    world = World(p, tmp_path, [later["station"]], [later["warden"]])
    world.work(last=START_SLOT + 5)
    stolen = Revocation(
        vkey=old_key(p, who).verifier.vkey(), from_slot=START_SLOT + 10, reason="stolen"
    ).text()
    lay(p, tmp_path, "1", p.signed(stolen, ("A",)))
    world.files.append([lay(p, tmp_path, "2", p.signed(stolen))])
    with pytest.raises(AssertionError, match="key-revoked"):
        world.work()
    closed = world.warden.warden.memory.last().slot
    assert closed == START_SLOT + 9, "the revocation of one party alone counted, or that of both did not"
    new = Certificate(vkey=later[who].verifier.vkey(), roots=later[who].certificate())
    key = Key(
        role=f"{NAME}/{who}",
        vkey=new.vkey,
        certificate=hashlib.sha256(new.roots).digest(),
        from_slot=START_SLOT + 10,
    )
    world.files.append(
        [lay(p, tmp_path, "3", p.signed(new.text())), lay(p, tmp_path, "4", p.signed(key.text()))]
    )
    world.work()
    world.files.close()
    report = audited(p, tmp_path)
    assert {f.reason for f in report.faults} <= {Reason.MERGE_LATE}
    assert (report.packets, report.gaps) == (SLOTS, 0)


def test_a_log_and_a_witness_change_keys_over_a_time_with_both(tmp_path):
    """Heads carry both signatures meanwhile: who knows only the old key or only the new one reads the same log throughout."""
    p = Parties((), bits=2048)
    old, new = p.sequencer, keys.Ed25519Signer(ORIGIN, seed("later log"))
    wold, wnew = p.cosigners["A"], keys.Cosigner("a.example/witness", seed("later witness A"))
    text = p.policy_text
    after = text.replace(old.verifier.vkey(), new.verifier.vkey()).replace(
        wold.verifier.vkey(), wnew.verifier.vkey()
    )
    policies = [quorum.parse(t.encode()) for t in (text, after)]
    memory = witness.InMemory()
    steps = [([old], [wold]), ([old, new], [wold, wnew]), ([new], [wnew])]
    accepted = []
    for n, (signers, cosigners) in enumerate(steps):
        known = {ORIGIN: [old.verifier, new.verifier]}
        nodes = {k: witness.Witness([c], known, witness.InMemory()) for k, c in p.cosigners.items()}
        nodes["A"] = witness.Witness(cosigners, known, memory)
        files = LogFiles(tmp_path / "log", ORIGIN, *signers)
        files.append([b"entry %d" % n])
        posts = {k: (0, lambda body, w=w: w.add_checkpoint(body, 1000)) for k, w in nodes.items()}
        head = files.publish(posts).encode()
        files.close()
        accepted.append([holds(policy, head) for policy in policies])
    assert accepted == [["holds", "log-signature"], ["holds", "holds"], ["log-signature", "holds"]]
    assert memory.latest(ORIGIN).size == 3


def holds(policy, head):
    try:
        policy.check(head)
    except Rejected as exc:
        return exc.reason.value
    return "holds"
