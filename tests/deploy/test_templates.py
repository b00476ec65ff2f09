"""The templates against cfn-lint and the house's rules. No account is needed: what only AWS can tell is in the docs."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afirgen.case.languages import LANGUAGES
from afirgen.deploy.rights import rights
from afirgen.deploy.stacks import STAGES
from afirgen.settings import Settings
from tests.deploy.templates import (
    ENVIRONMENTS,
    FOLDER,
    SECRET,
    STACKS,
    TEMPLATES,
    as_list,
    exported,
    imported,
    parameters,
    properties,
    resources,
    statements,
    text_of,
    walk,
)

# Actions that AWS knows no resource for; the grant is as narrow as it can be.
_NO_RESOURCE_LEVEL = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeAddresses",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
_STATEFUL = {
    "AWS::RDS::DBInstance": ("Snapshot", "Snapshot"),
    # A first creation that fails takes its own empty things along, so that the next one finds the names free.
    **dict.fromkeys(
        (
            "AWS::S3::Bucket",
            "AWS::KMS::Key",
            "AWS::SecretsManager::Secret",
            "AWS::Backup::BackupVault",
            "AWS::Logs::LogGroup",
        ),
        ("RetainExceptOnCreate", "Retain"),
    ),
}


def test_cfn_lint_has_no_findings() -> None:
    files = [str(FOLDER / f"{name}.yaml") for name in STACKS]
    tool = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([str(tool), *files], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout) == (0, "")


# --- what is open ---------------------------------------------------------------------------------------------


def test_only_http_and_https_are_open_to_the_world() -> None:
    open_ports = [
        (rule["FromPort"], rule["ToPort"])
        for _, group in properties("AWS::EC2::SecurityGroup")
        for rule in group["SecurityGroupIngress"]
        if rule.get("CidrIp") == "0.0.0.0/0" or "CidrIpv6" in rule
    ]
    assert sorted(open_ports) == [(80, 80), (443, 443)]


def test_the_database_is_reached_from_the_service_only() -> None:
    groups = TEMPLATES["network"]["Resources"]
    rules = groups["DatabaseGroup"]["Properties"]["SecurityGroupIngress"]
    assert [(r["FromPort"], r["SourceSecurityGroupId"]) for r in rules] == [(3306, {"Ref": "ServiceGroup"})]
    database = TEMPLATES["database"]["Resources"]["Database"]["Properties"]
    assert database["PubliclyAccessible"] is False
    assert text_of(database["VPCSecurityGroups"]).count("database-group") == 1
    subnets = text_of(TEMPLATES["database"]["Resources"]["DatabaseSubnets"])
    assert "private-subnets" in subnets


def test_private_subnets_have_no_way_out() -> None:
    routes = [r for _, r in properties("AWS::EC2::Route")]
    assert [r["RouteTableId"] for r in routes] == [{"Ref": "PublicRoutes"}]


def test_nobody_needs_ssh_and_the_instance_asks_for_tokens() -> None:
    data = TEMPLATES["service"]["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
    assert "KeyName" not in data
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert all(d["Ebs"]["Encrypted"] is True for d in data["BlockDeviceMappings"])
    assert "AmazonSSMManagedInstanceCore" in text_of(TEMPLATES["service"]["Resources"]["Role"])


def test_https_is_modern_and_http_only_leads_to_it() -> None:
    listeners = dict(properties("AWS::ElasticLoadBalancingV2::Listener"))
    secure, plain = listeners["service.SecureListener"], listeners["service.PlainListener"]
    assert (secure["Protocol"], secure["SslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert plain["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"


# --- what is kept, and how ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "bucket"), list(properties("AWS::S3::Bucket")))
def test_every_bucket_is_private_encrypted_and_versioned(name: str, bucket: dict[str, Any]) -> None:
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
    rules = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    wanted = "AES256" if name == "data.LogsBucket" else "aws:kms"
    assert rules[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == wanted
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    broken = [r for r in bucket["LifecycleConfiguration"]["Rules"] if "AbortIncompleteMultipartUpload" in r]
    assert len(broken) == 1


def test_every_bucket_refuses_what_is_not_tls() -> None:
    buckets = {n.partition(".")[2] for n, _ in properties("AWS::S3::Bucket")}
    refused = set()
    for _, policy in properties("AWS::S3::BucketPolicy"):
        for s in policy["PolicyDocument"]["Statement"]:
            if s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                assert (s["Principal"], s["Action"]) == ("*", "s3:*")
                name = policy["Bucket"]["Ref"]
                assert s["Resource"] == [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}]
                refused.add(name)
    assert refused == buckets
    assert len(buckets) == 5


def test_life_cycles_are_those_that_were_ordered() -> None:
    rules = {n: b["LifecycleConfiguration"]["Rules"] for n, b in properties("AWS::S3::Bucket")}
    superseded = rules["data.ModelsBucket"][0]["NoncurrentVersionTransitions"]
    assert superseded == [{"StorageClass": "GLACIER", "TransitionInDays": 90}]
    for name in ("data.ArtifactsBucket", "data.OriginalsBucket"):
        assert (rules[name][0]["Prefix"], rules[name][0]["ExpirationInDays"]) == ("tmp/", 1)
        # An original is never deleted by age: only what lies under tmp/ goes.
        assert all("Prefix" in r for r in rules[name] if "ExpirationInDays" in r)
    assert rules["data.LogsBucket"][0]["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 30}]


@pytest.mark.parametrize("kind", list(_STATEFUL))
def test_nothing_that_holds_data_goes_with_its_stack(kind: str) -> None:
    found = list(resources(kind))
    assert found
    for stack, name, definition in found:
        kept = (definition["DeletionPolicy"], definition["UpdateReplacePolicy"])
        assert kept == _STATEFUL[kind], (stack, name)


def test_the_database_is_encrypted_protected_and_can_be_put_back() -> None:
    database = TEMPLATES["database"]["Resources"]["Database"]["Properties"]
    assert database["StorageEncrypted"] is True
    assert database["DeletionProtection"] is True
    assert database["DeleteAutomatedBackups"] is False
    assert database["StorageType"] == "gp3"
    assert database["EngineLifecycleSupport"]["Fn::If"][1] == "open-source-rds-extended-support-disabled"
    assert TEMPLATES["database"]["Parameters"]["DatabaseVersion"]["Default"] == "8.4"
    assert database["BackupRetentionPeriod"] == {"Ref": "RetentionDays"}
    settings = TEMPLATES["database"]["Resources"]["DatabaseParameters"]["Properties"]["Parameters"]
    assert (settings["innodb_flush_log_at_trx_commit"], settings["sync_binlog"]) == ("1", "1")
    assert settings["require_secure_transport"] == "1"


def test_backups_are_made_every_six_hours_and_can_be_copied_away() -> None:
    rule = TEMPLATES["database"]["Resources"]["BackupPlan"]["Properties"]["BackupPlan"]["BackupPlanRule"][0]
    assert rule["ScheduleExpression"]["Fn::Sub"][0] == "cron(30 ${BackupHours} ? * ${Days} *)"
    hours = [int(h) for h in TEMPLATES["database"]["Parameters"]["BackupHours"]["Default"].split(",")]
    assert [b - a for a, b in pairwise([*hours, 24 + hours[0]])] == [6, 6, 6, 6]
    assert rule["CopyActions"]["Fn::If"][0] == "HasCopy"


def test_logs_are_kept_for_a_time_that_somebody_chose() -> None:
    for name, group in properties("AWS::Logs::LogGroup"):
        assert "Ref" in group["RetentionInDays"], name


def test_no_secret_stands_in_a_template() -> None:
    for stack, template in TEMPLATES.items():
        assert not SECRET.search(text_of(template)), stack
        for name, parameter in template["Parameters"].items():
            assert "assword" not in name, name
            assert parameter.get("Description"), name
    for name, secret in properties("AWS::SecretsManager::Secret"):
        assert secret["GenerateSecretString"]["PasswordLength"] >= 40, name
        assert secret["KmsKeyId"] == {"Ref": "Key"}, name


# --- who may do what ------------------------------------------------------------------------------------------


def test_no_policy_allows_everything() -> None:
    for where, statement in statements():
        if statement["Effect"] != "Allow" or where == "data.Key":
            continue
        actions = as_list(statement["Action"])
        assert not [a for a in actions if a == "*" or a.endswith(":*")], where
        if "*" in as_list(statement.get("Resource", [])):
            assert set(actions) <= _NO_RESOURCE_LEVEL, where


def test_only_a_key_policy_names_every_action_and_only_for_the_account_itself() -> None:
    [first, alarms] = [s for where, s in statements() if where == "data.Key"]
    assert first["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert set(alarms["Action"]) == {"kms:GenerateDataKey*", "kms:Decrypt"}
    assert set(alarms["Principal"]) == {"Service"}


def test_a_service_may_act_for_this_account_only() -> None:
    """Who assumes a role or writes to a topic or bucket on somebody's behalf does it for this account's things."""
    for where, statement in statements():
        principal = statement.get("Principal")
        services = as_list(principal["Service"]) if isinstance(principal, dict) and "Service" in principal else []
        # The instance and the backups are named by nothing else; the key's statement is held by the topics' policies.
        if not services or where in {"service.Role", "database.BackupRole", "data.Key"}:
            continue
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}, where


def test_topics_are_encrypted_with_a_key_that_the_alarms_may_use() -> None:
    topics = dict(properties("AWS::SNS::Topic"))
    assert len(topics) == 2
    for name, topic in topics.items():
        assert "afirgen-${Environment}-key" in text_of(topic["KmsMasterKeyId"]), name
    [_, alarms] = [s for where, s in statements() if where == "data.Key"]
    publishers = {
        p
        for where, s in statements()
        if "Policy" in where and s["Action"] == "sns:Publish"
        for p in as_list(s["Principal"]["Service"])
    }
    assert publishers == set(alarms["Principal"]["Service"])


def test_the_instance_may_do_what_its_scripts_do() -> None:
    """Each call to AWS in the scripts of the instance has its right, on the bucket that it is about."""
    role = TEMPLATES["service"]["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {(action, text_of(s["Resource"])) for s in role for action in as_list(s["Action"])}

    def on(action: str, bucket: str, inside: str = "") -> bool:
        return any(a == action and f"-{bucket}-bucket" in r and inside in r for a, r in allowed)

    for bucket in ("artifacts", "models", "originals", "backups"):
        assert on("s3:GetObject", bucket, "/*"), bucket
        # Without it what is not there looks like what may not be seen, and a folder cannot be copied.
        assert on("s3:ListBucket", bucket), bucket
    assert on("s3:PutObject", "artifacts", "/builds/*")
    assert not any(a == "s3:PutObject" and "models-bucket" in r for a, r in allowed)
    for bucket in ("originals", "backups"):
        assert on("s3:PutObject", bucket, "/*"), bucket
    actions = {action for action, _ in allowed}
    scripts = "".join(path.read_text() for path in sorted((FOLDER.parent).rglob("*.sh")))
    commands = {
        "aws secretsmanager get-secret-value": "secretsmanager:GetSecretValue",
        "aws ec2 describe-addresses": "ec2:DescribeAddresses",
        "aws ec2 associate-address": "ec2:AssociateAddress",
        "aws autoscaling complete-lifecycle-action": "autoscaling:CompleteLifecycleAction",
        "aws cloudformation signal-resource": "cloudformation:SignalResource",
    }
    assert set(re.findall(r"aws (?!s3 )[a-z0-9]+ [a-z-]+", scripts)) == commands.keys()
    assert set(commands.values()) <= actions
    # What is encrypted with the installation's key is read and written through it.
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= actions


def test_every_kind_of_resource_has_its_rights_listed() -> None:
    kinds = {definition["Type"] for _, _, definition in resources()}
    assert kinds == rights().kinds.keys()
    for actions in (rights().always, *rights().kinds.values()):
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+", action) for action in actions)


# --- how the stacks hang together -----------------------------------------------------------------------------


def test_every_import_has_its_export_in_an_earlier_stage() -> None:
    """What is changed side by side uses nothing of one another."""
    known: set[str] = set()
    for stage in STAGES:
        for stack in stage:
            assert imported(stack) <= known, stack
        outputs = [o for stack in stage for o in TEMPLATES[stack].get("Outputs", {}).values()]
        known |= {o["Export"]["Name"]["Fn::Sub"] for o in outputs if "Export" in o}
    assert known == exported()
    assert all(name.startswith("afirgen-${Environment}-") for name in known)


def test_the_address_is_told_when_nothing_can_take_the_database_away_any_more() -> None:
    """Whoever finds the address in the secret works with it: no part of that stack comes later and may still fail."""
    parts = TEMPLATES["database"]["Resources"]
    target = parts["DatabaseSecretTarget"]
    assert "database-secret" in text_of(target["Properties"]["SecretId"])
    needs = {n for n, part in parts.items() if '{"Ref": "Database"}' in text_of(part) or "${Database}" in text_of(part)}
    assert needs == {"BackupSelection", "DatabaseSecretTarget"}
    assert target["DependsOn"] == "BackupSelection"
    # The instance reads it there, and the service may be made meanwhile.
    assert not [name for name in imported("service") if "database" in name]


@pytest.mark.parametrize("stack", STACKS)
def test_every_parameter_is_described_grouped_and_used(stack: str) -> None:
    template = TEMPLATES[stack]
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    body = text_of([template.get(part) for part in ("Resources", "Conditions", "Outputs", "Rules")])
    for name in template["Parameters"]:
        assert f'"{name}"' in body or f"${{{name}}}" in body, name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_chosen_parameters_exist_and_are_allowed(environment: str) -> None:
    known = {name: p for template in TEMPLATES.values() for name, p in template["Parameters"].items()}
    for name, value in parameters(environment).items():
        assert name in known, name
        parameter = known[name]
        if parameter["Type"] == "Number":
            assert float(parameter.get("MinValue", 0)) <= float(value) <= float(parameter.get("MaxValue", 1e9)), name
        allowed = [str(v) for v in parameter.get("AllowedValues", [value])]
        assert value in allowed, name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_backups_fall_into_the_hours_in_which_the_database_runs(environment: str) -> None:
    defaults = {name: str(p.get("Default")) for name, p in TEMPLATES["database"]["Parameters"].items()}
    chosen = defaults | parameters(environment)
    assert chosen["TimeZone"] == "Asia/Kolkata"
    from_h, to_h = (0, 24) if chosen["WorkingDays"] == "always" else (int(chosen["StartHour"]), int(chosen["StopHour"]))
    assert all(from_h <= int(hour) < to_h for hour in chosen["BackupHours"].split(","))
    # The window is in UTC, five and a half hours behind; a backup by AWS Backup must not fall into it.
    begin, end = ((int(t[:2]) + int(t[3:]) / 60 + 5.5) % 24 for t in chosen["BackupWindow"].split("-"))
    assert from_h <= begin < end <= to_h
    assert not [h for h in chosen["BackupHours"].split(",") if begin - 1 <= int(h) + 0.5 <= end]
    # Nor is it patched while it is stopped, or during a backup of its own.
    (day, patch_begin), (_, patch_end) = (part.split(":", 1) for part in chosen["MaintenanceWindow"].split("-"))
    patched = [(int(t[:2]) + int(t[3:]) / 60 + 5.5) % 24 for t in (patch_begin, patch_end)]
    assert day in {"mon", "tue", "wed", "thu", "fri", "sat"} or chosen["WorkingDays"] == "always"
    assert from_h <= patched[0] < patched[1] <= to_h
    assert patched[0] > end or patched[1] < begin
    assert not [h for h in chosen["BackupHours"].split(",") if patched[0] - 1 <= int(h) + 0.5 <= patched[1]]


def test_an_instance_that_dies_is_replaced_and_counts_only_when_ready() -> None:
    group = TEMPLATES["service"]["Resources"]["Group"]
    assert group["Properties"]["DesiredCapacity"] == "1"
    assert "public-subnets" in text_of(group["Properties"]["VPCZoneIdentifier"])
    assert group["CreationPolicy"]["ResourceSignal"] == {"Count": 1, "Timeout": "PT45M"}
    update = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert update["PauseTime"] == "PT45M"
    assert (update["WaitOnResourceSignals"], update["MaxBatchSize"]) == (True, 1)
    [hook] = group["Properties"]["LifecycleHookSpecificationList"]
    assert (hook["LifecycleTransition"], hook["DefaultResult"]) == ("autoscaling:EC2_INSTANCE_LAUNCHING", "ABANDON")
    # Neither gives up before the other.
    assert hook["HeartbeatTimeout"] == 45 * 60
    # A new one goes before the old only where there is room for two, and the old before the new where there is not.
    assert update["MinInstancesInService"] == {"Fn::If": ["OneMore", 1, 0]}
    assert group["Properties"]["MaxSize"] == {"Fn::If": ["OneMore", "2", "1"]}
    assert int(group["Properties"]["MinSize"]) == 0


@pytest.mark.parametrize("purchase", ["spot", "on-demand"])
@pytest.mark.parametrize("kind", TEMPLATES["service"]["Parameters"]["InstanceType"]["AllowedValues"])
def test_no_kind_of_instance_is_named_twice(kind: str, purchase: str) -> None:
    """Auto Scaling refuses a group that names one twice."""
    service = TEMPLATES["service"]
    chosen = {"InstanceType": kind, "Purchase": purchase}

    def holds(condition: Any) -> bool:
        match condition:
            case {"Fn::Equals": [{"Ref": name}, value]}:
                return bool(chosen[name] == value)
            case {"Fn::Not": [inner]}:
                return not holds(inner)
            case {"Fn::And": parts}:
                return all(holds(part) for part in parts)
            case {"Condition": name}:
                return holds(service["Conditions"][name])
        raise AssertionError(condition)

    named = []
    for row in service["Resources"]["Group"]["Properties"]["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]:
        if "Fn::If" in row:
            condition, then, _ = row["Fn::If"]
            if not holds(service["Conditions"][condition]):
                continue
            row = then  # noqa: PLW2901 - the row that is in force
        named.append(kind if row["InstanceType"] == {"Ref": "InstanceType"} else row["InstanceType"])
    assert len(set(named)) == len(named)
    assert (len(named) > 1) is (purchase == "spot")


def test_an_instance_on_demand_stands_in_until_a_spot_instance_is_ready() -> None:
    there = TEMPLATES["service"]["Resources"]
    none, unready = there["NoSpot"]["Properties"], there["SpotNotReady"]["Properties"]
    assert (none["AlarmActions"], "OKActions" in none) == ([{"Ref": "StandInUp"}], False)
    assert (unready["OKActions"], "AlarmActions" in unready) == ([{"Ref": "StandInDown"}], False)
    # One that is still coming is no reason to call the stand-in, but none to send it away either.
    assert none["Metrics"][0]["Expression"] == "wanted - here - coming"
    assert unready["Metrics"][0]["Expression"] == "wanted - here"
    assert "MixedInstancesPolicy" not in there["StandIn"]["Properties"]
    # In a first creation the group waits for a signal; alarms that waited for the group would call nobody.
    for alarm in (none, unready):
        assert '{"Ref": "Group"}' not in text_of(alarm)


def test_working_hours_are_the_same_for_instance_and_database() -> None:
    service, data = TEMPLATES["service"], TEMPLATES["database"]
    for name in ("WorkingDays", "StartHour", "StartMinute", "StopHour"):
        assert service["Parameters"][name] == data["Parameters"][name]
    assert service["Mappings"] == data["Mappings"]
    assert (
        service["Resources"]["Start"]["Properties"]["Recurrence"]["Fn::Sub"][0]
        == "${StartMinute} ${StartHour} * * ${Days}"
    )
    database = data["Resources"]["DatabaseStart"]["Properties"]
    assert database["ScheduleExpression"]["Fn::Sub"][0] == "cron(${StartMinute} ${StartHour} ? * ${Days} *)"
    # The instance still writes while it ends its work.
    assert data["Resources"]["DatabaseStop"]["Properties"]["ScheduleExpression"]["Fn::Sub"][0].startswith("cron(10 ")
    assert service["Resources"]["Stop"]["Properties"]["Recurrence"]["Fn::Sub"][0].startswith("0 ")
    # Both count from 1, but one of them from Sunday, so only the names are safe where names are known.
    assert service["Mappings"]["Days"]["mon-sat"] == {"Scheduler": "MON-SAT", "Group": "1-6"}


def test_every_setting_of_the_station_is_asked_for_and_reaches_the_instance() -> None:
    wanted = [name.removeprefix("station_") for name in Settings.model_fields if name.startswith("station_")]
    assert len(wanted) >= 5
    service = TEMPLATES["service"]
    [group] = [
        g for g in service["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"] if "Station" in str(g)
    ]
    assert group["Parameters"] == [f"Station{name.capitalize()}" for name in wanted]
    script = text_of(service["Resources"]["Template"])
    first_start = (FOLDER.parent / "user-data.sh").read_text()
    for name in wanted:
        upper = name.upper()
        assert f'STATION_{upper}=\\"${{Station{name.capitalize()}}}\\"' in script, name
        assert f'station {upper} "$STATION_{upper}"\n' in first_start, name
    # A language that the program does not know would only be found by a service that does not start.
    assert service["Parameters"]["StationLanguage"]["AllowedValues"] == ["", *LANGUAGES]


# --- what is watched ------------------------------------------------------------------------------------------


def test_what_was_ordered_is_watched_and_somebody_is_told() -> None:
    alarms = dict(properties("AWS::CloudWatch::Alarm"))
    watched = {name.partition(".")[2] for name in alarms}
    assert watched >= {
        "ErrorRate",
        "SlowDrafts",
        "SlowApi",
        "Disk",
        "GpuMemory",
        "DatabaseCpu",
        "DatabaseStorage",
        "DatabaseConnections",
        "BackupFailed",
        "NotReady",
        "SignInFailures",
    }
    for name, alarm in alarms.items():
        assert alarm.get("AlarmActions") or alarm.get("OKActions"), name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}, name
    # Of the smallest database, 20 GiB, storage grows when 2 GiB are left: an alarm before that would wake for nothing.
    assert alarms["watch.DatabaseStorage"]["Threshold"] < 2 * 2**30
    thresholds = {n: alarms[f"watch.{n}"]["Threshold"] for n in ("ErrorRate", "SlowDrafts", "SlowApi")}
    assert thresholds == {"ErrorRate": 5, "SlowDrafts": 30, "SlowApi": 0.2}
    assert len(list(properties("AWS::CloudWatch::CompositeAlarm"))) == 1


@pytest.mark.parametrize("days", ["always", "every-day", "mon-sat", "mon-fri"])
def test_an_overdue_backup_is_told_and_no_weekend_is_taken_for_one(days: str) -> None:
    """The longest pause between two runs of the timer while the instance is on stays under the alarm's time."""
    watch = TEMPLATES["watch"]
    alarm = watch["Resources"]["OwnBackupOverdue"]["Properties"]
    assert (alarm["Period"], alarm["Threshold"], alarm["TreatMissingData"]) == (6 * 3600, 1, "breaching")
    assert watch["Parameters"]["WorkingDays"] == TEMPLATES["service"]["Parameters"]["WorkingDays"]
    periods = watch["Mappings"]["Overdue"][days]["Periods"]
    # The timer counts in UTC, the working hours in India's time; two weeks, from a Monday.
    times = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=6 * n) for n in range(14 * 4)]
    here = [at.astimezone(ZoneInfo("Asia/Kolkata")) for at in times]
    works = {"every-day": 7, "mon-sat": 6, "mon-fri": 5}
    runs = [n for n, at in enumerate(here) if days == "always" or (8 <= at.hour < 20 and at.weekday() < works[days])]
    empty = max(later - earlier - 1 for earlier, later in pairwise(runs))
    assert empty < periods <= empty + 3
    # What AWS takes: seven days at most.
    assert periods * alarm["Period"] <= 7 * 86400


