"""The tables, the same on SQLite and MySQL. Text is kept whole; times are UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored as UTC without its zone."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Keep microseconds on MySQL too."""
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name == "mysql" else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        del dialect
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return value.replace(tzinfo=UTC) if value else None


REGISTER_STATION_LENGTH = 150
LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql")
metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("status", String(32), nullable=False, index=True),
    Column("step", String(32), nullable=False),
    Column("original", String(64), nullable=False, index=True),
    Column("source", LONG_TEXT, nullable=False),
    Column("language", String(16)),
    Column("reported_on", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False, index=True),
    Column("last_activity", UtcTime, nullable=False, index=True),
    Column("fir_number", String(100)),
    Column("error", Text),
    # Why the case is on hold; what is held does not expire and nothing of it is removed.
    Column("hold", Text),
)

step_versions = Table(
    "step_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(36), ForeignKey("cases.id"), nullable=False),
    Column("step", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(32), nullable=False),
    Column("content", LONG_TEXT, nullable=False),
    Column("models", Text, nullable=False),
    Column("note", Text),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("case_id", "step", "version", name="uq_step_versions_version"),
)

# Drafting to be done, and who works on it until when; an event for each change, counted in the job's own row.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("case_id", String(36), nullable=False, index=True),
    Column("step", String(32), nullable=False),
    Column("again", Boolean, nullable=False),
    Column("note", Text),
    Column("state", String(16), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("owner", String(64)),
    Column("lease_until", UtcTime),
    Column("events", Integer, nullable=False),
    Column("error", Text),
    Column("created_at", UtcTime, nullable=False, index=True),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
)

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", String(36), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("stage", String(32)),
    Column("share", Float),
)

# The table of earlier installations, adopted with its rows; its columns and types are theirs.
fir_records = Table(
    "fir_records",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fir_number", String(100), nullable=False, unique=True),
    Column("session_id", String(100)),
    Column("complaint_text", Text),
    Column("fir_content", LONG_TEXT),
    Column("violations_json", LONG_TEXT),
    Column("status", Enum("pending", "finalized", name="fir_status"), server_default="pending"),
    Column("finalized_at", DateTime),
    Column("created_at", DateTime),
    # The place in the station's register, given when the FIR is registered.
    Column("register_station", String(REGISTER_STATION_LENGTH)),
    Column("register_year", Integer),
    Column("register_number", Integer),
    Index("ix_fir_records_session_id", "session_id"),
    Index("ix_fir_records_status", "status"),
    Index("ix_fir_records_created_at", "created_at"),
    Index("uq_fir_records_register", "register_station", "register_year", "register_number", unique=True),
)

# The last number given in each station's register of each year. The row's lock puts registrations in order.
register_counters = Table(
    "register_counters",
    metadata,
    Column("station", String(REGISTER_STATION_LENGTH), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

# The chain. Triggers refuse to change or delete an entry; whoever removes them still breaks the hashes.
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("role", String(32), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", String(64)),
    Column("action", String(64), nullable=False),
    Column("case_id", String(36), index=True),
    Column("payload", LONG_TEXT, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

# One row: where the chain ends. Its lock puts writers in order.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

# Sessions of earlier installations as they were; nothing is worked on here any more.
old_sessions = Table(
    "old_sessions",
    metadata,
    Column("session_id", String(255), primary_key=True),
    Column("state", LONG_TEXT),
    Column("status", String(64)),
    Column("created_at", String(64)),
    Column("last_activity", String(64)),
    Column("validation_history", LONG_TEXT),
    Column("imported_at", UtcTime, nullable=False),
)

# Accounts: officers have a password, API clients a key; both are kept as hashes.
officers = Table(
    "officers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(100), nullable=False),
    Column("name_key", String(150), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("password_hash", String(255)),
    Column("key_hash", String(64), unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)

# Sessions on the page by the hash of their token; without an officer, whoever showed the installation's key.
page_sessions = Table(
    "page_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("officer_id", Integer, ForeignKey("officers.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

# Tries to sign in, also for names that are no account's.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("name_key", String(150), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)
