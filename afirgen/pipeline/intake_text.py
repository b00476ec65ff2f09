"""Typed text: decoding, cleaning and the limits on its length."""

import re
import unicodedata

from afirgen.errors import DamagedFileError, EmptyInputError, InputTooLongError, InvalidInputError

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MANY_BLANK_LINES = re.compile(r"\n{4,}")
# Invisible: byte order mark, soft hyphen, zero-width space, word joiner, and marks that reorder what is seen.
# The joiners U+200C and U+200D stay: Indic spelling needs them.
_INVISIBLE = re.compile("[\ufeff\u00ad\u200b\u2060\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def decode_text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark.

    Raises:
        DamagedFileError: The file ends within a character.
        InvalidInputError: Another encoding.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as err:
        cut_off = err.end == len(data) and err.reason in {"unexpected end of data", "truncated data"}
        if cut_off:
            raise DamagedFileError(
                "The text file is cut off in the middle of a character. Send the whole file.", detail=str(err)
            ) from err
        raise InvalidInputError(
            "The text is not in UTF-8. Save the file as UTF-8 and send it again.", detail=str(err)
        ) from err


def clean_text(text: str) -> str:
    """Return ``text`` in Unicode NFC with plain line ends and without control and invisible characters."""
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    text = _INVISIBLE.sub("", text)
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})
    lines = "\n".join(line.rstrip() for line in kept.split("\n"))
    # Taking out a mark can bring together letters that compose.
    return unicodedata.normalize("NFC", _MANY_BLANK_LINES.sub("\n\n\n", lines).strip())


def checked_text(text: str, least: int, most: int) -> str:
    """Clean ``text`` and check that it has ``least`` to ``most`` characters.

    Raises:
        EmptyInputError: Nothing but space.
        InvalidInputError: Shorter than ``least``, or without any letter.
        InputTooLongError: Longer than ``most``.
    """
    cleaned = clean_text(text)
    if not cleaned:
        raise EmptyInputError("The text is empty. Write down the complaint.")
    if len(cleaned) < least:
        raise InvalidInputError(f"The text is too short. Write at least {least} characters.")
    if len(cleaned) > most:
        raise InputTooLongError(f"The text is longer than {most:,} characters. Shorten it, or send it in parts.")
    if not any(char.isalpha() for char in cleaned):
        raise InvalidInputError("The text has no words in it. Write down the complaint.")
    return cleaned
