"""What the verbs of trust share: reading policies, logs and key files."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from testban.base.errors import InputError, StoreError
from testban.links.witness_http import fetcher
from testban.store.log_files import LogFolder
from testban.trust import judgement, merkle, notes, quorum
from testban.trust.checks import Rejected
from testban.trust.documents import Policy
from testban.trust.keys import Cosigner, Ed25519Signer, RsaSigner
from testban.trust.quorum import Quorum
from testban.trust.registry import Registry, Treaty

MAX_FILE_BYTES = 1 << 27
KINDS = ("ed25519", "witness", "ml-dsa-44", "rsa")


def read_bytes(path: Path) -> bytes:
    """A file, with one line where it cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: expected at most {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc


def read_quorum(path: Path) -> Quorum:
    """A policy; InputError says which line is wrong."""
    try:
        return quorum.parse(read_bytes(path))
    except Rejected as exc:
        raise InputError(f"{path}: not a policy (C2SP tlog-policy): {exc}") from exc


def treaty_of(policy: Quorum, path: Path) -> Treaty:
    """The treaty between the parties that a policy names."""
    if not policy.parties:
        raise InputError(f"{path}: expected lines '#testban party NAME VKEY' that say whose signatures count")
    return Treaty(parties=policy.parties)


def open_log(place: str) -> LogFolder:
    """A log's folder, or its address over HTTP."""
    if place.startswith(("http://", "https://")):
        return _Remote(place)
    folder = Path(place)
    if not (folder / "checkpoint").is_file():
        raise InputError(f"{place}: expected the folder or address of a log with a file 'checkpoint'")
    return LogFolder(folder)


class _Remote(LogFolder):
    def __init__(self, url: str) -> None:
        super().__init__(Path())
        self._get = fetcher(url)

    def fetch(self, path: str) -> bytes:
        return self._get(path)

    def checkpoint(self) -> bytes | None:
        return self._get("checkpoint")

    def heads(self) -> list[bytes]:
        return [self._get("checkpoint")]


def read_disclosure(path: Path, treaty: Treaty | None = None) -> Policy:
    """A station's disclosure policy: a note, signed by all parties where a treaty is given."""
    try:
        note = notes.parse(read_bytes(path))
        policy = Policy.parse(note.text)
        if treaty is not None:
            treaty.check(note, "policy")
    except Rejected as exc:
        raise InputError(f"{path}: expected a policy note (testban/policy@v1) of the parties: {exc}") from exc
    return policy


def read_rsa_key(path: Path, who: str) -> RsaSigner:
    """The private key of a station or warden."""
    signer = read_key(path)
    if not isinstance(signer, RsaSigner):
        raise InputError(f"{path}: expected an rsa key of the {who} (testban keys generate --kind rsa)")
    return signer


def read_record_key(path: Path) -> tuple[str, Callable[[bytes], bytes]]:
    """(authority, sign) for signed miniSEED: an EC key in PEM, named by its file, or an rsa key of testban."""
    data = read_bytes(path)
    if not data.startswith(b"-----BEGIN"):
        signer = read_rsa_key(path, "station or warden")
        return signer.verifier.name, signer.sign
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as exc:
        raise InputError(f"{path}: expected an EC private key in PEM without a password") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{path}: expected an EC private key, as SeisComP checks ECDSA signatures only")
    return path.stem, lambda covered: key.sign(covered, ec.ECDSA(hashes.SHA256()))


def read_party_key(path: Path) -> Ed25519Signer:
    """The private key of a party."""
    signer = read_key(path)
    if not isinstance(signer, Ed25519Signer):
        raise InputError(f"{path}: expected an ed25519 key of a party (testban keys generate)")
    return signer


def read_note_key(path: Path) -> Ed25519Signer | RsaSigner:
    """A private key that signs documents."""
    signer = read_key(path)
    if isinstance(signer, Cosigner):
        raise InputError(f"{path}: expected a key of a party, not of a witness")
    return signer


def read_board(
    log: str, rules: Quorum, path: Path, purpose: str, subject: str
) -> tuple[judgement.Board, tuple[judgement.Refusal, ...]]:
    """One question out of a log whose head satisfies the policy."""
    treaty = treaty_of(rules, path)
    entries = read_entries(log, rules)
    return judgement.read(entries, purpose, subject, treaty)


def read_entries(log: str, rules: Quorum) -> list[bytes]:
    """All entries of a log whose head satisfies the policy and whose root they give."""
    folder = open_log(log)
    try:
        seen = rules.check(folder.checkpoint() or b"")
        entries = list(folder.entries(seen.checkpoint.size))
    except Rejected as exc:
        raise InputError(f"{log}: not a log that the policy knows: {exc}") from exc
    if merkle.Tree([merkle.leaf_hash(e) for e in entries]).root() != seen.checkpoint.root:
        raise InputError(f"{log}: the entries do not give the root that was witnessed")
    return entries


def read_registry(log: str, rules: Quorum, path: Path) -> tuple[Registry, list[bytes]]:
    """Keys and policies as a log gives them, and the SHA-256 of its entries."""
    registry = Registry(treaty_of(rules, path))
    entries = read_entries(log, rules)
    for entry in entries:
        if entry.startswith(b"testban/") and not entry.startswith(b"testban/packet@v1\n"):
            with contextlib.suppress(Rejected):  # what does not count is for the audit to say
                registry.apply(notes.parse(entry))
    return registry, [hashlib.sha256(e).digest() for e in entries]


def payload_folder(folder: Path | None) -> Callable[[bytes], bytes | None] | None:
    """Payloads named by their digest in a folder."""
    if folder is None:
        return None
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder with payloads")

    def payload(digest: bytes) -> bytes | None:
        path = folder / digest.hex()
        return path.read_bytes() if path.is_file() else None

    return payload


def write_key(
    path: Path, kind: str, name: str, seed: bytes, bits: int = 3072, primes: tuple[int, int] | None = None
) -> None:
    """A private key file, readable by its owner only; an existing one is never overwritten. primes: of an rsa key."""
    body: dict[str, object] = {"testban": "key", "kind": kind, "name": name, "bits": bits, "seed": seed.hex()}
    if primes is not None:
        body["primes"] = [f"{p:x}" for p in primes]
    write_secret(path, json.dumps(body) + "\n")


def write_secret(path: Path, text: str) -> None:
    """A file readable by its owner only; an existing one is never overwritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise InputError(f"{path}: a key is never overwritten; choose another name") from exc
    except OSError as exc:
        raise StoreError(f"{path} cannot be written: {exc.strerror or exc}") from exc
    with os.fdopen(handle, "w") as f:
        f.write(text)


def read_key(path: Path) -> Ed25519Signer | RsaSigner | Cosigner:
    """The private key in a file that `testban keys` made."""
    try:
        body = json.loads(read_bytes(path))
        kind, name, bits = str(body["kind"]), str(body["name"]), int(body["bits"])
        seed = bytes.fromhex(body["seed"])
        primes = [int(p, 16) for p in body.get("primes", ())]
    except (ValueError, KeyError, TypeError) as exc:
        raise InputError(f"{path}: expected a key file made by testban keys") from exc
    if kind == "rsa" and len(primes) == 2:
        return RsaSigner.from_primes(name, (primes[0], primes[1]))
    return make_key(kind, name, seed, bits)


def make_key(kind: str, name: str, seed: bytes, bits: int = 3072) -> Ed25519Signer | RsaSigner | Cosigner:
    """The key of a kind from a seed."""
    if kind == "ed25519":
        return Ed25519Signer(name, seed)
    if kind == "rsa":
        return RsaSigner.from_seed(name, seed, bits)
    if kind in ("witness", "ml-dsa-44"):
        return Cosigner(name, seed, mldsa44=kind == "ml-dsa-44")
    raise InputError(f"expected a kind of key among {', '.join(KINDS)}, got {kind!r}")


__all__ = [
    "make_key",
    "open_log",
    "payload_folder",
    "read_board",
    "read_bytes",
    "read_disclosure",
    "read_entries",
    "read_key",
    "read_note_key",
    "read_party_key",
    "read_quorum",
    "read_record_key",
    "read_registry",
    "read_rsa_key",
    "treaty_of",
    "write_key",
    "write_secret",
]
