"""Places that model files come from, one module a kind, and the reading of the setting that lists them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from afirgen.errors import SettingsError
from afirgen.inference.models.manifest import Wheel
from afirgen.inference.models.sources.base import Source
from afirgen.inference.models.sources.folder import FolderSource
from afirgen.inference.models.sources.https import HttpsSource
from afirgen.inference.models.sources.registry import RegistrySource
from afirgen.inference.models.sources.s3 import S3Source


def open_sources(places: Sequence[str], wheels: Mapping[str, Wheel]) -> tuple[Source, ...]:
    """Return the sources in the order of ``places``: ``registry``, ``s3://BUCKET/PREFIX``, a URL or a folder.

    Raises:
        SettingsError: A place is of no known form.
    """
    return tuple(_open(place, wheels) for place in places)


def open_target(place: str) -> S3Source | FolderSource:
    """Return where models are pushed to: ``s3://BUCKET/PREFIX`` or a folder; raise :class:`SettingsError` otherwise."""
    if place.startswith("s3://"):
        return S3Source(place)
    if "://" in place or place == "registry":
        raise SettingsError(f"Models cannot be pushed to {place}. Give s3://BUCKET/PREFIX or a folder.")
    return FolderSource(Path(place))


def _open(place: str, wheels: Mapping[str, Wheel]) -> Source:
    if place == "registry":
        return RegistrySource(wheels)
    if place.startswith(("https://", "http://")):
        return HttpsSource(place)
    return open_target(place)
