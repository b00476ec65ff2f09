"""Secrets come from the environment, a file or AWS, in that order; mistakes are named in one sentence each."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from afirgen import vault
from afirgen.errors import SettingsError
from afirgen.settings import load_settings

_REGION = "ap-south-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(vault, "_kept", {})
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": _REGION,
        "USE_AWS_SECRETS": "true",
        "AWS_SECRET_BUNDLE_NAME": "station/one",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


def keep(bundle: str) -> None:
    client = boto3.client("secretsmanager", region_name=_REGION)
    client.create_secret(Name="station/one", SecretString=bundle)


def test_the_bundle_gives_what_neither_environment_nor_file_gives(
    aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del aws
    keep(json.dumps({"FIR_AUTH_KEY": "from the bundle", "API_KEY": "from the bundle", "MYSQL_PASSWORD": "p/w"}))
    file = tmp_path / "key"
    file.write_text("from a file\n")
    monkeypatch.setenv("API_KEY_FILE", str(file))
    monkeypatch.setenv("MYSQL_HOST", "db.example")
    monkeypatch.setenv("MYSQL_PASSWORD", "from the environment")
    settings = load_settings()
    assert settings.fir_auth_key is not None
    assert settings.api_key is not None
    assert settings.fir_auth_key.get_secret_value() == "from the bundle"
    assert settings.api_key.get_secret_value() == "from a file"
    assert settings.mysql_password.get_secret_value() == "from the environment"
    assert "from" not in repr(settings)


def test_the_bundle_is_asked_for_once_and_stays_good_where_aws_does_not_answer(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del aws
    keep(json.dumps({"AFIRGEN_API_KEY": "one of the station"}))
    load_settings()
    client = boto3.client("secretsmanager", region_name=_REGION)
    client.put_secret_value(SecretId="station/one", SecretString=json.dumps({"AFIRGEN_API_KEY": "a newer one"}))
    assert _api_key() == "one of the station"
    monkeypatch.setattr(vault, "_KEPT_S", 0)
    assert _api_key() == "a newer one"
    client.delete_secret(SecretId="station/one", ForceDeleteWithoutRecovery=True)
    assert _api_key() == "a newer one"


@pytest.mark.parametrize("bundle", [None, "no JSON", "[1]"])
def test_a_bundle_that_cannot_be_read_is_said(aws: None, bundle: str | None) -> None:
    del aws
    if bundle is not None:
        keep(bundle)
    with pytest.raises(SettingsError, match="station/one could not be read"):
        load_settings()


def test_a_secret_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIR_AUTH_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(SettingsError, match="FIR_AUTH_KEY_FILE"):
        load_settings()


def test_every_origin_is_named_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example,*")
    assert load_settings().cors_origins == ("https://a.example", "*")
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match="names each origin"):
        load_settings()


def test_a_proxy_is_an_address_or_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert load_settings().trusted_proxies == ("10.0.0.0/8", "::1")
    monkeypatch.setenv("TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(SettingsError, match=r"proxy\.example"):
        load_settings()


def _api_key() -> str:
    key = load_settings().api_key
    return key.get_secret_value() if key else ""
