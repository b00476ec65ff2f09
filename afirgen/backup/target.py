"""Where backups lie: a folder, or a bucket of S3."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from afirgen.errors import NotAllowedError, NotFoundError, SettingsError, StorageError

SUFFIX = ".afirgen"


class Target(Protocol):
    """A place for backups, by name."""

    def put(self, path: Path, name: str) -> None:
        """Store a finished file."""

    def names(self) -> list[str]:
        """Return the names of the backups there, the oldest first."""

    def holds(self, name: str) -> bool:
        """Tell whether a file of this name is there, also one that is no backup."""

    def fetch(self, name: str, to: Path) -> None:
        """Copy a backup to ``to``."""

    def delete(self, name: str) -> None:
        """Remove a backup; raise :class:`NotAllowedError` where only others may."""


def open_target(url: str) -> Target:
    """Return the place that ``url`` names: ``s3://BUCKET/PREFIX`` or a folder.

    Raises:
        SettingsError: It names no bucket.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        return Folder(Path(url))
    if not parts.netloc:
        raise SettingsError("A bucket for backups is written s3://BUCKET/PREFIX.")
    return Bucket(parts.netloc, parts.path.strip("/"))


class Folder:
    """Backups on a disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path, name: str) -> None:
        """Store a finished file; a half-written one never has a backup's name."""
        with _as_storage_error("The backup could not be written. Check the disk's space and rights."):
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}.part"
            shutil.copyfile(path, part)
            part.chmod(0o600)
            part.replace(self._folder / name)

    def names(self) -> list[str]:
        """Return the names of the backups there, the oldest first."""
        return sorted(p.name for p in self._folder.glob(f"*{SUFFIX}") if not p.name.startswith("."))

    def holds(self, name: str) -> bool:
        """Tell whether a file of this name is there, also one that is no backup."""
        return (self._folder / name).is_file()

    def fetch(self, name: str, to: Path) -> None:
        """Copy a backup to ``to``."""
        path = self._folder / name
        if Path(name).name != name or not path.is_file():
            raise NotFoundError("There is no such backup. See `afirgen backup list`.")
        shutil.copyfile(path, to)

    def delete(self, name: str) -> None:
        """Remove a backup."""
        (self._folder / name).unlink(missing_ok=True)


class Bucket:
    """Backups in a bucket of S3, encrypted there once more by the bucket's own key."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def put(self, path: Path, name: str) -> None:
        """Upload a finished file."""
        with self._translated():
            self._client.upload_file(str(path), self._bucket, self._prefix + name)

    def names(self) -> list[str]:
        """Return the names of the backups there, the oldest first."""
        with self._translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(key.removeprefix(self._prefix) for key in keys if key.endswith(SUFFIX))

    def holds(self, name: str) -> bool:
        """Tell whether a file of this name is there, also one that is no backup."""
        with self._translated():
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + name)
            return any(item["Key"] == self._prefix + name for item in found.get("Contents", []))

    def fetch(self, name: str, to: Path) -> None:
        """Download a backup to ``to``."""
        with self._translated():
            self._client.download_file(self._bucket, self._prefix + name, str(to))

    def delete(self, name: str) -> None:
        """Remove a backup."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

        with self._translated():
            try:
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
            except ClientError as err:
                if err.response["Error"]["Code"] == "AccessDenied":
                    raise NotAllowedError("The bucket does not let the program delete; its own rules do.") from err
                raise

    @cached_property
    def _client(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- half a second, needed for S3 alone

        return boto3.client("s3")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield
        except ClientError as err:
            if err.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                raise NotFoundError("There is no such backup. See `afirgen backup list`.") from err
            raise StorageError(
                f"The bucket {self._bucket} refused. Check its name and the rights of this account.", detail=str(err)
            ) from err
        except (BotoCoreError, Boto3Error) as err:
            raise StorageError(
                f"The bucket {self._bucket} could not be reached. Check the network and the credentials.",
                detail=str(err),
            ) from err


@contextmanager
def _as_storage_error(sentence: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise StorageError(sentence, detail=str(err)) from err
