"""The script of an instance's first start, tried in a folder with every outside command recorded."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS_PAGE = DEPLOY.parent / "docs" / "settings.md"
SETTINGS = {
    "STACK": "afirgen-dev-service",
    "DEPLOYMENT": "dev",
    "GROUP": "afirgen-dev",
    "PROFILE": "starter",
    "DOMAIN": "fir.example.org",
    "CONTACT": "a@example.org",
    "HTTPS": "instance",
    "ADDRESS": "eipalloc-1",
    "MODELS_BUCKET": "m",
    "ORIGINALS_BUCKET": "o",
    "BACKUPS_BUCKET": "b",
    "DATABASE_SECRET": "arn:database",
    "API_KEY_SECRET": "arn:api",
    "FIR_AUTH_SECRET": "arn:fir",
    "BACKUP_KEY_SECRET": "arn:backup",
    "DATABASE_ADDRESS": "db.example.org",
    "STATION_NAME": '"Kothrud Police Station"',
    "STATION_DISTRICT": '""',
    "STATION_STATE": '"महाराष्ट्र"',
    "AWS_REGION": "ap-south-1",
}
RECORD = '#!/bin/bash\necho "$(basename "$0") $*" >> "$CALLS"\n'
ANSWERS = {
    "aws": 'case "$*" in *arn:database*) echo \'{"username": "afirgen", "password": "pw4711"}\' ;; *arn:api*) [ -z "${NO_API_KEY:-}" ] && echo key4711 ;; *arn:*) echo other4711 ;; esac',
    "curl": 'case "$*" in *api/token*) echo token ;; *instance-id*) echo i-0abc ;; *-o*.pem*) for last; do :; done; touch "$ROOT/etc/afirgen/database-ca.pem" ;; esac',
    "mountpoint": 'exit "${NO_FAST_DISK:-0}"',
    "timeout": 'exit "${NO_DATABASE:-0}"',
    "openssl": 'touch "$ROOT/etc/caddy/own.key" "$ROOT/etc/caddy/own.crt"',
}
SILENT = ("chown", "systemctl", "apt-get", "add-apt-repository", "sleep")


class Machine:
    """A folder that stands for the instance, and the calls that the script made."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.root = folder / "root"
        self._calls = folder / "calls"
        self._tools = folder / "tools"
        self._artifact = folder / "artifact"
        self._tools.mkdir()
        for name, answer in (ANSWERS | dict.fromkeys(SILENT, "")).items():
            self._tool(self._tools / name, answer)
        shutil.copytree(DEPLOY, self._artifact / "deploy")
        self._tool(self._artifact / "deploy" / "install.sh", "")
        current = self.root / "opt" / "afirgen" / "current" / "deploy"
        current.mkdir(parents=True)
        self._tool(current / "as-service.sh", "")
        agent = self.root / "opt" / "aws" / "amazon-cloudwatch-agent" / "bin"
        agent.mkdir(parents=True)
        self._tool(agent / "amazon-cloudwatch-agent-ctl", "")
        etc = self.root / "etc" / "afirgen"
        etc.mkdir(parents=True)
        (etc / "instance").write_text("".join(f"{k}={v}\n" for k, v in (SETTINGS | settings).items()))

    def start(self, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self._tools}:{os.defpath}",
            "ROOT": str(self.root),
            "CALLS": str(self._calls),
            "LOOKS": "3",
            **more,
        }
        script = str(self._artifact / "deploy" / "user-data.sh")
        command = ["/bin/bash", script, str(self._artifact)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()

    def place(self, words: str) -> int:
        """Return at which place the first call with these words stands."""
        return next(i for i, call in enumerate(self.calls) if words in call)

    @staticmethod
    def _tool(path: Path, answer: str) -> None:
        path.write_text(RECORD + answer + "\n")
        path.chmod(0o755)


def test_the_instance_is_told_ready_last_and_in_the_right_order(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    done = machine.start()
    assert done.returncode == 0, done.stderr
    steps = [
        "amazon-cloudwatch-agent-ctl",
        "install.sh",
        "get-secret-value",
        "as-service.sh models pull",
        "timeout",
        "as-service.sh db upgrade",
        "systemctl start afirgen.service",
        "127.0.0.1:8000/ready",
        "associate-address",
        "s3 sync --only-show-errors --region ap-south-1 s3://b/caddy/",
        "systemctl restart caddy",
        "https://fir.example.org/ready",
        "afirgen-certificates.timer",
        "complete-lifecycle-action",
        "signal-resource",
    ]
    places = [machine.place(step) for step in steps]
    assert places == sorted(places)
    assert machine.calls[-1].endswith("--unique-id i-0abc --status SUCCESS")
    assert "--lifecycle-action-result CONTINUE" in machine.calls[-2]


def test_secrets_go_into_a_file_of_root_and_nowhere_else(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    done = machine.start()
    file = machine.root / "etc" / "afirgen" / "afirgen.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert rows["AFIRGEN_DATABASE_URL"] == (
        "mysql+asyncmy://afirgen:pw4711@db.example.org:3306/afirgen?ssl_ca=/etc/afirgen/database-ca.pem"
    )
    assert (rows["AFIRGEN_API_KEY"], rows["AFIRGEN_MODEL_SOURCES"]) == ("key4711", "s3://m/models,registry")
    assert (rows["AFIRGEN_ORIGINALS"], rows["AFIRGEN_BACKUP_TARGET"]) == ("s3://o/originals", "s3://b/backups")
    assert rows["AFIRGEN_STATION_NAME"] == '"Kothrud Police Station"'
    assert all(rows.values())
    assert set(rows) - {"AWS_DEFAULT_REGION"} <= set(re.findall(r"AFIRGEN_[A-Z_]+", SETTINGS_PAGE.read_text()))
    told = done.stdout + done.stderr + "".join(machine.calls)
    assert "4711" not in told
    others = [p for p in machine.root.rglob("*") if p.is_file() and p != file]
    assert not [p for p in others if b"4711" in p.read_bytes()]


def test_a_database_that_never_comes_is_told_as_a_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    done = machine.start(NO_DATABASE="1")
    assert done.returncode == 1
    assert "Gave up waiting for the database." in done.stderr
    assert not [c for c in machine.calls if "db upgrade" in c or "associate-address" in c]
    assert machine.calls[-1].endswith("--status FAILURE")
    assert "--lifecycle-action-result ABANDON" in machine.calls[-2]


def test_a_secret_that_may_not_be_read_is_told_as_a_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_API_KEY="1").returncode != 0
    assert not [c for c in machine.calls if "as-service.sh" in c]
    assert machine.calls[-1].endswith("--status FAILURE")
    assert len([c for c in machine.calls if "signal-resource" in c]) == 1


def test_without_a_fast_disk_the_models_lie_on_the_other(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_FAST_DISK="1").returncode == 0
    told = (machine.root / "etc" / "afirgen" / "afirgen.env").read_text()
    assert "AFIRGEN_MODEL_DIR=/var/cache/afirgen/models\n" in told
    assert (machine.root / "var" / "cache" / "afirgen" / "models").is_dir()


def test_behind_a_load_balancer_nobody_is_asked_for_a_certificate(tmp_path: Path) -> None:
    machine = Machine(tmp_path, HTTPS="load-balancer", DEPLOYMENT="prod")
    assert machine.start().returncode == 0
    assert not [c for c in machine.calls if "associate-address" in c or "s3 sync" in c]
    caddy = machine.root / "etc" / "caddy"
    assert stat.S_IMODE((caddy / "own.key").stat().st_mode) == 0o600
    assert (caddy / "Caddyfile").read_text() == (DEPLOY / "caddy" / "load-balancer.caddyfile").read_text()
    told = (machine.root / "etc" / "afirgen" / "afirgen.env").read_text()
    assert "AFIRGEN_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8\n" in told
    assert "TRUSTED=10.0.0.0/8\n" in (caddy / "afirgen.env").read_text()
    agent = machine.root / "opt" / "aws" / "amazon-cloudwatch-agent" / "etc" / "afirgen.json"
    assert "/afirgen/prod/application" in agent.read_text()
    assert "@" not in agent.read_text()


def test_a_command_can_be_sent_to_a_restored_copy_of_the_database(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.start()
    text = (DEPLOY / "as-service.sh").read_text().replace("/etc/afirgen/", f"{machine.root}/etc/afirgen/")
    script = text[: text.index("install -d")] + 'echo "$AFIRGEN_DATABASE_URL"\n'
    done = subprocess.run(  # noqa: S603 - our own
        ["/bin/bash", "-c", script],
        env={"AFIRGEN_DATABASE_HOST": "copy.example.org"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("mysql+asyncmy://afirgen:pw4711@copy.example.org:3306/afirgen?ssl_ca=")
