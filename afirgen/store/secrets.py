"""Passwords and keys: how they are made, checked for strength, and kept only as hashes."""

import secrets
import unicodedata
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from afirgen.errors import InvalidInputError

_SHORTEST, _LONGEST = 12, 256
_LONGEST_NAME = 100
_hasher = PasswordHasher()
# A password for nobody: checked where there is no account, so that the answer takes as long.
_NOBODY = _hasher.hash(secrets.token_hex(16))


def name_key(name: str) -> str:
    """Return the form in which two names are compared; how it is typed does not count."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:_LONGEST_NAME]


def checked_name(name: str) -> str:
    """Return a name as it is kept; raise :class:`InvalidInputError` for one that cannot be."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept or len(kept) > _LONGEST_NAME or not kept.isprintable():
        raise InvalidInputError("A name has 1 to 100 characters, all of them printable.")
    return kept


def hash_password(password: str, name: str) -> str:
    """Return the argon2 hash of a new password; raise :class:`InvalidInputError` for one that is easy to guess."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise InvalidInputError("A password has 12 to 256 characters.")
    if name_key(name) in name_key(password) or len(set(password)) < _SHORTEST // 2:
        raise InvalidInputError("This password is easy to guess. Use several words, without the officer's name.")
    return _hasher.hash(unicodedata.normalize("NFKC", password))


def is_password(stored: str | None, password: str) -> bool:
    """Tell whether a password is right; without a stored hash this takes as long and is False."""
    given = unicodedata.normalize("NFKC", password[:_LONGEST])
    try:
        return _hasher.verify(stored or _NOBODY, given) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """Return a secret that cannot be guessed."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return how a token or key is kept. It is random, so a quick hash is enough."""
    return sha256(token.encode()).hexdigest()
