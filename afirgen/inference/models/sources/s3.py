"""Model files in an S3 bucket under PREFIX/MODEL-ID/FILE-NAME."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import stamina

from afirgen.errors import SettingsError
from afirgen.inference.models.manifest import ModelEntry, ModelFile
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import CHUNK, SUMS_NAME, AbsentError, SourceError, key

_ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}


class S3Source:
    """Downloads by byte ranges of one object version; credentials are those that AWS tools find."""

    def __init__(self, url: str, *, attempts: int = 8) -> None:
        parts = urlsplit(url)
        if not parts.netloc:
            raise SettingsError("An S3 model source is written s3://BUCKET/PREFIX.")
        self._bucket = parts.netloc
        self._prefix = parts.path.strip("/")
        self._attempts = attempts

    @property
    def name(self) -> str:
        """How messages call the place."""
        return f"bucket {self._bucket}"

    def fetch(self, entry: ModelEntry, file: ModelFile, partial: Partial, report: Report) -> None:
        """Download the object, going on from the bytes that are there, also after a broken connection."""
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415 -- slow, needed for S3 alone
            HTTPClientError,
            IncompleteReadError,
        )

        with self._translated():
            for attempt in stamina.retry_context(
                on=(HTTPClientError, IncompleteReadError), attempts=self._attempts, timeout=None, wait_initial=0.2
            ):
                with attempt:
                    self._receive(self._key(entry, file.name), partial, report)

    def size(self, entry: ModelEntry, file: ModelFile) -> int:
        """Return the object's bytes."""
        with self._translated():
            return int(self._client.head_object(Bucket=self._bucket, Key=self._key(entry, file.name))["ContentLength"])

    def sums(self, entry: ModelEntry) -> str | None:
        """Return the text of the model's checksum list, or None."""
        try:
            with self._translated():
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(entry, SUMS_NAME))
                return bytes(answer["Body"].read()).decode()
        except AbsentError:
            return None

    def spare_bytes(self, file: ModelFile) -> int:  # noqa: ARG002 -- other sources need the file
        """Return 0: a download needs no more than the file."""
        return 0

    def put(self, entry: ModelEntry, path: Path, report: Report) -> None:
        """Upload a local file, in several parts when it is large."""
        done = 0

        def add(count: int) -> None:
            nonlocal done
            done += count
            report(done)

        with self._translated():
            self._client.upload_file(str(path), self._bucket, self._key(entry, path.name), Callback=add)

    def put_sums(self, entry: ModelEntry, text: str) -> None:
        """Write the model's checksum list."""
        with self._translated():
            self._client.put_object(Bucket=self._bucket, Key=self._key(entry, SUMS_NAME), Body=text.encode())

    def _key(self, entry: ModelEntry, name: str) -> str:
        return f"{self._prefix}/{key(entry, name)}".lstrip("/")

    @cached_property
    def _client(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- half a second, needed for S3 alone
        from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

        return boto3.client(
            "s3", config=Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
        )

    def _receive(self, name: str, partial: Partial, report: Report) -> None:
        head = self._client.head_object(Bucket=self._bucket, Key=name)
        start = partial.resume(f"s3://{self._bucket}/{name} {head['ETag']}")
        if start >= head["ContentLength"]:
            return
        answer = self._client.get_object(Bucket=self._bucket, Key=name, Range=f"bytes={start}-", IfMatch=head["ETag"])
        partial.append(answer["Body"].iter_chunks(CHUNK), report)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from boto3.exceptions import S3UploadFailedError  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            NoRegionError,
        )

        try:
            yield
        except ClientError as err:
            code = str(err.response.get("Error", {}).get("Code", ""))
            if code in _ABSENT:
                raise AbsentError(f"{self.name} does not hold it", detail=repr(err)) from err
            reason = "refuses to give or take it" if code in _REFUSED else f"answers with the error {code}"
            raise SourceError(f"{self.name} {reason}", detail=repr(err)) from err
        except (NoCredentialsError, NoRegionError) as err:
            raise SourceError(
                f"{self.name} needs AWS credentials and a region, and none are set", detail=repr(err)
            ) from err
        except (BotoCoreError, S3UploadFailedError) as err:
            raise SourceError(f"{self.name} cannot be reached or breaks off", detail=repr(err)) from err
