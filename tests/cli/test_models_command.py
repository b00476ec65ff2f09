import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from afirgen.cli import main
from afirgen.inference.models.manifest import load_manifest

OCR = "pp-ocrv6-small"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    for name in ("AFIRGEN_MODEL_DIR", "MODEL_DIR", "AFIRGEN_API_KEY", "API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_list_names_every_model_with_its_licence_and_languages() -> None:
    rows = json.loads(call("models", "list", "--json").stdout)
    assert [row["id"] for row in rows] == [entry.id for entry in load_manifest().models]
    assert all(row["licence"] and row["languages"] and row["provenance"] for row in rows)
    table = call("models", "list").stdout
    assert all(entry.id in table and entry.licence in table for entry in load_manifest().models)


def test_what_is_missing_is_named_with_the_command_that_fixes_it() -> None:
    result = call("models", "verify", OCR)
    assert result.exit_code == 2
    assert result.stderr == f"The model {OCR} is not complete. Run `afirgen models pull {OCR}`.\n"


@pytest.mark.models
def test_pushed_models_are_pulled_from_a_folder(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share"
    monkeypatch.setenv("AFIRGEN_MODEL_DIR", str(model_dir))
    assert call("models", "push", OCR, "--to", str(share)).exit_code == 0
    assert (share / OCR / "SHA256SUMS").is_file()
    monkeypatch.delenv("AFIRGEN_MODEL_DIR")
    monkeypatch.setenv("AFIRGEN_MODEL_SOURCES", str(share))
    pulled = call("models", "pull", OCR)
    assert (pulled.exit_code, pulled.stdout) == (0, f"{OCR} is here and verified.\n")
    assert call("models", "pull", OCR).stdout == "All models are here.\n"
    assert call("models", "verify", OCR).exit_code == 0
    shutil.rmtree(share)
    (tmp_path / "models" / OCR / "PP-OCRv6_det_small.onnx").write_bytes(b"")
    broken = call("models", "pull", OCR)
    assert broken.exit_code == 2
    assert f"of the model {OCR} cannot be fetched: folder share does not hold it" in broken.stderr


def test_mistakes_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, said in {
        ("models", "pull", "nothing"): "There is no model nothing. See `afirgen models list`.\n",
        ("models", "push", OCR): "Say where to push with --to s3://BUCKET/PREFIX or --to FOLDER.\n",
        ("models", "use", "llm", OCR): f"The model {OCR} is for ocr, not for llm.\n",
    }.items():
        result = call(*arguments)
        assert (result.exit_code, result.stderr) == (2, said)
    monkeypatch.setenv("AFIRGEN_MODEL_SOURCES", "http://models.example.org")
    assert call("models", "list").stderr.startswith("Models are fetched over https only.")


class Application(BaseHTTPRequestHandler):
    """Answers as the application does when a model is switched."""

    seen: list[tuple[str, str | None, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["X-API-Key"], body))
        refused = self.headers["X-API-Key"] != "right"
        answer = json.dumps({"detail": "The key is wrong."} if refused else {"model": body["model"]}).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Application]]:
    Application.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    monkeypatch.setenv("AFIRGEN_PORT", str(server.server_port))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Application
    server.shutdown()
    server.server_close()
    thread.join()


def test_use_asks_the_running_application(application: type[Application], own_folder: Path) -> None:
    assert "start the application once" in call("models", "use", "embedding", "multilingual-e5-small").stderr
    (own_folder / "api_key").write_text("wrong\n")
    refused = call("models", "use", "embedding", "multilingual-e5-small")
    assert (refused.exit_code, refused.stderr) == (2, "Loading multilingual-e5-small.\nThe key is wrong.\n")
    (own_folder / "api_key").write_text("right\n")
    done = call("models", "use", "embedding", "multilingual-e5-small")
    assert (done.exit_code, done.stdout) == (0, "embedding is now multilingual-e5-small.\n")
    assert application.seen[-1] == (
        "/api/v1/models/embedding",
        "right",
        {"model": "multilingual-e5-small"},
    )


def test_use_says_when_nothing_runs(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_folder / "api_key").write_text("right\n")
    monkeypatch.setenv("AFIRGEN_PORT", "9")
    result = call("models", "use", "embedding", "multilingual-e5-small")
    assert result.exit_code == 2
    assert result.stderr.endswith("No application answers at http://127.0.0.1:9. Start it with `make run`.\n")
