import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testban.trust import checkpoints, keys, notes, sealed
from testban.trust.checks import Reason, Rejected
from testban.trust.encoding import from_base64, to_base64
from testban.trust.packet import Packet

# C2SP signed-note.md and tlog-checkpoint.md, the documents' own examples.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()
# golang/mod sumdb/note: the documentation's key and note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def reason_of(data, **more):
    with pytest.raises(Rejected) as caught:
        notes.parse(data, **more)
    return caught.value.reason


def test_published_notes_are_read_and_written_again():
    for data in (QUASIMODO, PETER_NOTE):
        assert notes.parse(data).encode() == data
    assert notes.parse(QUASIMODO).text.count("\n") == 4


def test_published_note_verifies_and_a_changed_one_does_not():
    key = keys.parse_vkey(PETER)
    assert notes.open_note(PETER_NOTE, [key]).text.startswith("If you think")
    with pytest.raises(Rejected) as caught:
        notes.open_note(PETER_NOTE.replace(b"answer", b"Answer"), [key])
    assert caught.value.reason is Reason.SIGNATURE_WRONG


def test_own_keys_round_trip_and_unknown_signatures_are_ignored():
    a, b = keys.Ed25519Signer("a.example/k", b"a" * 32), keys.Ed25519Signer("b.example/k", b"b" * 32)
    note = notes.sign("hello\n", [a, b])
    again = notes.open_note(note.encode(), [b.verifier])
    assert [v.name for v in notes.signers_of(again, [b.verifier, a.verifier])] == [
        "b.example/k",
        "a.example/k",
    ]
    stranger = keys.Ed25519Signer("c.example/k", b"c" * 32)
    with pytest.raises(Rejected) as caught:
        notes.open_note(note.encode(), [stranger.verifier])
    assert caught.value.reason is Reason.SIGNATURE_WRONG
    same_name = keys.Ed25519Signer("a.example/k", b"d" * 32)
    assert notes.signers_of(again, [same_name.verifier]) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d + b"x" * 70000, Reason.NOTE_SIZE),
        (lambda d: d.replace(b"If", b"\xff\xff"), Reason.NOTE_FORM),
        (lambda d: d.replace(b"you", b"y\tu", 1), Reason.NOTE_FORM),
        (lambda d: d[:-1], Reason.NOTE_FORM),
        (lambda d: d.replace(b"\n\n", b"\n"), Reason.NOTE_FORM),
        (lambda d: d + b"\n", Reason.NOTE_FORM),
        (lambda d: d.replace("— ".encode(), b"- "), Reason.NOTE_FORM),
        (lambda d: d.replace(b"JnAM=", b"JnAN="), Reason.NOTE_REBUILD),
        (lambda d: d.replace(b"JnAM=", b"JnAM"), Reason.NOTE_FORM),
        (lambda d: d.replace(b"PeterN", b"Peter+N"), Reason.NOTE_FORM),
        (lambda d: d.replace(b"PeterN", "Peter\u2003N".encode()), Reason.NOTE_FORM),
        (lambda d: d + d.rpartition(b"\n\n")[2] * 16, Reason.SIGNATURE_LINES),
    ],
)
def test_other_spellings_are_refused(change, reason):
    assert reason_of(change(PETER_NOTE)) is reason


@pytest.mark.parametrize(
    "text",
    [
        PETER + "A",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        "PeterNeumann+c74f20a3",
        "",
    ],
)
def test_bad_vkeys_are_refused(text):
    with pytest.raises(Rejected) as caught:
        keys.parse_vkey(text)
    assert caught.value.reason is Reason.KEY_FORM


