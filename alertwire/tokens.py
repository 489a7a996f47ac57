"""The webhook's tokens as files: made, read, rotated with an overlap.

A token is 256 random bits in a file of mode 0600 in the keys folder. The one before it stands in a
file beside it, with the time until which it is still accepted.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from alertwire.faults import ConfigurationError

_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Previous:
    """The token before the one in force."""

    token: str
    until: datetime


def token_or_new(path: Path) -> str:
    """Return the token in this file, made on the first call. Raises ConfigurationError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole or not at all, even when two processes start at once.
        draft = _draft(path, secrets.token_urlsafe(_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"the webhook token could not be kept in {path}: {error.strerror}; make "
            f"ALERTWIRE_HOME writable or set ALERTWIRE_WEBHOOK_TOKEN"
        ) from error


def previous_token(path: Path) -> Previous | None:
    """Return the token before the one in this file, also where its time is over.

    Raises ConfigurationError where its file cannot be read.
    """
    place = _previous(path)
    try:
        token, until = place.read_text(encoding="ascii").split()
        return Previous(token, datetime.fromisoformat(until))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{place} cannot be read: {error}; remove it, and only the new token is accepted"
        ) from error


def rotate(path: Path, overlap: timedelta, now: datetime) -> datetime:
    """Put a new token in force; return until when the old one is accepted too.

    The old one is written down before the new one replaces it: whenever this is interrupted, the
    token that senders use is accepted. Raises ConfigurationError where the folder is not writable.
    """
    old, until = token_or_new(path), now + overlap
    try:
        _draft(path, f"{old} {until.isoformat()}").replace(_previous(path))
        _draft(path, secrets.token_urlsafe(_BYTES)).replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} could not be changed: {error.strerror}; make the folder writable"
        ) from error
    return until


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="ascii")
    return draft
