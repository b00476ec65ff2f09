"""The rehearsal of `make deploy`: the real templates, brought up by the real program, in moto."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from afirgen.deploy import run
from afirgen.deploy.progress import describe, parameter
from afirgen.deploy.run import up
from afirgen.deploy.stacks import ENVIRONMENTS, ORDER
from tests.deploy.kit import artifact, quiet

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
REHEARSAL = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "deploy_dry_run.py"))


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_comes_up_and_once_more_changes_nothing(environment: str, tmp_path: Path) -> None:
    said: list[str] = []
    took = REHEARSAL["rehearse"](environment, artifact(tmp_path), said.append)
    assert list(took) == ["checks", "plan", "up, from nothing", "up, with nothing to change"]
    same = [line for line in said if line.endswith("nothing to change.")]
    assert same == [f"afirgen-{environment}-{kind}: nothing to change." for kind in ORDER]


@pytest.mark.parametrize("stop_after", range(5))
def test_interrupted_anywhere_the_real_stacks_come_up_the_next_time(
    stop_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, done = run.start, 0

    def interrupted(*arguments: Any) -> Any:
        nonlocal done
        if done == stop_after:
            raise KeyboardInterrupt
        done += 1
        return real(*arguments)

    built, chosen = artifact(tmp_path), REHEARSAL["stacks"]("dev")
    with REHEARSAL["account"]() as aws:
        with monkeypatch.context() as patch:
            patch.setattr(run, "start", interrupted)
            with pytest.raises(KeyboardInterrupt):
                up(aws, chosen, built, quiet)
        up(aws, chosen, built, quiet)
        found = [describe(aws, f"afirgen-dev-{kind}") for kind in ORDER]
        assert [each["StackStatus"] for each in found if each] == ["CREATE_COMPLETE"] * 5
        assert parameter(found[4], "ArtifactSha256") == built.sha256