def test_key_id_is_the_recommended_hash():
    signer = keys.Ed25519Signer("x.example", b"7" * 32)
    public = from_base64(signer.verifier.vkey().split("+", 2)[2], Reason.KEY_FORM)
    assert public[0] == 1
    assert signer.verifier.key_id == hashlib.sha256(b"x.example\n" + public).digest()[:4]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read_exactly(data):
    try:  # noqa: SIM105
        assert notes.parse(data).encode() == data
    except Rejected:
        pass


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PETER_NOTE) * 8 - 1))
def test_no_flipped_bit_verifies(bit):
    data = bytearray(PETER_NOTE)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Rejected):
        notes.open_note(bytes(data), [keys.parse_vkey(PETER)])


def test_checkpoint_and_cosignatures():
    # C2SP tlog-cosignature.md, the document's own example.
    data = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    ).encode()
    head, note = checkpoints.parse(data)
    assert (head.origin, head.size, note.encode()) == ("example.com/behind-the-sofa", 20852163, data)
    assert keys.timestamp(note.signatures[1].signature) == 1679315147
    log = keys.Ed25519Signer("log.example", b"l" * 32)
    for ml in (False, True):
        witness = keys.Cosigner("w.example/1", b"w" * 32, mldsa44=ml)
        signed = checkpoints.sign(checkpoints.Checkpoint("log.example", 5, bytes(range(32))), log)
        line = notes.Signature(
            "w.example/1", witness.verifier.key_id, witness.cosign(signed.text.encode(), 99)
        )
        whole = checkpoints.with_cosignatures(signed, line.line().encode())
        assert len(notes.signers_of(whole, [log.verifier, witness.verifier])) == 2
        assert keys.parse_vkey(witness.verifier.vkey()) == witness.verifier
        other = notes.Note(whole.text.replace("5\n", "6\n", 1), whole.signatures)
        with pytest.raises(Rejected):
            notes.signers_of(other, [witness.verifier])


@pytest.mark.parametrize(
    "change", [("20852163", "020852163"), ("20852163", "+1"), ("q2I=", "q2J="), ("\n2", "\n\n2")]
)
def test_other_spellings_of_a_checkpoint_are_refused(change):
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    with pytest.raises(Rejected) as caught:
        checkpoints.parse_text(text.replace(*change))
    assert caught.value.reason is Reason.CHECKPOINT_FORM


def test_a_packet_written_out_is_the_general_body():
    from testban.trust.bodies import Body

    p = Packet(station="XX.KEST", slot=5, policy=b"a" * 32, payload=b"b" * 32, previous=b"c" * 32, beacon=b"d" * 32, soh=b"\0\1\2\3")  # fmt: skip
    text = Body.text(p)
    assert p.text() == text
    assert Packet.parse(text) == p
    for bad in (
        text + "x\n",
        text.upper(),
        text.replace("5\n", "05\n"),
        text[:-2] + "\n",
        "",
        text.replace("6", "g"),
    ):
        with pytest.raises(Rejected) as caught:
            Packet.parse(bad)
        assert caught.value.reason is Reason.BODY_FORM


PACKET = "testban/packet@v1\nXX.KEST\n5\n" + 4 * f"{'0f' * 32}\n" + "00000001\n"
LINES = [
    f"— XX.KEST/{who} {to_base64(bytes(range(n, n + 40)))}\n" for n, who in ((1, "station"), (9, "warden"))
]


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_packet_note_read_at_a_stroke_is_that_of_the_general_way(data):
    """Whatever is changed in it: both give the same, or only the general one reads it."""
    whole = (PACKET + "\n" + "".join(LINES)).encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    piece = data.draw(
        st.sampled_from(
            [b"", b"\n", b" ", b"=", b"A", b"B", b"+", b"0", b"9", b"\0", "—".encode(), whole[at - 1 : at]]
        )
    )
    changed = whole[:at] + piece + whole[at + data.draw(st.integers(0, 2)) :]
    for note_bytes in (whole, changed):
        read = sealed._at_a_stroke(note_bytes, 2)
        if read is not None:
            note = notes.parse(note_bytes)
            assert read == (Packet.parse(note.text), note)
            assert note.encode() == note_bytes
    assert sealed._at_a_stroke(whole, 2) is not None
    assert sealed._at_a_stroke(whole, 1) is None
