"""Originals in a bucket of S3, so that they outlive the machine that took them in."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from afirgen.errors import SettingsError, StorageError
from afirgen.settings import Settings
from afirgen.store.originals import Originals

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Originals:
    """Keeps originals under ``s3://BUCKET/PREFIX``, each by its hash."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise SettingsError("AFIRGEN_ORIGINALS: a bucket for originals is written s3://BUCKET/PREFIX.")
        self._bucket = parts.netloc
        self._prefix = f"{parts.path.strip('/')}/".lstrip("/")

    def put(self, path: Path, sha256: str) -> None:
        """Store a file under its hash.

        Raises:
            StorageError: The bucket does not take it.
        """
        with self._translated():
            self._client.upload_file(str(path), self._bucket, self._key(sha256))

    def fetch(self, sha256: str) -> bytes | None:
        """Return a file's content, None when it is not there.

        Raises:
            StorageError: The bucket does not answer.
        """
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

        with self._translated():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(sha256))
            except ClientError as err:
                if err.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return bytes(answer["Body"].read())

    def remove(self, sha256: str) -> None:
        """Remove a file, if it is there.

        Raises:
            StorageError: The bucket does not answer, or does not let go of it.
        """
        with self._translated():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(sha256))

    def _key(self, sha256: str) -> str:
        return f"{self._prefix}{sha256[:2]}/{sha256}"

    @cached_property
    def _client(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- half a second, needed for S3 alone
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

        return boto3.client(
            "s3", config=Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error) as err:
            raise StorageError(
                "The store of originals does not answer. Nothing was accepted; try again in a minute.", detail=str(err)
            ) from err


def open_originals(settings: Settings) -> Originals:
    """Return the originals of an installation: in its data folder, and in a bucket where one is set."""
    remote = S3Originals(settings.originals) if settings.originals else None
    return Originals(settings.data_dir / "originals", remote)
