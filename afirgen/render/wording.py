"""The form's own words, by language, from data files; two languages can stand side by side."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from afirgen.errors import NotFoundError

FORM_LANGUAGES = ("en", "hi", "en-hi")
_FILES = {"en": "form1.toml", "hi": "form1.hi.toml"}
# Words that are signs or patterns and stand once even where two languages do.
_ONCE = frozenset({"blank"})
_BETWEEN = " / "


class Wording:
    """The words of one or more languages, joined where there are several and they differ."""

    def __init__(self, tables: tuple[dict[str, Any], ...]) -> None:
        self._tables = tables

    def text(self, key: str) -> str:
        """Return a single text of the form."""
        texts = [str(table[key]) for table in self._tables]
        return texts[0] if key in _ONCE else _joined(texts)

    def of(self, group: str, key: str) -> str:
        """Return a text of a group, such as ``labels``."""
        return _joined([str(table[group][key]) for table in self._tables])

    def list_of(self, group: str, key: str) -> tuple[str, ...]:
        """Return the texts of a list, such as a table's header."""
        return tuple(_joined(list(texts)) for texts in zip(*(t[group][key] for t in self._tables), strict=True))


@cache
def wording(language: str) -> Wording:
    """Return the wording of ``en``, ``hi`` or ``en-hi``; raise :class:`NotFoundError` for another."""
    if language not in FORM_LANGUAGES:
        raise NotFoundError(f"The form is there in {', '.join(FORM_LANGUAGES)}. Choose one of these.")
    return Wording(tuple(_read(_FILES[part]) for part in language.split("-")))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("afirgen.render").joinpath(f"data/{name}").read_text(encoding="utf-8"))


def _joined(texts: list[str]) -> str:
    return _BETWEEN.join(dict.fromkeys(texts))
