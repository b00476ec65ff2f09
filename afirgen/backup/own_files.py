"""What a station has put into its data folder beside the shipped forms and law, and the way back there."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_PLACES = (("forms", "*.toml"), ("kb/state", "*.toml"), ("kb/imported", "*.jsonl"))


def own_files(data: Path) -> Iterator[tuple[str, Path]]:
    """Give name within the data folder and place of each form, added act and imported file."""
    for folder, pattern in _PLACES:
        for path in sorted((data / folder).glob(pattern)):
            if path.is_file():
                yield path.relative_to(data).as_posix(), path


def put_own_files(source: Path, data: Path) -> None:
    """Put the own files below ``source`` into a data folder.

    What is there stays; a file of the same name and another content is kept beside, under a name that is not read.
    """
    for name, path in own_files(source):
        place = data / name
        content = path.read_bytes()
        if place.is_file() and place.read_bytes() == content:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            # A second name first: at no moment is the form without its file.
            os.link(place, place.with_name(f"{place.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"))
        part.replace(place)
