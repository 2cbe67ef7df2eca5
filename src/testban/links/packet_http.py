"""Between a station and its warden over HTTP: packets one way, what is owed and the beacon's checkpoints the other.

Rules: POST /packet takes two bytes of length, the note, the payload, and answers with the countersigned note or 409 and the
reason; GET /next says which slot the station owes; GET /epochs/N gives the checkpoint that closed an epoch, 404 where there is and
will be none, 425 where that is not decided yet; GET /policies and /commands name what lies there, GET /policies/N gives note and proof,
POST /policies/N has the warden take it before the station does; GET /fine says whether
the dither loop is asked for, POST /fine/SLOT shows fine counts and is answered with the dither.
"""

import http.client
import urllib.parse

from testban.base.errors import InputError, SourceError
from testban.links.witness_http import TIMEOUT_SECONDS, Respond, Server
from testban.trust import checks
from testban.trust.checks import Reason, Rejected
from testban.trust.sealed import MAX_PACKET_BYTES


def frame(note: bytes, payload: bytes) -> bytes:
    """A note and its payload in one body."""
    return len(note).to_bytes(2, "big") + note + payload


def unframe(data: bytes) -> tuple[bytes, bytes]:
    """Note and payload of a body; Rejected where it is none."""
    size = int.from_bytes(data[:2], "big")
    whole = len(data) >= 2 + size and 0 < size <= MAX_PACKET_BYTES
    checks.require(whole, Reason.REQUEST_FORM, f"a packet of {len(data)} bytes with a note of {size}")
    return data[2 : 2 + size], data[2 + size :]


def warden_server(respond: Respond, host: str, port: int, payload_size: int) -> Server:
    """A warden's door towards its station."""
    return Server(respond, host, port, limit=2 + MAX_PACKET_BYTES + payload_size)


class WardenLink:
    """The station's way to its warden; one connection kept open. SourceError where it cannot be reached."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise InputError(f"expected the http address of a warden, got {url!r}")
        self.url = url
        self._line = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            self._line.request(method, path, body)
            answer = self._line.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as exc:
            self._line.close()
            raise SourceError(f"the warden at {self.url} cannot be reached: {exc}") from exc

    def owed(self) -> int | None:
        """The next slot that the warden waits for; None before the first."""
        status, body = self._ask("GET", "/next")
        text = body.decode("ascii", "replace").strip()
        if status != 200 or not (text == "none" or text.isdecimal()):
            raise SourceError(f"the warden at {self.url} answered {status} {text[:40]!r}")
        return None if text == "none" else int(text)

    def epoch(self, number: int) -> bytes | None:
        """The checkpoint that closed an epoch, None where there is none; SourceError where that is not decided."""
        status, body = self._ask("GET", f"/epochs/{number}")
        if status not in (200, 404):
            raise SourceError(f"the warden at {self.url} does not know of epoch {number} yet")
        return body if status == 200 else None

    def give(self, note: bytes, payload: bytes) -> bytes:
        """The countersigned note; Rejected with the warden's reason."""
        return self._granted("/packet", frame(note, payload))

    def reveal(self, slot: int, fine: bytes) -> bytes:
        """The host's dither for the fine counts of a slot; Rejected with the warden's reason."""
        return self._granted(f"/fine/{slot}", fine)

    def looped(self) -> bool:
        """True where the warden asks for the dither loop."""
        status, body = self._ask("GET", "/fine")
        if status != 200 or body not in (b"asked\n", b"none\n"):
            raise SourceError(f"the warden at {self.url} answered {status} {body[:40]!r}")
        return body == b"asked\n"

    def _granted(self, path: str, data: bytes) -> bytes:
        status, body = self._ask("POST", path, data)
        text = body.decode("ascii", "replace").strip()
        if status == 409:
            reason, _, detail = text.partition(": ")
            known = reason if reason in set(Reason) else Reason.REQUEST_FORM
            raise Rejected(Reason(known), f"the warden says: {detail}")
        if status != 200:
            raise SourceError(f"the warden at {self.url} answered {status} {text[:60]!r}")
        return body

    def _names(self, path: str) -> list[str]:
        status, body = self._ask("GET", path)
        if status != 200:
            raise SourceError(f"the warden at {self.url} answered {status}")
        return body.decode("ascii", "replace").split()[:64]

    def _note(self, path: str, name: str) -> tuple[bytes, bytes]:
        status, body = self._ask("GET", f"{path}/{urllib.parse.quote(name, safe='')}")
        checks.require(status == 200, Reason.REQUEST_FORM, f"the warden answered {status}")
        return unframe(body)

    def commands(self) -> list[str]:
        """Names of the commands that lie at the warden."""
        return self._names("/commands")

    def command(self, name: str) -> tuple[bytes, bytes]:
        """A command's note and its proof; Rejected where they are none."""
        return self._note("/commands", name)

    def policies(self) -> list[str]:
        """Names of the policies that lie at the warden."""
        return self._names("/policies")

    def policy(self, name: str) -> tuple[bytes, bytes]:
        """A policy's note and its proof; Rejected where they are none."""
        return self._note("/policies", name)

    def take(self, name: str) -> None:
        """Have the warden take a policy; Rejected with its reason."""
        status, body = self._ask("POST", f"/policies/{urllib.parse.quote(name, safe='')}", b"")
        if status == 409:
            raise Rejected(Reason.POLICY_DIGEST, f"the warden says: {body.decode('ascii', 'replace')[:200]}")
        if status != 200:
            raise SourceError(f"the warden at {self.url} answered {status}")
