"""Stacks that use nothing of one another, changed side by side."""

import time
from collections.abc import Callable, Sequence

from afirgen.deploy.aws import Aws
from afirgen.deploy.progress import MOST_S, Progress, Say, describe, moves, too_long
from afirgen.deploy.stacks import Stack, stack_name
from afirgen.errors import DeploymentError

_FIRST_CREATION = "CREATE_IN_PROGRESS"


def change_together(
    aws: Aws, stacks: Sequence[Stack], begin: Callable[[Stack], Progress | None], say: Say, *, pause_s: float = 5.0
) -> None:
    """Begin with each stack, in order, as soon as it may be changed, and wait until all are done.

    What an interrupted run has left under way goes to its end first. ``begin`` returns None where nothing would change.

    Raises:
        DeploymentError: One of them failed. The others go on in AWS, and the next run takes them up.
    """
    waiting = {stack.name: stack for stack in stacks}
    before = {name: Progress(aws, name) for name in waiting}
    under_way: dict[str, Progress] = {}
    deadline = time.monotonic() + MOST_S
    while True:
        for name in [name for name, progress in under_way.items() if not _goes_on(aws, progress, stacks, say)]:
            del under_way[name]
        for name, stack in list(waiting.items()):
            if before[name].look(say) or _must_wait(aws, stack, {*waiting, *under_way}):
                continue
            del waiting[name]
            if (begun := begin(stack)) is not None:
                under_way[name] = begun
        if not waiting and not under_way:
            return
        if time.monotonic() > deadline:
            raise too_long(next(iter([*under_way, *waiting])))
        time.sleep(pause_s)


def _must_wait(aws: Aws, stack: Stack, unfinished: set[str]) -> bool:
    """Tell whether a change of the database has to end first.

    A database that is made for the first time is waited for by the instance, at the moment when it needs it. One that
    is there may be away for minutes while it is changed, and no tables are changed meanwhile.
    """
    database = stack_name(stack.parameters["Environment"], "database")
    return stack.kind == "service" and database in unfinished and _status(aws, database) != _FIRST_CREATION


def _goes_on(aws: Aws, progress: Progress, stacks: Sequence[Stack], say: Say) -> bool:
    if progress.look(say):
        return True
    try:
        progress.require_success()
    except DeploymentError as err:
        others = [stack for stack in stacks if stack.name != progress.name and moves(_status(aws, stack.name))]
        said = [f"{stack.name} is still under way; the same command goes on with it." for stack in others]
        failed = next(stack.kind for stack in stacks if stack.name == progress.name)
        if failed == "service" and any(stack.kind == "database" for stack in others):
            said.append("The service gives up when its database has not come within about 20 minutes.")
        raise DeploymentError(" ".join([err.public, *said]), detail=err.detail) from err
    return False


def _status(aws: Aws, name: str) -> str:
    return str((describe(aws, name) or {}).get("StackStatus", ""))
