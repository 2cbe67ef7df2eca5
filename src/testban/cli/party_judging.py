"""testban party: findings and draws that are committed before they are shown; bulletins released or dissented from."""

import secrets
from pathlib import Path
from typing import Literal

from testban.cli.party import party


@party.command
def commit(
    subject: str, value: str, *, name: str, key: Path, secret: Path, out: Path,
    purpose: Literal["finding", "draw"] = "finding",
) -> int:  # fmt: skip
    """Make up one's mind: a note with the digest for the log, and the secret to reveal when all have committed.

    Parameters
    ----------
    subject
        Event, or name of a draw.
    value
        The finding, or this party's share of the draw (any line).
    name
        Name of the party, as the policy has it.
    key
        The party's private key.
    secret
        File for value and salt; kept to oneself until `testban party reveal`.
    out
        File of the note.
    purpose
        finding or draw.

    """
    from testban.base.errors import InputError
    from testban.cli import trusted
    from testban.store import durable
    from testban.trust import judgement, notes
    from testban.trust.checks import Rejected
    from testban.trust.documents import Reveal

    signer = trusted.read_party_key(key)
    said = Reveal(party=name, purpose=purpose, subject=subject, value=value, salt=secrets.token_bytes(32))
    try:
        text = Reveal.parse(said.text()).text()
    except Rejected as exc:
        raise InputError(f"expected words and one line of ASCII: {exc}") from exc
    trusted.write_secret(secret, text)
    durable.replace(out, notes.sign(judgement.commit(said).text(), [signer]).encode())
    return 0


@party.command
def reveal(secret: Path, *, key: Path, log: str, policy: Path, out: Path) -> int:
    """Reveal what was committed to, once everyone's commitment is in the log. Exit status 1 before that.

    Parameters
    ----------
    secret
        File that `testban party commit` kept.
    key
        The party's private key.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    out
        File of the note, for the log.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.store import durable
    from testban.trust import notes
    from testban.trust.checks import Rejected
    from testban.trust.documents import Reveal

    signer, rules = trusted.read_party_key(key), trusted.read_quorum(policy)
    try:
        said = Reveal.parse(trusted.read_bytes(secret).decode("utf-8", "replace"))
    except Rejected as exc:
        raise InputError(f"{secret}: expected the file that testban party commit kept: {exc}") from exc
    board, _ = trusted.read_board(log, rules, policy, said.purpose, said.subject)
    try:
        board.reveal(said)
    except Rejected as exc:
        terminal.say(f"not revealed: {exc}")
        return 1
    durable.replace(out, notes.sign(said.text(), [signer]).encode())
    return 0


@party.command
def board(
    subject: str, *, log: str, policy: Path, purpose: Literal["finding", "draw"] = "finding",
    candidates: Path | None = None, count: int = 1, json: bool = False,
) -> int:  # fmt: skip
    """Read one question out of the log: who has committed, who has revealed what, and what the draw gives.

    Exit status 0 only where all have revealed and nobody said two things.

    Parameters
    ----------
    subject
        Event, or name of a draw.
    log
        Folder or address of the log.
    policy
        Logs, witnesses, quorum and parties.
    purpose
        finding or draw.
    candidates
        For a draw: file with one candidate a line, such as event ids.
    count
        For a draw: how many are chosen.
    json
        Print one JSON object on stdout.

    """
    from testban.cli import terminal, trusted

    rules = trusted.read_quorum(policy)
    found, refused = trusted.read_board(log, rules, policy, purpose, subject)
    names = trusted.read_bytes(candidates).decode("utf-8", "replace").split() if candidates else []
    drawn = list(found.draw(names, count)) if names and found.complete else []
    ok = found.complete and not refused
    reason = refused[0].reason.value if refused else "ok" if ok else "reveals-missing"
    if json:
        terminal.out(
            {
                "ok": ok,
                "reason": reason,
                "committed": sorted(found.commitments),
                "revealed": {p: r.value for p, r in sorted(found.reveals.items())},
                "drawn": drawn,
                "findings": [
                    {"kind": "judgement", "party": r.party, "slot": None, "reason": r.reason.value, "detail": r.detail}
                    for r in refused
                ],
            }
        )  # fmt: skip
    else:
        for p in found.parties:
            state = "has committed" if p in found.commitments else "has not committed"
            terminal.say(f"  {p}: {found.reveals[p].value if p in found.reveals else state}")
        for r in refused:
            terminal.say(
                f"  entry {r.index} of {r.party or 'nobody'} does not count: {r.reason.value}: {r.detail}"
            )
        if drawn:
            terminal.say(f"drawn: {', '.join(drawn)}")
    return 0 if ok else 1


@party.command
def release(
    published: Path, own: Path, *, name: str, key: Path, out: Path, result: str = "different", where: str = "",
    statement: str = "recomputed from the same inputs", json: bool = False,
) -> int:  # fmt: skip
    """Sign the release of a bulletin that one recomputed to the same bytes, else the dissent. Exit status 1: dissent.

    Parameters
    ----------
    published
        The manifest that was published.
    own
        The manifest of what was computed here (testban reproduce --manifest).
    name
        Name of the party, as the policy has it.
    key
        The party's private key.
    out
        File of the note, for the log: a release or a dissent.
    result
        What reproduce said: different, or one quantum.
    where
        Where it first differs.
    statement
        What the party says to it.
    json
        Print one JSON object on stdout.

    """
    from testban.base.errors import InputError
    from testban.cli import terminal, trusted
    from testban.run.reproducing import read_manifest
    from testban.store import durable
    from testban.trust import notes
    from testban.trust import release as releases
    from testban.trust.checks import Rejected
    from testban.trust.documents import Dissent

    theirs, ours, signer = read_manifest(published), read_manifest(own), trusted.read_party_key(key)
    reason = "ok"
    try:
        text = releases.note_text(releases.agree(theirs, ours))
    except Rejected as exc:
        reason = exc.reason.value
        found = releases.Comparison(result=result, where=where or exc.detail)
        text = releases.dissent(name, theirs, ours.output, found, statement).text()
        try:
            Dissent.parse(text)
        except Rejected as wrong:
            raise InputError(f"expected lines of ASCII in --where and --statement: {wrong}") from wrong
    durable.replace(out, notes.sign(text, [signer]).encode())
    facts = {"ok": reason == "ok", "reason": reason, "written": "release" if reason == "ok" else "dissent"}
    terminal.out(facts) if json else terminal.say(f"{out}: {facts['written']} ({reason})")
    return 0 if reason == "ok" else 1
