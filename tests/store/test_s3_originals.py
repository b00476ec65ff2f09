"""Originals in a bucket: accepted only when both places have them, and back on a new machine."""

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from afirgen.errors import SettingsError, StorageError
from afirgen.store.originals import Originals
from afirgen.store.s3_originals import S3Originals

DATA = "मेरी शिकायत".encode()
HASH = sha256(DATA).hexdigest()
KEY = f"originals/{HASH[:2]}/{HASH}"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        yield client


def test_an_original_is_in_both_places(bucket: Any, tmp_path: Path) -> None:
    path = Originals(tmp_path, S3Originals("s3://kept/originals")).put(DATA, HASH)
    assert path.read_bytes() == DATA
    assert bucket.get_object(Bucket="kept", Key=KEY)["Body"].read() == DATA


@pytest.mark.usefixtures("bucket")
def test_a_new_machine_fetches_what_it_lacks(tmp_path: Path) -> None:
    Originals(tmp_path / "old", S3Originals("s3://kept/originals")).put(DATA, HASH)
    found = Originals(tmp_path / "new", S3Originals("s3://kept/originals")).path(HASH)
    assert found.read_bytes() == DATA
    assert found.stat().st_mode & 0o222 == 0
    assert not list((tmp_path / "new").rglob(".part-*"))


def test_what_was_changed_in_the_bucket_is_not_taken_for_the_original(bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Bucket="kept", Key=KEY, Body=b"another")
    assert not Originals(tmp_path, S3Originals("s3://kept/originals")).path(HASH).exists()


@pytest.mark.usefixtures("bucket")
def test_nothing_is_accepted_that_the_bucket_does_not_take(tmp_path: Path) -> None:
    originals = Originals(tmp_path, S3Originals("s3://gone/originals"))
    with pytest.raises(StorageError, match="Nothing was accepted"):
        originals.put(DATA, HASH)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_what_is_removed_is_gone_from_both_places_and_what_is_fetched_is_no_arrival(
    bucket: Any, tmp_path: Path
) -> None:
    originals = Originals(tmp_path / "old", S3Originals("s3://kept/originals"))
    originals.put(DATA, HASH)
    now = time.time()
    assert originals.remove(HASH, arrived_before=now - 60) is False
    assert bucket.get_object(Bucket="kept", Key=KEY)["Body"].read() == DATA
    new = Originals(tmp_path / "new", S3Originals("s3://kept/originals"))
    new.path(HASH)
    assert new.remove(HASH, arrived_before=now - 60) is True
    assert not new.is_here(HASH)
    assert "Contents" not in bucket.list_objects_v2(Bucket="kept")


def test_a_wrong_address_is_named() -> None:
    with pytest.raises(SettingsError, match="s3://BUCKET/PREFIX"):
        S3Originals("/var/originals")
