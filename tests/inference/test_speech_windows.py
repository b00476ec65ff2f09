import io
from importlib import resources
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from afirgen.errors import DamagedFileError
from afirgen.inference.speech_windows import RATE, open_recording, speech_windows
from tests.inference.recordings import sample, wav


def test_silence_has_no_speech() -> None:
    windows = list(speech_windows(wav(np.zeros(5 * RATE, np.float32))))
    assert [window.samples.size for window in windows] == [0]
    assert windows[-1].fraction == 1.0


def test_times_are_those_of_the_recording() -> None:
    speech = sample()
    quiet = np.zeros(4 * RATE, np.float32)
    (window,) = speech_windows(wav(np.concatenate([quiet, speech, quiet, speech])))
    assert window.samples.size < 2.5 * speech.size
    second = speech.size / RATE
    assert window.original_ms(0.5) == pytest.approx(4500, abs=400)
    assert window.original_ms(window.samples.size / RATE, at_end=True) == pytest.approx(
        (8 + 2 * second) * 1000, abs=500
    )
    join = window.joins[1][0] / RATE
    before, after = window.original_ms(join, at_end=True), window.original_ms(join)
    assert after - before == pytest.approx(4000, abs=900)


def test_a_long_recording_comes_in_windows_cut_where_it_is_quiet() -> None:
    speech = np.concatenate([sample(), np.zeros(RATE // 2, np.float32)])
    whole = np.tile(speech, 150 * RATE // speech.size)
    windows = list(speech_windows(wav(whole)))
    assert len(windows) == 3
    assert all(window.samples.size <= 62 * RATE for window in windows)
    assert sum(window.samples.size for window in windows) > 0.8 * whole.size
    fractions = [window.fraction for window in windows]
    assert fractions == sorted(fractions)
    starts = [there for window in windows for _, there in window.joins]
    assert starts == sorted(starts)


def test_what_cannot_be_decoded_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF\x24\x00\x00\x00WAVEjunk" + bytes(50))
    for source in (path, path.read_bytes()):
        with pytest.raises(DamagedFileError):
            list(speech_windows(source))


def test_only_plain_containers_are_opened(tmp_path: Path) -> None:
    target = tmp_path / "secret.wav"
    target.write_bytes(wav(sample()))
    playlist = tmp_path / "list.wav"
    playlist.write_text(f"ffconcat version 1.0\nfile '{target.name}'\n", encoding="utf-8")
    with pytest.raises(av.FFmpegError):
        open_recording(playlist)


def test_the_shipped_sample_is_small() -> None:
    assert len((resources.files("afirgen.inference") / "checks/speech_en.ogg").read_bytes()) < 30_000


def stereo(samples: NDArray[np.float32]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "stereo"
        pair = (np.stack([samples, samples], axis=1).reshape(1, -1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pair, format="s16", layout="stereo")
        frame.sample_rate = RATE
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def test_stereo_is_heard_as_one() -> None:
    (one,) = speech_windows(wav(sample()))
    (two,) = speech_windows(stereo(sample()))
    assert two.samples.size == pytest.approx(one.samples.size, rel=0.02)
