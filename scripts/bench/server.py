"""llama.cpp's own server as a child process, spoken to over HTTP."""

import http.client
import json
import socket
import subprocess
import time
from types import TracebackType
from typing import Any, Self

_START_S = 120


class Server:
    """Runs while the block lasts. ``slots`` requests are served at once out of one context."""

    def __init__(self, program: str, model: str, *, slots: int, context: int, gpu_layers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._command = [
            program, "-m", model, "-c", str(context), "--parallel", str(slots), "-t", "2", "-tb", "2",
            "-ngl", str(gpu_layers), "-b", "512", "--kv-unified", "--port", str(self._port), "--no-webui",
        ]  # fmt: skip

    def __enter__(self) -> Self:
        """Start the server and wait until it takes work."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                if self._call("GET", "/health").status == http.HTTPStatus.OK:
                    return self
            except OSError:
                pass
            time.sleep(0.2)
        self._process.kill()
        raise TimeoutError("the server did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.wait(30)

    def write(self, system: str, user: str, most: int) -> tuple[int, int, float]:
        """Return prompt tokens, generated tokens and the seconds to the first one."""
        begun = time.perf_counter()
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        asked = {"messages": messages, "max_tokens": most, "temperature": 0, "stream": True, "cache_prompt": True}
        answer = self._call("POST", "/v1/chat/completions", {**asked, "stream_options": {"include_usage": True}})
        first, usage = 0.0, {}
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[len(b"data: ") :])
            if not first and event["choices"] and event["choices"][0]["delta"].get("content"):
                first = time.perf_counter() - begun
            usage = event.get("usage") or usage
        return usage["prompt_tokens"], usage["completion_tokens"], first

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> http.client.HTTPResponse:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        link.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        return link.getresponse()