def test_the_dashboards_show_what_the_program_and_aws_tell() -> None:
    boards = {
        b["DashboardName"]["Fn::Sub"]: b["DashboardBody"]["Fn::Sub"]
        for _, b in properties("AWS::CloudWatch::Dashboard")
    }
    assert {name.rpartition("-")[2] for name in boards} == {"main", "errors", "performance"}
    for board in boards.values():
        widgets = json.loads(board)["widgets"]
        places = [(w["x"], w["y"]) for w in widgets]
        assert len(set(places)) == len(places) >= 5
    shown = "".join(boards.values())
    for _, alarm in properties("AWS::CloudWatch::Alarm"):
        metric = alarm.get("MetricName")
        if alarm.get("Namespace") == "AFIRGen":
            assert f'"{metric}"' in shown, metric


def test_money_is_watched_at_half_four_fifths_all_and_ahead() -> None:
    [(_, budget)] = properties("AWS::Budgets::Budget")
    told = [n["Notification"] for n in budget["NotificationsWithSubscribers"]]
    assert [(n["NotificationType"], n["Threshold"]) for n in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert (
        len(list(properties("AWS::CE::AnomalyMonitor"))) == len(list(properties("AWS::CE::AnomalySubscription"))) == 1
    )


def test_the_first_script_is_sound_shell() -> None:
    data = TEMPLATES["service"]["Resources"]["Template"]["Properties"]["LaunchTemplateData"]
    [script] = [v for v in walk(data["UserData"]) if isinstance(v, str) and v.startswith("#!/bin/bash")]
    done = subprocess.run(["/bin/bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.index("sha256sum --check") < script.index("tar -xzf")
