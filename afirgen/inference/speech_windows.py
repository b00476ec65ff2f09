"""A recording as a stream of short stretches of speech, so that its length does not matter for memory."""

import io
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import av
import av.container
import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import DamagedFileError

RATE = 16_000
_WINDOW = 60 * RATE
_SEARCH = 10 * RATE
_CONTAINERS = "wav,mp3,mov,ogg,matroska,webm"
_HOP = RATE // 10
_QUIET_HOPS = 3
_VAD = VadOptions(min_silence_duration_ms=1000, speech_pad_ms=300)


class SpeechWindow(Struct, frozen=True):
    """The speech of at most a minute of a recording, silences left out.

    ``samples`` is 16 kHz mono in -1..1 and is empty where nobody speaks. ``joins`` holds, for each stretch of
    speech, its first sample here and its first sample in the recording. ``fraction`` is the part of the
    recording that has been read at the window's end, 0..1.
    """

    samples: NDArray[np.float32]
    joins: tuple[tuple[int, int], ...]
    fraction: float

    def original_ms(self, seconds: float, *, at_end: bool = False) -> int:
        """Turn a time in ``samples`` into milliseconds of the recording.

        ``at_end`` says that the time ends something, so that at a join the earlier stretch counts.
        """
        sample = round(seconds * RATE)
        starts = [here for here, _ in self.joins]
        index = bisect_right(starts, sample - 1 if at_end else sample) - 1
        here, there = self.joins[max(index, 0)]
        return max(0, round((there + sample - here) * 1000 / RATE))


def speech_windows(data: bytes | Path) -> Iterator[SpeechWindow]:
    """Decode a recording and yield its speech window by window, cut where it is quiet.

    Raises:
        DamagedFileError: The recording cannot be decoded.
    """
    held: list[NDArray[np.float32]] = []
    length = 0
    offset = 0
    fraction = 0.0
    for block, fraction in _blocks(data):
        held.append(block)
        length += block.size
        if length < _WINDOW:
            continue
        samples = np.concatenate(held)
        cut = _quiet_point(samples)
        yield _speech_of(samples[:cut], offset, fraction)
        held = [samples[cut:]]
        length -= cut
        offset += cut
    if length:
        yield _speech_of(np.concatenate(held), offset, 1.0)


def _speech_of(samples: NDArray[np.float32], offset: int, fraction: float) -> SpeechWindow:
    joins: list[tuple[int, int]] = []
    pieces: list[NDArray[np.float32]] = []
    position = 0
    for chunk in get_speech_timestamps(samples, _VAD):
        start, end = int(chunk["start"]), int(chunk["end"])
        joins.append((position, offset + start))
        pieces.append(samples[start:end])
        position += end - start
    speech = np.concatenate(pieces) if pieces else np.empty(0, np.float32)
    return SpeechWindow(speech, tuple(joins), fraction)


def _quiet_point(samples: NDArray[np.float32]) -> int:
    """Return the middle of the quietest 0.3 s among the last ten seconds."""
    first = samples.size - _SEARCH
    hops = samples[first : first + _SEARCH // _HOP * _HOP].reshape(-1, _HOP)
    energy = np.convolve(np.square(hops).mean(axis=1), np.ones(_QUIET_HOPS), "valid")
    return first + (int(energy.argmin()) * 2 + _QUIET_HOPS) * _HOP // 2


def open_recording(data: bytes | Path) -> av.container.InputContainer:
    """Open a recording in one of the containers that are taken; raises ``av.FFmpegError``.

    Only these are tried, because others can point at further files or addresses.
    """
    file = str(data) if isinstance(data, Path) else io.BytesIO(data)
    return av.open(file, mode="r", options={"format_whitelist": _CONTAINERS}, metadata_errors="ignore")


def _blocks(data: bytes | Path) -> Iterator[tuple[NDArray[np.float32], float]]:
    """Yield decoded samples and the fraction of the file read so far; damaged packets are left out."""
    try:
        with open_recording(data) as container:
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            size = max(container.size, 1)
            fraction = 0.0
            for packet in container.demux(stream):
                fraction = max(fraction, (packet.pos or 0) / size)
                for frame in _decoded(packet):
                    for part in resampler.resample(frame):
                        yield _floats(part), fraction
            for part in resampler.resample(None):
                yield _floats(part), 1.0
    except (av.FFmpegError, IndexError) as err:
        raise DamagedFileError(
            "The recording is damaged and cannot be played. Record it again, or send another copy.", detail=str(err)
        ) from err


def _decoded(packet: "av.Packet[av.AudioStream]") -> list[av.AudioFrame]:
    try:
        return packet.decode()
    except av.InvalidDataError:
        return []


def _floats(frame: av.AudioFrame) -> NDArray[np.float32]:
    return frame.to_ndarray().reshape(-1).astype(np.float32) / 32768.0
