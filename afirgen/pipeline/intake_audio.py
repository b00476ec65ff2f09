"""Recordings: whether they can be played, how long they are, and whether their end is missing."""

from pathlib import Path

import av

from afirgen.errors import DamagedFileError, InputTooLongError, UnsupportedMediaError
from afirgen.inference.speech_windows import open_recording
from afirgen.pipeline.intake_pages import Content, opened

# Containers whose header states the length; elsewhere the stated length may be a guess from the bit rate.
_STATES_LENGTH = ("mov", "matroska")
_MISSING = 0.05
_MISSING_S = 1.0
_HEADER = 4096
_OGG_HEADER = 27
_LONGEST_OGG_PAGE = 65_307
_NO_SIZE = 0x7FFF_0000


def audio_seconds(data: Content, most_s: int) -> float:
    """Return the length of a recording in seconds, having found that it can be played.

    Raises:
        UnsupportedMediaError: No sound in it, or a coding that is not known.
        DamagedFileError: Damaged, or its end is missing.
        InputTooLongError: Longer than ``most_s``.
    """
    try:
        with open_recording(data) as container:
            if not container.streams.audio:
                raise UnsupportedMediaError("The file has no sound in it. Send a recording of the complaint.")
            stated = container.duration / av.time_base if container.duration else None
            trusted = container.format.name.startswith(_STATES_LENGTH) or _mp3_states_length(data)
            seconds = _played(container, most_s)
    except av.FFmpegError as err:
        raise _damaged(str(err)) from err
    if seconds <= 0:
        raise _damaged("no sound decoded")
    if stated is not None and trusted and stated - seconds > max(_MISSING_S, _MISSING * stated):
        raise _cut_off(f"header says {stated:.1f} s, found {seconds:.1f} s")
    if _wav_ends_early(data) or _ogg_ends_early(data):
        raise _cut_off("the container goes on beyond the end of the file")
    return seconds


def _played(container: av.container.InputContainer, most_s: int) -> float:
    """Decode the first packets, count the rest, and return the seconds found."""
    stream = container.streams.audio[0]
    decoded = 0
    last = 0.0
    for packet in container.demux(stream):
        if not decoded and packet.size:
            decoded += _samples(packet)
        if packet.pts is not None and packet.time_base is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if last > most_s:
            raise InputTooLongError(f"The recording is longer than {most_s // 60} minutes. Send it in parts.")
    return last if decoded else 0.0


def _samples(packet: "av.Packet[av.AudioStream]") -> int:
    try:
        return sum(frame.samples for frame in packet.decode())
    except av.InvalidDataError:
        return 0


def _mp3_states_length(data: Content) -> bool:
    with opened(data) as file:
        head = file.read(10)
        skip = 0
        if head[:3] == b"ID3" and len(head) == 10:  # noqa: PLR2004 - an ID3 header has ten bytes
            skip = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
        file.seek(skip)
        first = file.read(_HEADER)
    is_mpeg = first[:1] == b"\xff"
    return is_mpeg and any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))


def _wav_ends_early(data: Content) -> bool:
    """Whether much of what a RIFF header promises is missing; recorders that stream promise no size."""
    with opened(data) as file:
        head = file.read(8)
    promised = int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or promised >= _NO_SIZE:
        return False
    return promised - _size(data) > _MISSING * promised


def _size(data: Content) -> int:
    return data.stat().st_size if isinstance(data, Path) else len(data)


def _ogg_ends_early(data: Content) -> bool:
    """Whether the last Ogg page runs beyond the end of the file."""
    with opened(data) as file:
        if file.read(4) != b"OggS":
            return False
        file.seek(max(0, _size(data) - _LONGEST_OGG_PAGE - _OGG_HEADER))
        tail = file.read()
    start = tail.rfind(b"OggS")
    if start < 0:
        return True
    page = tail[start:]
    if len(page) < _OGG_HEADER:
        return True
    segments = page[26]
    return len(page) < _OGG_HEADER + segments + sum(page[_OGG_HEADER : _OGG_HEADER + segments])


def _damaged(detail: str) -> DamagedFileError:
    return DamagedFileError(
        "The recording is damaged and cannot be played. Record it again, or send another copy.", detail=detail
    )


def _cut_off(detail: str) -> DamagedFileError:
    return DamagedFileError("The end of the recording is missing. Send the whole file.", detail=detail)
