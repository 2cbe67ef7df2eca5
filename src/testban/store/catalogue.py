"""The catalogue: finished units of work and bulletins, in SQLite (or PostgreSQL by URL).

Rules: a unit is written once, under a key that names its inputs, code and settings, so that a killed run goes on
where it stopped and a finished unit is never done twice; a bulletin replaces the one of the same inputs in one
transaction; a full disk or a locked file is a StoreError that says which file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, create_engine, delete, event, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from testban.base.canonical import canonical_json, digest_of
from testban.base.errors import StoreError
from testban.base.records import Bulletin, Event
from testban.store import tables
from testban.store.schema import upgrade


class Catalogue:
    """A catalogue at a path (SQLite) or an SQLAlchemy URL (anything with "://")."""

    def __init__(self, place: str | Path) -> None:
        self.place = str(place)
        url = self.place if "://" in self.place else f"sqlite:///{self.place}"
        with self._guard():
            self.engine: Engine = create_engine(url)
            self._asked: set[str] = set()
            if self.engine.dialect.name == "sqlite":
                event.listen(self.engine, "connect", _sqlite_pragmas)
            try:
                upgrade(self.engine)
            except BaseException:
                self.engine.dispose()
                raise

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as exc:
            cause = str(getattr(exc, "orig", None) or exc).splitlines()[0]
            raise StoreError(
                f"the catalogue {self.place} cannot be used: {cause}; free disk space or choose another --out"
            ) from exc

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        try:
            with self._guard():
                if self.engine.dialect.name == "sqlite":
                    with self.engine.connect() as c:
                        c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.engine.dispose()

    def finished(self, key: str) -> bytes | None:
        """The result of a unit that was done before, or None."""
        self._asked.add(key)
        with self._guard(), self.engine.connect() as c:
            row = c.execute(select(tables.units.c.result).where(tables.units.c.key == key)).first()
        return None if row is None else bytes(row[0])

    def finish(self, key: str, stage: str, subject: str, result: bytes) -> None:
        """Write the result of a unit; a second write of the same key changes nothing."""
        with self._guard(), self.engine.begin() as c:
            present = c.execute(select(tables.units.c.key).where(tables.units.c.key == key)).first()
            if present is None:
                c.execute(insert(tables.units).values(key=key, stage=stage, subject=subject, result=result))

    def keep_only(self, bulletin_id: str) -> None:
        """Forget every unit that was not asked for since this was opened, and every other bulletin."""
        with self._guard(), self.engine.begin() as c:
            held = [r[0] for r in c.execute(select(tables.units.c.key))]
            for key in (k for k in held if k not in self._asked):
                c.execute(delete(tables.units).where(tables.units.c.key == key))
            for table in (t for t in reversed(tables.metadata.sorted_tables) if "bulletin_id" in t.c):
                c.execute(delete(table).where(table.c.bulletin_id != bulletin_id))

    def write_bulletin(self, bulletin: Bulletin) -> str:
        """Write a bulletin in one transaction; returns its identifier (a digest of provenance and span)."""
        p = bulletin.provenance
        bulletin_id = digest_of(
            [p.code_digest, p.configuration_digest, p.inputs, bulletin.start_ns, bulletin.end_ns]
        )
        with self._guard(), self.engine.begin() as c:
            for table in (t for t in reversed(tables.metadata.sorted_tables) if "bulletin_id" in t.c):
                c.execute(delete(table).where(table.c.bulletin_id == bulletin_id))
            c.execute(
                insert(tables.bulletins).values(
                    bulletin_id=bulletin_id,
                    start_ns=bulletin.start_ns,
                    end_ns=bulletin.end_ns,
                    simulated=p.simulated,
                    code_version=p.code_version,
                    code_digest=p.code_digest,
                    configuration_digest=p.configuration_digest,
                    inputs=json.dumps(p.inputs),
                    command=p.command,
                )
            )
            for table, rows in _rows(bulletin, bulletin_id):
                _insert(c, table, rows)
        return bulletin_id

    def events(self, bulletin_id: str) -> list[Event]:
        """The events of a bulletin by time, as records."""
        t = tables.events
        with self._guard(), self.engine.connect() as c:
            rows = c.execute(
                select(t.c.record).where(t.c.bulletin_id == bulletin_id).order_by(t.c.time_ns, t.c.event_id)
            ).all()
        return [msgspec.json.decode(r[0], type=Event) for r in rows]

    def bulletins(self) -> list[str]:
        """Identifiers of all bulletins, by start."""
        t = tables.bulletins
        with self._guard(), self.engine.connect() as c:
            return [r[0] for r in c.execute(select(t.c.bulletin_id).order_by(t.c.start_ns, t.c.bulletin_id))]


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _insert(c: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    for i in range(0, len(rows), 5000):
        c.execute(insert(table), rows[i : i + 5000])


def _rows(b: Bulletin, bid: str) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Rows of every child table of a bulletin."""
    own = {"bulletin_id": bid}
    return [
        (tables.events, [own | _event_row(e) for e in b.events]),
        (
            tables.arrivals,
            [
                own
                | {"event_id": e.event_id}
                | {
                    c.name: getattr(a, c.name)
                    for c in tables.arrivals.c
                    if c.name not in ("bulletin_id", "event_id")
                }
                for e in b.events
                for a in e.arrivals
            ],
        ),
        (
            tables.magnitudes,
            [
                own
                | {"event_id": e.event_id}
                | {
                    c.name: getattr(m, c.name)
                    for c in tables.magnitudes.c
                    if c.name not in ("bulletin_id", "event_id")
                }
                for e in b.events
                for m in e.magnitudes
            ],
        ),
        (
            tables.evidence,
            [
                own
                | {"event_id": e.event_id}
                | {
                    c.name: getattr(v, c.name)
                    for c in tables.evidence.c
                    if c.name not in ("bulletin_id", "event_id")
                }
                for e in b.events
                if e.assessment
                for v in e.assessment.evidence
            ],
        ),
        (
            tables.picks,
            [
                own | {c.name: getattr(p, c.name) for c in tables.picks.c if c.name != "bulletin_id"}
                for p in b.picks
            ],
        ),
        (
            tables.noise,
            [
                own
                | {
                    "station_key": n.station_key,
                    "channel": str(n.nslc),
                    "hour_ns": n.hour_ns,
                    "low_hz": n.band_hz[0],
                    "high_hz": n.band_hz[1],
                    "up_s": n.up_s,
                    "rms_counts": n.rms_counts,
                    "a_over_t_nm_s": n.a_over_t_nm_s,
                }
                for n in b.noise
            ],
        ),
        (
            tables.findings,
            [
                own
                | {
                    "number": i,
                    "kind": f.kind,
                    "subject": f.subject,
                    "message": f.message,
                    "start_ns": f.span.start_ns if f.span else None,
                    "end_ns": f.span.end_ns if f.span else None,
                }
                for i, f in enumerate(b.findings)
            ],
        ),
    ]


def _event_row(e: Event) -> dict[str, Any]:
    return {
        "event_id": e.event_id,
        "time_ns": e.origin.time_ns,
        "longitude": e.origin.longitude,
        "latitude": e.origin.latitude,
        "depth_km": e.origin.depth_km,
        "depth_fixed": e.origin.depth_fixed,
        "assessment": e.assessment.verdict.value if e.assessment else None,
        "log10_lr": e.assessment.log10_lr if e.assessment else None,
        "record": canonical_json(e).decode(),
    }
