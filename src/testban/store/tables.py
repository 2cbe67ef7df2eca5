"""The catalogue's tables: one definition for SQLite and PostgreSQL.

Rules: times are integer nanoseconds (BIGINT); every published value stands in a column of its own, the whole record
beside it as canonical JSON; a bulletin is written in one transaction or not at all. Schema changes go through
`store/migrations` (Alembic); `metadata` here and the head revision there are compared by a test.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

units = Table(
    "units",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("stage", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("result", LargeBinary, nullable=False),
)

bulletins = Table(
    "bulletins",
    metadata,
    Column("bulletin_id", String(64), primary_key=True),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("code_version", String(32), nullable=False),
    Column("code_digest", String(64), nullable=False),
    Column("configuration_digest", String(64), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("command", Text, nullable=False),
)


def _bulletin_id() -> Column[str]:
    return Column(
        "bulletin_id", String(64), ForeignKey("bulletins.bulletin_id", ondelete="CASCADE"), primary_key=True
    )


events = Table(
    "events",
    metadata,
    _bulletin_id(),
    Column("event_id", String(64), primary_key=True),
    Column("time_ns", BigInteger, nullable=False, index=True),
    Column("longitude", Float, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("depth_km", Float, nullable=False),
    Column("depth_fixed", Boolean, nullable=False),
    Column("assessment", String(24)),
    Column("log10_lr", Float),
    Column("record", Text, nullable=False),
)

arrivals = Table(
    "arrivals",
    metadata,
    _bulletin_id(),
    Column("event_id", String(64), primary_key=True),
    Column("pick_id", String(96), primary_key=True),
    Column("station_key", String(32), nullable=False),
    Column("phase", String(8), nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("distance_deg", Float, nullable=False),
    Column("azimuth_deg", Float, nullable=False),
    Column("residual_s", Float),
    Column("defining", Boolean, nullable=False),
)

magnitudes = Table(
    "magnitudes",
    metadata,
    _bulletin_id(),
    Column("event_id", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("value", Float, nullable=False),
    Column("sigma", Float, nullable=False),
    Column("n_detected", Integer, nullable=False),
    Column("n_censored", Integer, nullable=False),
    Column("bound", String(8), nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    _bulletin_id(),
    Column("event_id", String(64), primary_key=True),
    Column("name", String(48), primary_key=True),
    Column("applicable", Boolean, nullable=False),
    Column("value", Float),
    Column("sigma", Float),
    Column("log10_lr", Float),
    Column("reason", Text, nullable=False),
)

picks = Table(
    "picks",
    metadata,
    _bulletin_id(),
    Column("pick_id", String(96), primary_key=True),
    Column("station_key", String(32), nullable=False, index=True),
    Column("time_ns", BigInteger, nullable=False, index=True),
    Column("phase_hint", String(8), nullable=False),
    Column("snr", Float),
    Column("amplitude_nm", Float),
    Column("period_s", Float),
)

noise = Table(
    "noise",
    metadata,
    _bulletin_id(),
    Column("station_key", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("hour_ns", BigInteger, primary_key=True),
    Column("low_hz", Float, primary_key=True),
    Column("high_hz", Float, nullable=False),
    Column("up_s", Float, nullable=False),
    Column("rms_counts", Float, nullable=False),
    Column("a_over_t_nm_s", Float),
)

findings = Table(
    "findings",
    metadata,
    _bulletin_id(),
    Column("number", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("start_ns", BigInteger),
    Column("end_ns", BigInteger),
)
