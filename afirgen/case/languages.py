"""Languages that complaints come in, their scripts, and a plain test of what a text is written in."""

import re
import unicodedata
from collections import Counter

from msgspec import Struct

LATIN = "Latn"


class Language(Struct, frozen=True):
    """A language's English name and the ISO 15924 code of its script."""

    name: str
    script: str


LANGUAGES: dict[str, Language] = {
    "en": Language("English", LATIN),
    "hi": Language("Hindi", "Deva"),
    "hi-Latn": Language("Hindi in Latin letters", LATIN),
    "mr": Language("Marathi", "Deva"),
    "bn": Language("Bengali", "Beng"),
    "pa": Language("Punjabi", "Guru"),
    "gu": Language("Gujarati", "Gujr"),
    "or": Language("Odia", "Orya"),
    "ta": Language("Tamil", "Taml"),
    "te": Language("Telugu", "Telu"),
    "kn": Language("Kannada", "Knda"),
    "ml": Language("Malayalam", "Mlym"),
    "ur": Language("Urdu", "Arab"),
}
"""Known languages by code; ``hi-Latn`` is Hindi typed in Latin letters."""

_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x0600, 0x06FF, "Arab"),
    (0x0750, 0x077F, "Arab"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"),
    (0x0900, 0x097F, "Deva"),
    (0x0980, 0x09FF, "Beng"),
    (0x0A00, 0x0A7F, "Guru"),
    (0x0A80, 0x0AFF, "Gujr"),
    (0x0B00, 0x0B7F, "Orya"),
    (0x0B80, 0x0BFF, "Taml"),
    (0x0C00, 0x0C7F, "Telu"),
    (0x0C80, 0x0CFF, "Knda"),
    (0x0D00, 0x0D7F, "Mlym"),
)
_FIRST_OF_SCRIPT = {
    "Deva": "hi",
    "Beng": "bn",
    "Guru": "pa",
    "Gujr": "gu",
    "Orya": "or",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
    "Arab": "ur",
}

# Words that carry Hindi grammar and are not English words.
_HINDI_WORDS = frozenset(
    """mera meri mere mujhe mujhko maine mai mein hamara hamari humne unhone usne usko uska uski uske unka unki
    hai hain tha thi hoon hun hua hui hue raha rahi rahe gaya gayi gaye liya diya kiya karke kar kiye
    ka ki ke ko ne se par aur ya nahi nahin bhi toh phir jab tab kya kyun kaun koi kuch yeh ye woh wo
    wahan yahan aaj kal raat subah shaam din baje ghar paas saath andar bahar aadmi ladka ladki log
    chori maara mara maar peeta dhamki jaan gaali paise rupaye gaadi thana karta karti karte apna apni apne""".split()
)
_ENGLISH_WORDS = frozenset(
    """the and was were is are my his her their they he she it of to in on at from with that this had has have
    by for not but when who which me him them a an i we""".split()
)
_WORD = re.compile(r"[A-Za-z]+")
_HINDI_SHARE = 0.15


def script_of(char: str) -> str | None:
    """Return the script of a letter or vowel sign; None for digits, marks common to scripts and other scripts."""
    code = ord(char)
    for first, last, script in _BLOCKS:
        if first <= code <= last:
            return script if unicodedata.category(char)[0] in "LM" else None
    if char.isalpha() and unicodedata.name(char, "").startswith("LATIN"):
        return LATIN
    return None


def script_counts(text: str) -> Counter[str]:
    """Count the letters of each known script in ``text``."""
    return Counter(script for char in text if (script := script_of(char)) is not None)


def language_of(text: str) -> str:
    """Tell the language code of a typed text by its script and, in Latin letters, by its small words.

    A script that several languages use gives the most spoken of them; text without letters gives ``en``.
    """
    counts = script_counts(text)
    if not counts:
        return "en"
    script = counts.most_common(1)[0][0]
    if script != LATIN:
        return _FIRST_OF_SCRIPT[script]
    words = [word.lower() for word in _WORD.findall(text)]
    hindi = sum(word in _HINDI_WORDS for word in words)
    english = sum(word in _ENGLISH_WORDS for word in words)
    return "hi-Latn" if hindi > english and hindi >= _HINDI_SHARE * len(words) else "en"
