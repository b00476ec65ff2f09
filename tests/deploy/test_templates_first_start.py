"""The script of an instance's first start, tried in a folder with every outside command recorded."""

import hashlib
import json
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
    "ARTIFACTS_BUCKET": "p",
    "ADDRESS": "eipalloc-1",
    "MODELS_BUCKET": "m",
    "ORIGINALS_BUCKET": "o",
    "BACKUPS_BUCKET": "b",
    "DATABASE_SECRET": "arn:database",
    "API_KEY_SECRET": "arn:api",
    "FIR_AUTH_SECRET": "arn:fir",
    "BACKUP_KEY_SECRET": "arn:backup",
    "STATION_NAME": '"Kothrud Police Station"',
    "STATION_DISTRICT": '""',
    "STATION_STATE": '"महाराष्ट्र"',
    "STATION_BEATS": '"Beat 1, बीट 2"',
    "STATION_LANGUAGE": '"hi"',
    "AWS_REGION": "ap-south-1",
}
RECORD = '#!/bin/bash\necho "$(basename "$0") $*" >> "$CALLS"\n'
ANSWERS = {
    "aws": 'case "$*" in *describe-addresses*) echo "${HELD_BY:-None}" ;; *arn:database*) asked="$(grep -c arn:database "$CALLS")"; host=""; [ "$asked" -le "${DATABASE_AFTER:-1}" ] || host=\', "host": "db.example.org"\'; echo "{\\"username\\": \\"afirgen\\", \\"password\\": \\"pw4711\\"$host}" ;; *arn:api*) [ -z "${NO_API_KEY:-}" ] && echo key4711 ;; *arn:*) echo other4711 ;; esac',
    "curl": 'case "$*" in *api/token*) echo token ;; *instance-id*) echo i-0abc ;; *https://fir.example.org/ready*) exit "${NO_CERTIFICATE:-0}" ;; *-o*.pem*) for last; do :; done; touch "$ROOT/etc/afirgen/database-ca.pem" ;; esac',
    "lsblk": 'echo "Amazon Elastic Block Store"; [ -n "${NO_FAST_DISK:-}" ] || echo "Amazon EC2 NVMe Instance Storage"',
    "mountpoint": "",
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
        self._tool(self._artifact / "deploy" / "llama-cuda.sh", 'exit "${NO_RUNTIME:-0}"')
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
        "--start-later",
        "mountpoint -q",
        "get-secret-value",
        "systemctl start afirgen-models.service",
        "timeout",
        "as-service.sh db upgrade",
        "systemctl start afirgen.service",
        "127.0.0.1:8000/ready",
        "systemctl start afirgen-backup.timer",
        "describe-addresses",
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
    # The runtime for the GPU comes meanwhile, and is there before the program starts.
    runtime = machine.place("llama-cuda.sh")
    assert machine.place("get-secret-value") < runtime < machine.place("systemctl start afirgen.service")
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
    station = {name.removeprefix("AFIRGEN_STATION_"): value for name, value in rows.items() if "STATION" in name}
    assert station == {
        "NAME": '"Kothrud Police Station"',
        "STATE": '"महाराष्ट्र"',
        "BEATS": '"Beat 1, बीट 2"',
        "LANGUAGE": '"hi"',
    }
    assert all(rows.values())
    assert set(rows) - {"AWS_DEFAULT_REGION"} <= set(re.findall(r"AFIRGEN_[A-Z_]+", SETTINGS_PAGE.read_text()))
    told = done.stdout + done.stderr + "".join(machine.calls)
    assert "4711" not in told
    others = [p for p in machine.root.rglob("*") if p.is_file() and p != file]
    assert not [p for p in others if b"4711" in p.read_bytes()]


def test_an_instance_works_until_it_needs_the_database_and_waits_for_it_there(tmp_path: Path) -> None:
    """On a first deployment the stack of the database writes the address into the secret only when it is there."""
    machine = Machine(tmp_path)
    done = machine.start(DATABASE_AFTER="3")
    assert done.returncode == 0, done.stderr
    asked = [n for n, call in enumerate(machine.calls) if "arn:database" in call]
    # For the settings, twice in vain, with success, and to take the address.
    assert len(asked) == 5
    before = machine.calls[asked[0] : asked[1]]
    assert [c for c in before if "start afirgen-models.service" in c]
    assert asked[-1] < machine.place("as-service.sh db upgrade")
    told = (machine.root / "etc" / "afirgen" / "afirgen.env").read_text()
    assert "@db.example.org:3306/afirgen?" in told
    assert "not-there-yet" not in told


def test_before_the_database_is_there_no_program_can_begin_another(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(DATABASE_AFTER="99").returncode == 1
    file = machine.root / "etc" / "afirgen" / "afirgen.env"
    [url] = [line for line in file.read_text().splitlines() if line.startswith("AFIRGEN_DATABASE_URL=")]
    assert url.startswith("AFIRGEN_DATABASE_URL=mysql+asyncmy://afirgen:pw4711@not-there-yet.invalid:3306/")
    assert not [c for c in machine.calls if "db upgrade" in c or "start afirgen.service" in c]
    assert machine.calls[-1].endswith("--status FAILURE")


def test_a_database_that_never_comes_is_told_as_a_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    done = machine.start(NO_DATABASE="1")
    assert done.returncode == 1
    assert "Gave up waiting for the database after 0 minutes." in done.stderr
    assert "See what became of the stack afirgen-dev-database, and run `afirgen deploy up dev` again." in done.stderr
    assert not [c for c in machine.calls if "db upgrade" in c or "associate-address" in c]
    assert machine.calls[-1].endswith("--status FAILURE")
    assert "--lifecycle-action-result ABANDON" in machine.calls[-2]


def test_a_secret_that_may_not_be_read_is_told_as_a_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_API_KEY="1").returncode != 0
    assert not [c for c in machine.calls if "as-service.sh" in c or "afirgen-models" in c or "llama-cuda" in c]
    assert machine.calls[-1].endswith("--status FAILURE")
    assert len([c for c in machine.calls if "signal-resource" in c]) == 1


def test_without_a_runtime_for_its_gpu_the_program_is_not_started(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_RUNTIME="1").returncode == 1
    assert not [c for c in machine.calls if "start afirgen.service" in c]
    assert machine.calls[-1].endswith("--status FAILURE")


def test_an_instance_that_fails_gives_the_address_back_to_the_one_at_work(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_CERTIFICATE="1", HELD_BY="i-0old").returncode == 1
    given = [c for c in machine.calls if "associate-address" in c]
    assert [re.findall(r"--instance-id (\S+)", c) for c in given] == [["i-0abc"], ["i-0old"]]
    assert machine.calls[-1].endswith("--status FAILURE")


def test_a_first_instance_that_fails_has_nobody_to_give_the_address_to(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.start(NO_CERTIFICATE="1").returncode == 1
    assert len([c for c in machine.calls if "associate-address" in c]) == 1


def test_the_models_may_be_written_by_their_unit_where_they_lie(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.start()
    place = machine.root / "etc" / "systemd" / "system" / "afirgen-models.service.d" / "place.conf"
    assert place.read_text() == "[Service]\nReadWritePaths=-/opt/dlami/nvme/afirgen/models\n"
    told = (machine.root / "etc" / "afirgen" / "afirgen.env").read_text()
    assert "AFIRGEN_MODEL_DIR=/opt/dlami/nvme/afirgen/models\n" in told
    # The figure for the disk is of the places that fill.
    agent = machine.root / "opt" / "aws" / "amazon-cloudwatch-agent" / "etc" / "afirgen.json"
    disks = json.loads(agent.read_text())["metrics"]["metrics_collected"]["disk"]["resources"]
    assert disks == ["/", "/opt/dlami/nvme"]


def test_packages_wait_for_the_image_that_updates_itself(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.start()
    calls = [c for c in machine.calls if c.startswith("apt-get")]
    assert len(calls) >= 2
    assert all("DPkg::Lock::Timeout=600" in c for c in calls)


# --- the runtime for the GPU ------------------------------------------------------------------------------------------

CUDA_ANSWERS = {
    "nvidia-smi": "echo 8.6",
    "nvcc": "echo 'Cuda compilation tools, release 12.8, V12.8.93'",
    "ldconfig": "",
    "aws": 'case "$*" in *--recursive*) for last; do :; done; [ -z "${KEPT:-}" ] || touch "$last/llama_cpp_python-1-cp311.whl" ;; esac',
}
PYTHON = (
    'echo "CMAKE_ARGS=${CMAKE_ARGS:-}" >> "$CALLS"; if [ "$3" = wheel ]; then touch "$9/llama_cpp_python-1-cp311.whl"; fi; '
    'case "$*" in *supports_gpu*) exit "${NO_GPU:-0}" ;; esac'
)


def cuda(folder: Path, **more: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run llama-cuda.sh with stand-ins for what it calls."""
    folder.mkdir()
    tools, root, calls = folder / "tools", folder / "root", folder / "calls"
    program = root / "opt" / "afirgen" / "current" / "venv" / "bin"
    for made in (tools, program, root / "etc" / "ld.so.conf.d", folder / "artifact" / "sources"):
        made.mkdir(parents=True)
    (folder / "artifact" / "sources" / "llama_cpp_python-1.tar.gz").write_bytes(b"source")
    for name, answer in CUDA_ANSWERS.items():
        Machine._tool(tools / name, answer)
    Machine._tool(program / "python", PYTHON)
    path = f"{tools}:{os.defpath}"
    environment = {"PATH": path, "ROOT": str(root), "CALLS": str(calls), "CUDA_HOME": str(folder / "none"), **more}
    command = ["/bin/bash", str(DEPLOY / "llama-cuda.sh"), str(folder / "artifact"), "p"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    return done, calls.read_text().splitlines()


def test_the_runtime_is_compiled_once_for_a_gpu_and_kept(tmp_path: Path) -> None:
    done, calls = cuda(tmp_path / "first")
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256(b"source").hexdigest()[:16]
    place = f"s3://p/builds/llama-{digest}-cuda12.8-sm86/"
    [compiled] = [n for n, c in enumerate(calls) if "pip wheel" in c]
    assert "--no-index" in calls[compiled]
    assert calls[compiled + 1] == "CMAKE_ARGS=-DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=86 -DGGML_NATIVE=OFF"
    [sent] = [n for n, c in enumerate(calls) if "s3 cp" in c and "--recursive" not in c]
    [installed] = [n for n, c in enumerate(calls) if "pip install" in c]
    assert calls[sent].endswith(place)
    assert compiled < sent < installed

    done, calls = cuda(tmp_path / "second", KEPT="1")
    assert done.returncode == 0, done.stderr
    assert f"s3 cp --recursive --only-show-errors {place}" in "".join(calls)
    assert not [c for c in calls if "pip wheel" in c]
    assert [c for c in calls if "pip install" in c]


def test_a_runtime_that_does_not_know_the_gpu_stops_the_start(tmp_path: Path) -> None:
    done, _ = cuda(tmp_path / "one", NO_GPU="1")
    assert done.returncode == 1


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
