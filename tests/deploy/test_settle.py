"""What an interrupted or failed run left, against moto; the states that moto never reaches are set by hand."""

from typing import Any

import pytest
from moto.cloudformation import cloudformation_backends
from moto.core import DEFAULT_ACCOUNT_ID

from afirgen.deploy.aws import Aws
from afirgen.deploy.changes import carry_out, prepare
from afirgen.deploy.progress import describe
from afirgen.deploy.settle import lift_protection, settle
from afirgen.deploy.stacks import Stack
from afirgen.errors import DeploymentError
from tests.deploy.kit import REGION

NAME = "afirgen-dev-database"
TEMPLATE = """
Parameters: { Environment: { Type: String } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      DBInstanceIdentifier: !Sub "afirgen-${Environment}"
      DBInstanceClass: db.t4g.small
      Engine: mysql
      AllocatedStorage: 20
      MasterUsername: afirgen
      MasterUserPassword: not-a-secret
      DeletionProtection: true
"""


def stack(template: str = TEMPLATE) -> Stack:
    parameters = {"Environment": "dev"}
    return Stack(NAME, "database", template, frozenset(parameters), frozenset(parameters), parameters)


def make(aws: Aws) -> Any:
    """Make the stack and return what moto holds of it."""
    prepared = prepare(aws, stack())
    assert prepared is not None
    carry_out(aws, prepared, lambda _: None)
    # AWS does what the template says of it, moto does not.
    aws.client("rds").modify_db_instance(DBInstanceIdentifier="afirgen-dev", DeletionProtection=True)
    made: Any = next(iter(cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION].stacks.values()))
    return made


def failed_halfway(made: Any, status: str) -> None:
    """Let the stack have failed in its first creation, as AWS would tell."""
    made.events[:] = [e for e in made.events if e.resource_status != "CREATE_COMPLETE" or e.resource_type != STACK]
    made.status = status


STACK = "AWS::CloudFormation::Stack"


def protected(aws: Aws) -> list[bool]:
    return [d["DeletionProtection"] for d in aws.client("rds").describe_db_instances()["DBInstances"]]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_first_try_that_failed_goes_with_its_protected_database(aws: Aws, status: str) -> None:
    failed_halfway(make(aws), status)
    said: list[str] = []
    settle(aws, NAME, said.append)
    assert said[0] == f"{NAME}: removing what a first try has left."
    assert describe(aws, NAME) is None
    assert protected(aws) == []
    assert describe(aws, make(aws).name) is not None


def test_a_database_that_is_gone_already_and_one_of_others(aws: Aws) -> None:
    make(aws)
    rds = aws.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="afirgen-dev", DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="afirgen-dev", SkipFinalSnapshot=True)
    more = {"DBInstanceClass": "db.t4g.small", "Engine": "mysql", "AllocatedStorage": 20, "DeletionProtection": True}
    rds.create_db_instance(DBInstanceIdentifier="another", **more)
    lift_protection(aws, NAME)
    assert protected(aws) == [True]


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_that_was_complete_once_keeps_its_protection(aws: Aws, status: str) -> None:
    """Whatever its state says: its events tell that it was made, so it may hold records."""
    make(aws).status = status
    with pytest.raises(DeploymentError):
        settle(aws, NAME, lambda _: None)
    assert protected(aws) == [True]


def test_a_stack_whose_beginning_is_forgotten_counts_as_made(aws: Aws) -> None:
    made = make(aws)
    made.events.clear()
    made.status = "DELETE_FAILED"
    with pytest.raises(DeploymentError, match="Run `afirgen deploy destroy` to its end"):
        settle(aws, NAME, lambda _: None)
    assert protected(aws) == [True]
