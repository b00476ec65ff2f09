"""Write docs/settings.md from the settings themselves; run as ``python scripts/write_settings_doc.py``."""

from pathlib import Path

from pydantic import AliasChoices, SecretStr

from afirgen.settings import Settings

TARGET = Path(__file__).parent.parent / "docs" / "settings.md"


def settings_page() -> str:
    """Return the page: a row a setting, with its old names and its default."""
    rows = ["# Settings", "", "Environment variables, read once at start. A secret may lie elsewhere: in a file that"]
    rows += ["`NAME_FILE` names, or in AWS Secrets Manager, as a key of the JSON object `AWS_SECRET_BUNDLE_NAME`"]
    rows += ["(default `afirgen`) where `USE_AWS_SECRETS` is true; its region is `AWS_REGION`. What the environment"]
    rows += ["itself gives goes before both. These are secrets: `AFIRGEN_DATABASE_URL`, `MYSQL_PASSWORD`, `API_KEY`,"]
    rows += ["`FIR_AUTH_KEY`, `AFIRGEN_BACKUP_KEY`. A changed secret is read at the next start.", ""]
    rows += ["| name | also | default | meaning |", "|---|---|---|---|"]
    for field in Settings.model_fields.values():
        names = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
        first, *others = [str(name) for name in names]
        default = "" if field.default in (None, (), SecretStr("")) else field.default
        shown = ",".join(default) if isinstance(default, tuple) else default
        rows.append(f"| `{first}` | {', '.join(f'`{o}`' for o in others)} | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    TARGET.write_text(settings_page(), encoding="utf-8")
