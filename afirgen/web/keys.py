"""The API key, and the signed cookie that a page gets for it."""

import hmac
import os
import secrets
import time
from hashlib import sha256
from pathlib import Path

COOKIE = "afirgen_session"
COOKIE_LIFE_S = 12 * 3600


class Keys:
    """Checks the API key in constant time and signs sessions with a key derived from it."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key.encode()
        self._signing = hmac.new(self._api_key, b"afirgen page session", sha256).digest()

    def opens(self, candidate: str) -> bool:
        """Tell whether ``candidate`` is the API key."""
        return hmac.compare_digest(candidate.encode(), self._api_key)

    def new_session(self) -> str:
        """Return a cookie value that is good for twelve hours."""
        payload = f"{int(time.time()) + COOKIE_LIFE_S}.{secrets.token_hex(8)}"
        return f"{payload}.{self._sign(payload)}"

    def good_session(self, cookie: str) -> bool:
        """Tell whether a cookie value is ours and has not run out."""
        payload, _, signature = cookie.rpartition(".")
        expiry = payload.partition(".")[0]
        return expiry.isdecimal() and hmac.compare_digest(signature, self._sign(payload)) and int(expiry) > time.time()

    def _sign(self, payload: str) -> str:
        return hmac.new(self._signing, payload.encode(), sha256).hexdigest()


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
