"""Secrets that are not in the environment itself: from files that it names, or from a bundle in AWS Secrets Manager."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from afirgen.errors import SettingsError

_BUNDLE = "afirgen"
_KEPT_S = 300
_kept: dict[tuple[str, str | None], tuple[float, dict[str, str]]] = {}


def secret(names: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """Return a secret by the first of its names that is known: from the file ``NAME_FILE``, else from the bundle.

    Raises:
        SettingsError: A file or the bundle is named and cannot be read.
    """
    for name in names:
        if file := environment.get(f"{name}_FILE"):
            return _from_file(name, Path(file))
    if environment.get("USE_AWS_SECRETS", "").lower() not in {"1", "true", "yes", "on"}:
        return None
    bundle = _bundle(environment.get("AWS_SECRET_BUNDLE_NAME") or _BUNDLE, environment.get("AWS_REGION"))
    return next((bundle[name] for name in names if name in bundle), None)


def _from_file(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(f"{name}_FILE: The file that it names cannot be read.", detail=str(err)) from err


def _bundle(name: str, region: str | None) -> dict[str, str]:
    """Return the bundle, asked for at most every five minutes; where AWS does not answer, the last one stays good."""
    known = _kept.get((name, region))
    if known and time.monotonic() - known[0] < _KEPT_S:
        return known[1]
    try:
        found = _asked(name, region)
    except SettingsError:
        if known:
            return known[1]
        raise
    _kept[name, region] = (time.monotonic(), found)
    return found


def _asked(name: str, region: str | None) -> dict[str, str]:
    # Slow to load, and most installations do without.
    import boto3  # type: ignore[import-untyped] # noqa: PLC0415
    from botocore.config import Config  # type: ignore[import-untyped] # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped] # noqa: PLC0415

    patience = Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 4, "mode": "standard"})
    try:
        client = boto3.client("secretsmanager", region_name=region, config=patience)
        values = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        return {str(key): str(value) for key, value in values.items()}
    except (BotoCoreError, ClientError, KeyError, ValueError, AttributeError) as err:
        raise SettingsError(
            f"AWS_SECRET_BUNDLE_NAME: The secret {name} could not be read as a JSON object from AWS Secrets Manager. "
            "Check its name, the region and the rights of this machine.",
            detail=type(err).__name__,
        ) from err
