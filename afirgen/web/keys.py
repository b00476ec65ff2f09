"""The API key of the installation."""

import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """Return the key in ``path``, made at the first call and readable by its owner only."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        key = secrets.token_urlsafe(24)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
        return key
