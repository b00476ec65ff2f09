"""Stacks side by side, against a stand-in whose stacks need time, which moto's do not."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from afirgen.deploy import progress, stage
from afirgen.deploy.aws import Aws
from afirgen.deploy.progress import Progress, rest
from afirgen.deploy.settle import settle
from afirgen.deploy.stacks import STAGES, Stack
from afirgen.deploy.stage import change_together
from afirgen.errors import DeploymentError

LAST = STAGES[-1]
CREATION = ["CREATE_IN_PROGRESS"] * 3 + ["CREATE_COMPLETE"]
LONG_CREATION = ["CREATE_IN_PROGRESS"] * 9 + ["CREATE_COMPLETE"]
UPDATE = ["UPDATE_IN_PROGRESS"] * 4 + ["UPDATE_COMPLETE"]
FAILED_CREATION = ["CREATE_IN_PROGRESS"] * 2 + ["ROLLBACK_IN_PROGRESS"] * 2 + ["ROLLBACK_COMPLETE"]
FAILED_UPDATE = ["UPDATE_IN_PROGRESS"] * 2 + ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]


class Sky(Aws):
    """An account whose stacks go through the states that are written for them, one with each pause."""

    def __init__(self, **under_way: list[str]) -> None:
        """``under_way`` are the states of the stacks that an earlier run has begun with, from now on."""
        super().__init__("ap-south-1")
        self.now = 0
        self.begun: dict[str, int] = {}
        self._states = {name: (0, states) for name, states in under_way.items()}

    def client(self, service: str) -> Any:
        assert service == "cloudformation"
        return self

    def start(self, kind: str, states: list[str]) -> Progress:
        self.begun[kind] = self.now
        self._states[kind] = (self.now, states)
        return Progress(self, f"afirgen-dev-{kind}")

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        kind = StackName.removeprefix("afirgen-dev-")
        if kind not in self._states:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        begun, states = self._states[kind]
        status = states[min(self.now - begun, len(states) - 1)]
        return {"Stacks": [{"StackName": StackName, "StackId": StackName, "StackStatus": status}]}

    def continue_update_rollback(self, *, StackName: str) -> None:  # noqa: N803 - AWS's name
        self.start(StackName.removeprefix("afirgen-dev-"), self._states["next"][1])

    def get_paginator(self, name: str) -> "Sky":
        assert name == "describe_stack_events"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return []


def run(sky: Sky, kinds: Sequence[str] = LAST, **states: list[str] | None) -> None:
    """Change the stacks of a stage; ``states`` are what each goes through, None where nothing would change."""
    known = frozenset({"Environment"})
    stacks = [Stack(f"afirgen-dev-{kind}", kind, "", known, known, {"Environment": "dev"}) for kind in kinds]

    def begin(stack: Stack) -> Progress | None:
        chosen = states.get(stack.kind)
        return sky.start(stack.kind, chosen) if chosen else None

    def pause(_: float) -> None:
        sky.now += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.time, "sleep", pause)
        patch.setattr(progress.time, "sleep", pause)
        change_together(sky, stacks, begin, lambda _: None)


def test_a_first_deployment_makes_database_and_service_at_the_same_time() -> None:
    sky = Sky()
    run(sky, database=LONG_CREATION, watch=CREATION, service=LONG_CREATION)
    assert sky.begun == {"database": 0, "watch": 0, "service": 0}
    # As long as the longest, and no longer.
    assert sky.now == len(LONG_CREATION) - 1


def test_network_and_data_are_made_at_the_same_time() -> None:
    sky = Sky()
    run(sky, STAGES[0], network=CREATION, data=CREATION)
    assert sky.begun == {"network": 0, "data": 0}


def test_a_database_that_is_there_is_changed_before_the_service() -> None:
    sky = Sky(database=["CREATE_COMPLETE"], service=["CREATE_COMPLETE"])
    run(sky, database=UPDATE, watch=UPDATE, service=UPDATE)
    assert sky.begun == {"database": 0, "watch": 0, "service": len(UPDATE) - 1}


def test_where_nothing_changes_nobody_waits() -> None:
    sky = Sky(database=["CREATE_COMPLETE"], service=["CREATE_COMPLETE"])
    run(sky, service=UPDATE)
    assert sky.begun == {"service": 0}
    sky = Sky()
    run(sky)
    assert sky.now == 0


def test_a_database_that_could_not_be_changed_keeps_the_service_as_it_is() -> None:
    sky = Sky(database=["CREATE_COMPLETE"], service=["CREATE_COMPLETE"])
    with pytest.raises(DeploymentError, match="stack afirgen-dev-database could not be changed"):
        run(sky, database=FAILED_UPDATE, service=UPDATE)
    assert sky.begun == {"database": 0}


def test_a_run_that_was_interrupted_goes_on_beside_what_is_under_way() -> None:
    """Only the database had been begun with: the others do not wait for its end."""
    sky = Sky(database=LONG_CREATION)
    run(sky, watch=CREATION, service=CREATION)
    assert sky.begun == {"watch": 0, "service": 0}
    assert sky.now == len(LONG_CREATION) - 1


def test_after_a_failed_database_the_next_run_makes_it_anew_and_then_the_service() -> None:
    sky = Sky(database=FAILED_CREATION[2:])
    run(sky, database=CREATION, watch=CREATION, service=CREATION)
    assert sky.begun == {"watch": 0, "database": 2, "service": 2}


def test_a_service_that_still_waits_gets_the_database_of_the_next_run() -> None:
    sky = Sky(database=["ROLLBACK_COMPLETE"], service=LONG_CREATION)
    run(sky, database=CREATION)
    assert sky.begun == {"database": 0}


def test_a_database_that_cannot_be_made_is_told_at_once() -> None:
    sky = Sky()
    with pytest.raises(DeploymentError) as failed:
        run(sky, database=FAILED_CREATION, service=LONG_CREATION)
    assert sky.now == len(FAILED_CREATION) - 1
    assert failed.value.public.startswith(
        "The stack afirgen-dev-database could not be changed and is as it was before."
    )
    assert failed.value.public.endswith("afirgen-dev-service is still under way; the same command goes on with it.")


def test_a_service_that_gave_up_waiting_is_told_with_what_it_waited_for() -> None:
    sky = Sky()
    with pytest.raises(DeploymentError) as failed:
        run(sky, database=LONG_CREATION, service=FAILED_CREATION)
    assert failed.value.public.startswith("The stack afirgen-dev-service could not be changed")
    assert failed.value.public.endswith(
        "afirgen-dev-database is still under way; the same command goes on with it. The service gives up when its "
        "database has not come within about 20 minutes."
    )
    # And the same command does: the database is there by then, and the service is begun with anew.
    sky.begun.clear()
    run(sky, service=CREATION)
    assert list(sky.begun) == ["service"]


def test_what_never_comes_to_rest_is_told_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    sky = Sky(database=["UPDATE_IN_PROGRESS"])
    monkeypatch.setattr(stage.time, "monotonic", lambda: sky.now * 60.0)
    with pytest.raises(DeploymentError, match="afirgen-dev-database has been changing for an hour"):
        run(sky, service=CREATION)
    assert sky.begun == {}
    assert sky.now == 61
    monkeypatch.setattr(progress.time, "sleep", lambda _: setattr(sky, "now", sky.now + 1))
    with pytest.raises(DeploymentError, match="afirgen-dev-database has been changing for an hour"):
        rest(Progress(sky, "afirgen-dev-database"), lambda _: None)


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        (["UPDATE_ROLLBACK_IN_PROGRESS"] * 2 + ["UPDATE_ROLLBACK_COMPLETE"], None),
        (["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"], "could not be put back"),
    ],
)
def test_an_update_that_was_not_put_back_is_put_back_first(
    monkeypatch: pytest.MonkeyPatch, becomes: list[str], said: str | None
) -> None:
    sky = Sky(service=["UPDATE_ROLLBACK_FAILED"], next=becomes)
    monkeypatch.setattr(progress.time, "sleep", lambda _: setattr(sky, "now", sky.now + 1))
    if said is None:
        settle(sky, "afirgen-dev-service", lambda _: None)
        assert sky.now == len(becomes) - 1
    else:
        with pytest.raises(DeploymentError, match=said):
            settle(sky, "afirgen-dev-service", lambda _: None)
