"""Recordings for the tests, made from the sample sentence that the package ships."""

import io
import wave
from importlib import resources

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000


def sample() -> NDArray[np.float32]:
    """Somebody says: I came to the police station to report a stolen bicycle."""
    data = (resources.files("afirgen.inference") / "checks/speech_en.ogg").read_bytes()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(io.BytesIO(data)) as file:
        parts = [part.to_ndarray() for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1).reshape(-1).astype(np.float32) / 32768


def wav(samples: NDArray[np.float32]) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype(np.int16).tobytes())
    return out.getvalue()
