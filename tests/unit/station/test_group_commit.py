"""Entries that come at once share a sync of the disk; each is answered when it is there, or refused when it cannot be."""

import threading

import pytest

from testban.base.errors import InputError, StoreError
from testban.run.log_node import Sequencer
from testban.station.parties import ORIGIN, Parties
from testban.store.durable import Journal
from testban.store.log_files import LogFiles


@pytest.fixture
def log(tmp_path):
    return LogFiles(tmp_path / "log", ORIGIN, Parties((), bits=2048).sequencer)


def together(node, entries):
    """What each entry is answered when all are given at once: its place or the error."""
    answers = {}

    def give(entry):
        try:
            answers[entry] = node.take(entry)
        except (InputError, StoreError) as exc:
            answers[entry] = exc

    threads = [threading.Thread(target=give, args=(e,)) for e in entries]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    return answers


def held(node, entries, spoil=lambda: None):
    """The same while the disk is busy until all have come."""
    out = {}
    with node._lock:
        whole = threading.Thread(target=lambda: out.update(together(node, entries)))
        whole.start()
        while len(node._waiting) < len([e for e in entries if e]):
            pass
        spoil()
    whole.join(30)
    return out


def test_those_that_wait_go_to_disk_together(log, tmp_path, monkeypatch):
    syncs = []
    whole = Journal.append
    monkeypatch.setattr(
        Journal, "append", lambda self, records: (syncs.append(len(records)), whole(self, records))
    )
    node = Sequencer(log, {}, None, None)
    entries = [b"entry %d" % i for i in range(24)]
    answers = held(node, [*entries, b""])
    assert isinstance(answers.pop(b""), InputError)
    assert sorted(answers.values()) == list(range(24))
    assert [n for n in syncs if n] == [24]
    log.close()
    again = LogFiles(tmp_path / "log", ORIGIN, *log.log.signers)
    assert all(again.log.entries[place] == entry for entry, place in answers.items())


def test_the_same_entry_twice_at_once_has_one_place(log):
    node = Sequencer(log, {}, None, None)
    places = []
    threads = [threading.Thread(target=lambda: places.append(node.take(b"same"))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert places == [0] * 8
    assert log.log.size == 1


def test_a_full_disk_is_said_to_each_that_waits_and_the_next_is_taken(log, monkeypatch):
    whole = Journal.append
    node = Sequencer(log, {}, None, None)

    def full(_self, _records):
        raise StoreError("no space left")

    entries = [b"entry %d" % i for i in range(9)]
    answers = held(node, entries, lambda: monkeypatch.setattr(Journal, "append", full))
    assert all(isinstance(a, StoreError) for a in answers.values())
    assert len(answers) == 9
    assert (node._waiting, log.log.size) == ([], 0)
    monkeypatch.setattr(Journal, "append", whole)
    assert node.take(b"entry 3") == 0
