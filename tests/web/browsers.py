"""Debian's Chromium, with a microphone that plays the spoken sample, and a small installation on a port of its own."""

import os
import shutil
import socket
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from tests.web.installation import Installation

ROOT = Path(__file__).parents[2]


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start Chromium; skip the test where there is none."""
    executable = os.environ.get("AFIRGEN_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("no Chromium on this machine; install it or name it in AFIRGEN_CHROMIUM")
    sound = folder / "spoken.wav"
    as_wave(ROOT / "samples" / "spoken-snatching.ogg", sound)
    options = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}%noloop",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=options)
        yield started
        started.close()


@contextmanager
def serving(installation: Installation, **options: Any) -> Iterator[str]:
    """Serve an installation on a free port from a thread of its own; give its address."""
    options = {"log_level": "error", "lifespan": "on", "proxy_headers": False, **options}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(installation.app(), port=port, **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def as_wave(source: Path, target: Path) -> None:
    """Write a recording as WAV, as a microphone gives it."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    with av.open(str(source)) as sound, wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        for frame in sound.decode(audio=0):
            for part in resampler.resample(frame):
                out.writeframes(part.to_ndarray().tobytes())
