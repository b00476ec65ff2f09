"""AWS in process, and a folder of small templates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from afirgen.deploy.aws import Aws
from tests.deploy.kit import REGION, SMALL, Iam, Quotas


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for kind, text in SMALL.items():
        (tmp_path / f"{kind}.yaml").write_text(text)
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "dev.json").write_text('[{"ParameterKey": "Mail", "ParameterValue": "a@example.org"}]')
    return tmp_path


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    # AWS needs time; moto does not.
    monkeypatch.setattr("afirgen.deploy.progress.time.sleep", lambda _: None)
    with mock_aws():
        made = Aws(REGION)
        made._clients["service-quotas"] = Quotas()
        made._clients["iam"] = Iam()
        yield made
