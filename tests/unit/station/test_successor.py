"""Threat row 9: a log that drops a station's notes is noticed, and followed by another that any party can run."""

from testban.cli.trusted import open_log
from testban.station.parties import ORIGIN, Parties, seed
from testban.store.log_files import LogFiles
from testban.trust import audit, beacon, checkpoints, proofs, quorum, witness
from testban.trust.checks import Reason
from testban.trust.keys import Ed25519Signer
from testban.trust.log import Log

NAME = "XX.ALFA"
NEW = "successor.example/joint"


def test_successor_log(tmp_path):
    p = Parties((NAME,), bits=2048)
    policy = p.sites[NAME].station.policy
    p.step(12)
    honest, dropped = p.log.append, []

    def censoring(entry):
        if entry.startswith(b"testban/packet@v1\n"):
            dropped.append(entry)
            return -1
        return honest(entry)

    p.log.append = censoring
    p.step(60)
    p.log.append = honest

    # The alarm: what was released and should be in the log by now is not.
    due = p.slot - policy.release_delay - policy.merge_delay
    found = audit.audit(p.log.entries, p.quorum, p.treaty, last=due)
    assert {f.reason for f in found.faults} == {Reason.SLOT_MISSING}
    assert len(found.faults) == due - max(s for n, s in p.indices if p.indices[n, s] >= 0)

    # The state is in the static files: another party takes it from a mirror and goes on under a new key.
    old = LogFiles(tmp_path / "old", ORIGIN, p.sequencer)
    old.append(p.log.entries)
    old.publish()
    old.close()
    signer = Ed25519Signer(NEW, seed("successor"))
    new = Log(NEW, signer, open_log(str(tmp_path / "old")).entries())
    assert new.tree.root() == p.log.tree.root()
    for entry in dropped:
        new.append(entry)

    # Same witnesses, same parties; the policy names both logs.
    text = f"log {signer.verifier.vkey()}\n{p.policy_text}"
    rules = quorum.parse(text.encode())
    for w in p.witnesses.values():
        w.logs[NEW] = [signer.verifier]
    note, answers = new.witnessed(new.checkpoint(), {n: (0, p.local(n)) for n in p.witnesses})
    assert {a.status for a in answers.values()} == {200}

    heads = [*p.epochs.values(), note.encode()]
    after = audit.audit(new.entries, rules, p.treaty, observed=heads, payload=p.payloads.get)
    assert {f.reason for f in after.faults} <= {Reason.MERGE_LATE}, "nothing is lost, only late"
    assert after.packets == found.packets + len(dropped)
    proof = new.prove(new.size - 1, note, rules)
    assert proofs.verify(proof, rules).entry == dropped[-1]

    # The beacon goes on: the successor's head closes the next epoch for every node.
    number = p.slot // policy.epoch_slots
    fed = beacon.Beacons(rules)
    assert fed.feed(number, note.encode(), policy) == new.tree.root()

    # A witness that signed the old log signs no second history of the new one either.
    other = Log(NEW, signer, [*new.entries[:-1], b"another entry"])
    body = witness.request_bytes(new.size, [], other.checkpoint().encode())
    answer = p.witnesses["N1"].add_checkpoint(body, p.slot * 10)
    assert (answer.status, answer.reason) == (409, Reason.SPLIT_VIEW)
    assert checkpoints.parse_text(note.text).origin == NEW
