"""systemd units and shell scripts, each judged by its own tool."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = sorted(DEPLOY.glob("**/*.service"))
TIMERS = sorted(DEPLOY.glob("**/*.timer"))
SCRIPTS = sorted(DEPLOY.glob("**/*.sh"))
_MOST_EXPOSED = 3.0


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine; .ci/run installs it")
    return found


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own


def test_the_units_are_sound(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    for unit in (*SERVICES, *TIMERS):
        # The program is not installed here; every unit's command stands for itself.
        text = re.sub(r"(/opt/afirgen/current|/usr/local/sbin)/\S+", "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    done = run(analyze, "verify", *(str(tmp_path / unit.name) for unit in (*SERVICES, *TIMERS)))
    ours = [line for line in done.stderr.splitlines() if "afirgen" in line]
    assert ours == []
    assert done.returncode == 0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda u: u.stem)
def test_every_service_is_locked_in(unit: Path) -> None:
    done = run(tool("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit))
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level is not None, done.stderr
    assert float(level[1]) < _MOST_EXPOSED


def test_every_timer_has_its_service_and_backups_are_six_hourly() -> None:
    for timer in TIMERS:
        assert timer.with_suffix(".service") in SERVICES, timer.name
    assert "OnCalendar=*-*-* 00/6:00:00" in (UNITS / "afirgen-backup.timer").read_text()
    assert "Persistent=true" in (UNITS / "afirgen-backup.timer").read_text()


def test_the_service_restarts_within_limits_and_lets_work_end() -> None:
    text = (UNITS / "afirgen.service").read_text()
    for line in ("Restart=always", "KillSignal=SIGTERM", "Type=notify"):
        assert line in text.splitlines()
    told = dict(re.findall(r"^(RestartSec|StartLimitBurst|StartLimitIntervalSec)=(\d+)$", text, re.MULTILINE))
    # A database that is patched or moves to its other zone is away for minutes; a start that fails at once may not end
    # the tries before that, and they may not go on for ever.
    assert int(told["RestartSec"]) * int(told["StartLimitBurst"]) >= 15 * 60
    assert int(told["StartLimitIntervalSec"]) >= 2 * int(told["RestartSec"]) * int(told["StartLimitBurst"])


def test_models_and_device_files_are_there_before_the_service() -> None:
    service = (UNITS / "afirgen.service").read_text()
    for line in ("Wants", "After"):
        [found] = re.findall(rf"^{line}=(.*)$", service, re.MULTILINE)
        assert {"afirgen-models.service", "afirgen-gpu.service"} <= set(found.split()), line


def test_the_monthly_drill_finds_an_hour_in_which_a_station_works() -> None:
    """The first may be a Sunday and any one hour may lie outside the working hours; the command does it once a month."""
    timer = (UNITS / "afirgen-drill.timer").read_text()
    assert "OnCalendar=*-*-01..07 01/2:30:00" in timer
    assert "backup drill --once-a-month" in (UNITS / "afirgen-drill.service").read_text()


def test_the_timers_are_started_by_both_ways_of_installing() -> None:
    ours = {timer.name for timer in TIMERS if timer.parent == UNITS}
    for script in ("install.sh", "user-data.sh"):
        [line] = re.findall(r"systemctl start (afirgen-\S+\.timer .*)$", (DEPLOY / script).read_text(), re.MULTILINE)
        assert set(line.split()) == ours, script


def test_the_units_call_commands_that_exist() -> None:
    from afirgen.cli import main  # noqa: PLC0415 - slow

    for unit in SERVICES:
        command = re.search(r"^ExecStart=\S+/afirgen (\w+)", unit.read_text(), re.MULTILINE)
        if command:
            assert command[1] in main.list_commands(None), unit.name  # type: ignore[arg-type]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.stem)
def test_the_scripts_pass_shellcheck(script: Path) -> None:
    done = run(tool("shellcheck"), "--external-sources", str(script))
    assert (done.returncode, done.stdout) == (0, "")
    assert os.access(script, os.X_OK)


# --- install.sh in an empty root --------------------------------------------------------------------------------


def artifact(folder: Path, *, note: str) -> Path:
    """Make an artifact with one small wheel in the place of the program."""
    (folder / "wheels").mkdir(parents=True)
    (folder / "migrations").mkdir()
    (folder / "migrations" / "env.py").write_text(f"# {note}\n")
    shutil.copytree(DEPLOY, folder / "deploy")
    source = folder / "source"
    (source / "afirgen").mkdir(parents=True)
    (source / "afirgen" / "__init__.py").write_text(f"def main():\n    print({note!r})\n")
    (source / "setup.py").write_text(
        "from setuptools import setup\n"
        "setup(name='afirgen', version='1', packages=['afirgen'],"
        " entry_points={'console_scripts': ['afirgen = afirgen:main']})\n"
    )
    wheel(source, folder / "wheels")
    shutil.rmtree(source)
    (folder / "requirements.txt").write_text("")
    return folder


def wheel(source: Path, target: Path) -> None:
    """Pack the source as a wheel without a build tool, which would need the network."""
    import zipfile  # noqa: PLC0415 - used here only

    info = "afirgen-1.dist-info"
    with zipfile.ZipFile(target / "afirgen-1-py3-none-any.whl", "w") as out:
        out.write(source / "afirgen" / "__init__.py", "afirgen/__init__.py")
        out.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: afirgen\nVersion: 1\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/entry_points.txt", "[console_scripts]\nafirgen = afirgen:main\n")
        out.writestr(f"{info}/RECORD", "")


def install(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own
        ["/bin/bash", str(DEPLOY / "install.sh"), str(folder)],
        env=os.environ | {"AFIRGEN_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_installing_twice_changes_nothing_and_an_update_keeps_the_program_before(tmp_path: Path) -> None:
    root = tmp_path / "root"
    first, second = (artifact(tmp_path / name, note=name) for name in ("first", "second"))
    done = install(root, first)
    assert done.returncode == 0, done.stderr
    current = root / "opt" / "afirgen" / "current"
    assert run(str(current / "venv" / "bin" / "afirgen")).stdout == "first\n"
    assert (root / "etc" / "systemd" / "system" / "afirgen.service").is_file()
    settings = root / "etc" / "afirgen" / "afirgen.env"
    settings.write_text("AFIRGEN_PORT=9000\n")
    before = current.resolve()

    assert install(root, first).returncode == 0
    assert current.resolve() == before

    assert install(root, second).returncode == 0
    assert run(str(current / "venv" / "bin" / "afirgen")).stdout == "second\n"
    assert (root / "opt" / "afirgen" / "previous").resolve() == before
    assert settings.read_text() == "AFIRGEN_PORT=9000\n"


@pytest.mark.parametrize("more", [(), ("--start-later",)])
def test_nothing_is_started_before_the_settings_where_they_come_later(more: tuple[str, ...], tmp_path: Path) -> None:
    """On a new instance the program would else start on a database of its own, with models of another profile."""
    text = (DEPLOY / "install.sh").read_text()
    steps = ("release_of", "make_account", "make_settings", "install_release", "switch_to", "install_units", "drop_old")
    stubs = "\n".join(f"{name}() {{ echo {name}; }}" for name in (*steps, "bring_up"))
    script = tmp_path / "install.sh"
    script.write_text(text.replace('main "$@"', f'{stubs}\nmain "$@"'))
    done = subprocess.run(  # noqa: S603 - our own
        ["/bin/bash", str(script), str(artifact(tmp_path / "artifact", note="n")), *more],
        env=os.environ | {"AFIRGEN_ROOT": str(tmp_path / "root")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("bring_up" in done.stdout.splitlines()) is (more == ())
    assert "install_units" in done.stdout.splitlines()


def test_what_is_no_artifact_is_refused(tmp_path: Path) -> None:
    done = install(tmp_path / "root", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Installation stopped: give the folder of an unpacked artifact")
    assert not (tmp_path / "root").exists()
