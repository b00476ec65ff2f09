"""What docs/deployment.md and docs/runbook.md say of the templates is so, and the workflows call what there is."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.templates import TEMPLATES, properties, walk

ROOT = Path(__file__).parents[2]
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_WRITER = runpy.run_path(str(ROOT / "scripts" / "write_cost_doc.py"))


def test_the_table_of_costs_is_that_of_the_price_list() -> None:
    assert _WRITER["page_with_costs"](DEPLOYMENT) == DEPLOYMENT


def test_the_planned_time_is_that_of_steps_side_by_side_and_under_25_minutes() -> None:
    part = DEPLOYMENT.partition("### How long it takes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([\d, ]*)\| ([\d.]+) \| ([\d.]+) \|$", part, re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, 15))
    ends: dict[str, float] = {}
    for number, what, after, begins, minutes in rows:
        ready = max((ends[earlier] for earlier in re.findall(r"\d+", after)), default=0.0)
        assert float(begins) == ready, what
        ends[number] = ready + float(minutes)
    [together] = re.findall(r"\*\*together\*\* \| \| \| \*\*([\d.]+)\*\*", part)
    assert max(ends.values()) == float(together) < 25
    # What is named as a stack of its own comes in the order in which it is brought up.
    before = {what.partition(":")[0]: set(re.findall(r"\d+", after)) for _, what, after, *_ in rows}
    assert before["network"] == before["data"]
    assert before["database"] == before["watch"] == {"2", "3"}
    assert "It has not been measured" in part


def test_every_alarm_is_in_the_incident_list() -> None:
    part = RUNBOOK.partition("## Incidents")[2]
    names = [
        a["AlarmName"]["Fn::Sub"].removeprefix("afirgen-${Environment}-")
        for _, a in properties("AWS::CloudWatch::Alarm")
    ]
    # The database's three share a row; the stand-in's second alarm only sends it away again.
    for name in set(names) - {"spot-not-ready"}:
        assert name in part or f"-{name.removeprefix('database-')}" in part, name
    assert f"{len([n for n, _ in properties('AWS::CloudWatch::Alarm') if n.startswith('watch.')])} alarms" in DEPLOYMENT


def test_every_figure_that_is_read_is_listed() -> None:
    watch = (ROOT / "deploy" / "cloudformation" / "watch.yaml").read_text(encoding="utf-8")
    read = set(re.findall(r'"AFIRGen",\s+"(\w+)"', watch))
    read |= {
        part["MetricName"]
        for part in walk(TEMPLATES["watch"]["Resources"])
        if isinstance(part, dict) and part.get("Namespace") == "AFIRGen"
    }
    listed = DEPLOYMENT.partition("### Figures\n")[2].partition("### ")[0]
    assert len(read) > 15
    assert read == set(re.findall(r"`(\w+)`", listed)) - {"AFIRGen", "Environment", "dev", "staging", "prod", "Seconds"}


@pytest.mark.parametrize("page", [DEPLOYMENT, RUNBOOK], ids=["deployment", "runbook"])
def test_parameters_that_are_named_exist(page: str) -> None:
    known = {name for template in TEMPLATES.values() for name in template["Parameters"]}
    named = set(re.findall(r"--set (\w+)=", page))
    first_cells = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `") and row.count("|") == 4]
    cells = " ".join(c for c in first_cells if re.fullmatch(r" (`[A-Z]\w+`(, )?)+ ", c))
    named |= set(re.findall(r"`([A-Z]\w+)`", cells))
    assert len(named) >= 2
    assert named <= known


def test_the_runbook_holds_what_was_ordered() -> None:
    for title in (
        "First deployment",
        "Update",
        "A deployment that stops halfway",
        "Roll-back",
        "Restore",
        "Disaster recovery",
        "Rotate secrets",
        "Add officers",
        "A bigger instance",
        "A second station",
        "Incidents",
    ):
        assert f"\n## {title}\n" in RUNBOOK, title
    minutes = [int(m) for m in re.findall(r"^\| (\d+) \| ", RUNBOOK, re.MULTILINE)]
    assert minutes == sorted(minutes)
    assert minutes[-1] <= 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_a_workflow_has_few_rights_and_ends(path: Path) -> None:
    flow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert flow["permissions"] == {"contents": "read"}
    for name, job in flow["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        assert set(job.get("permissions", {})) <= {"contents", "id-token"}, name
        uses = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", u) for u in uses), name
        # A job that signs in to AWS is let through by the forge's environment, and no key is stored.
        signs_in = any("configure-aws-credentials" in u for u in uses)
        assert signs_in == ("environment" in job), name
    assert "secrets." not in path.read_text(encoding="utf-8")


def test_production_is_deployed_after_staging_and_both_after_the_tests() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8"))["jobs"]
    assert [jobs[name]["needs"] for name in ("artifact", "staging", "prod")] == ["tests", "artifact", "staging"]
