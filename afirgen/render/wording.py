"""The forms as data: which documents there are, what stands on each, and their words by language.

A station's own form is a folder with its own ``layout.toml`` and ``words.LANGUAGE.toml``: a document of the layout
takes the place of the shipped one of that name, single words take the place of the shipped ones, and a language that is
not shipped borrows what it lacks from the English words.
"""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from afirgen.errors import DataFileError, NotFoundError

FORM_LANGUAGES = ("en", "hi", "en-hi")
"""Languages of the shipped forms; the last has two side by side."""

# Words that are signs or patterns and stand once even where two languages do.
_ONCE = frozenset({"blank"})
_BETWEEN = " / "


class ItemLayout(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item of a document by the keys of its words and values.

    ``columns`` is how many lines stand side by side on paper; ``sign`` leaves room for a signature or thumb impression.
    """

    number: str
    title: str = ""
    lines: tuple[str, ...] = ()
    value: str = ""
    table: str = ""
    text: str = ""
    paragraphs: tuple[str, ...] = ()
    only_filled: bool = False
    columns: int = 1
    sign: bool = False


class DocumentLayout(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document: its items, and whether route, the statement as annex and the officer's list go with it."""

    items: tuple[ItemLayout, ...] = ()
    route: bool = False
    annex: bool = False
    officer_list: bool = False
    like: str = ""


class Wording:
    """The words of one or more languages, joined where there are several and they differ."""

    def __init__(self, tables: tuple[dict[str, Any], ...]) -> None:
        self._tables = tables

    def text(self, key: str) -> str:
        """Return a single text of the form."""
        texts = [str(table[key]) for table in self._tables]
        return texts[0] if key in _ONCE else _joined(texts)

    def of(self, *path: str) -> str:
        """Return a text of a group, such as ``labels``, ``district``."""
        return _joined(self.each(*path))

    def each(self, *path: str) -> list[str]:
        """Return a text of a group in each language."""
        texts = []
        for table in self._tables:
            found: Any = table
            for key in path:
                found = found[key]
            texts.append(str(found))
        return texts

    def list_of(self, *path: str) -> tuple[str, ...]:
        """Return the texts of a list, such as a table's header."""
        lists: list[Any] = []
        for table in self._tables:
            found: Any = table
            for key in path:
                found = found[key]
            lists.append(found)
        return tuple(_joined(list(texts)) for texts in zip(*lists, strict=True))

    def said(self, sentence: str) -> str:
        """Return a fixed sentence of the program in the form's languages, as it is where it is not in the data."""
        return _joined([str(table.get("said", {}).get(sentence, sentence)) for table in self._tables])


class Forms:
    """The documents that can be printed, and in which languages."""

    def __init__(self, documents: dict[str, DocumentLayout], words: dict[str, dict[str, Any]]) -> None:
        self._documents = documents
        self._words = words

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the documents, the FIR first."""
        return tuple(self._documents)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes that a form can be asked for in; ``en-hi`` has both."""
        return (*self._words, *(f"en-{code}" for code in self._words if code != "en"))

    def layout(self, kind: str) -> DocumentLayout:
        """Return a document's layout; raise :class:`NotFoundError` when there is none of that name."""
        found = self._documents.get(kind)
        if found is None:
            raise NotFoundError(f"There is no such document. Choose one of {', '.join(self.kinds)}.")
        return found

    def wording(self, language: str) -> Wording:
        """Return the words of a language; raise :class:`NotFoundError` for another."""
        if language not in self.languages:
            raise NotFoundError(f"The form is there in {', '.join(self.languages)}. Choose one of these.")
        return Wording(tuple(self._words[part] for part in language.split("-")))


@cache
def shipped_forms() -> Forms:
    """Return the forms that come with the program."""
    return _read((_DATA,))


def load_forms(folder: Path) -> Forms:
    """Return the shipped forms with those of ``folder`` over them, if there is such a folder.

    Raises:
        DataFileError: A file is not right; the sentence names it.
    """
    return _read((_DATA, folder)) if folder.is_dir() else shipped_forms()


_DATA = resources.files("afirgen.render") / "data"


def _read(folders: tuple[Traversable, ...]) -> Forms:
    layouts: dict[str, Any] = {}
    words: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name == "layout.toml":
                layouts |= _table(file)
            elif file.name.startswith("words.") and file.name.endswith(".toml"):
                code = file.name.removeprefix("words.").removesuffix(".toml")
                words[code] = _over(words.get(code) or words.get("en", {}), _table(file))
    return Forms(_documents(layouts), words)


def _documents(layouts: dict[str, Any]) -> dict[str, DocumentLayout]:
    found: dict[str, DocumentLayout] = {}
    for kind, row in layouts.items():
        try:
            base = layouts[row["like"]] if "like" in row else {}
            found[kind] = msgspec.convert({**base, **row}, DocumentLayout)
        except (msgspec.ValidationError, KeyError, TypeError) as err:
            raise DataFileError(f"layout.toml: the document {kind} is not right: {err}.") from err
    return found


def _table(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise DataFileError(f"{file.name}: {err}.") from err


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the entries of ``own`` in place of those of the same key, group by group."""
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        merged[key] = _over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _joined(texts: list[str]) -> str:
    return _BETWEEN.join(dict.fromkeys(texts))
