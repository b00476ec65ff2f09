"""What all tests share: the folder of real models and the reference data."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from afirgen.inference.models.manifest import load_manifest
from afirgen.inference.models.sources import open_sources
from afirgen.inference.models.store import ModelStore
from afirgen.settings import load_settings

_ROOT = Path(__file__).parents[1]
# How long an example takes says something about the machine, not about the rule.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a test that starts the whole program sets in the process's logs."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    structlog.reset_defaults()
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Return the folder of the verified starter models, fetched first where they are missing.

    ``AFIRGEN_MODEL_DIR`` and ``AFIRGEN_MODEL_SOURCES`` count as they do for the program.
    """
    chosen = load_settings()
    manifest = load_manifest()
    folder = chosen.model_dir if chosen.model_dir.is_absolute() else _ROOT / chosen.model_dir
    store = ModelStore(folder, open_sources(chosen.model_sources, manifest.wheels))
    for entry in manifest.entries("starter"):
        store.pull(entry)
    return folder.resolve()


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Return the folder of reference tables; skip the test where it is not on this machine."""
    folder = Path(os.environ.get("AFIRGEN_REFERENCE_DATA") or _ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the reference tables are not on this machine")
    return folder
