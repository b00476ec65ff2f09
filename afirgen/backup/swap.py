"""A restored database takes the place of the one that is there, which is kept beside it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from afirgen.errors import StorageError


def take_place(new: Path, place: Path) -> Path | None:
    """Put the database ``new``, which nobody has open, at ``place``; return the new name of the one that was there.

    One rename decides: stopped anywhere before it, the old database is there as it was.

    Raises:
        StorageError: The disk is full, or its rights do not allow it.
    """
    try:
        _into_one_file(new)
        _sync(new)
        old = _kept(place) if place.exists() else None
        new.replace(place)
        _sync(place.parent)
    except OSError as err:
        raise StorageError(
            "The restored database could not take its place. Check the disk's space and rights.", detail=str(err)
        ) from err
    return old


def _kept(place: Path) -> Path:
    """Give the old database a second name. What waits in its log is brought in: the new one must not find it there."""
    with suppress(sqlite3.DatabaseError):
        _into_one_file(place)
    old = place.with_name(f"{place.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    os.link(place, old)
    # Only a damaged database still has a log here.
    for log in _logs(place):
        log.replace(old.with_name(old.name + log.name.removeprefix(place.name)))
    return old


def _into_one_file(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE").fetchall()


def _logs(place: Path) -> Iterator[Path]:
    for ending in ("-wal", "-shm"):
        log = place.with_name(place.name + ending)
        if log.exists():
            yield log


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
