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

LENGTH_MIN: Final = 16
"""Characters of every token in force, whoever made it: the empty one would let everybody in."""
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Previous:
    """The token before the one in force."""

    token: str
    until: datetime


def token_or_new(path: Path) -> str:
    """Return the token in this file, made on the first call. Raises ConfigurationError."""
    if (found := token_in(path)) is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole or not at all, even when two processes start at once.
        draft = _draft(path, secrets.token_urlsafe(_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        _sync(path.parent)
    except OSError as error:
        raise ConfigurationError(
            f"the webhook token could not be kept in {path}: {error.strerror}; make "
            f"ALERTWIRE_HOME writable or set ALERTWIRE_WEBHOOK_TOKEN"
        ) from error
    return token_in(path) or token_or_new(path)


def token_in(path: Path) -> str | None:
    """Return the token in this file; None where there is no file.

    Raises ConfigurationError where it cannot be read, or is too short to be one.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the webhook token in {path} cannot be read: {error}; check the file's owner and "
            f"mode, or remove it, and a new one is made at the next start"
        ) from error
    check_length(token, str(path), "remove the file, and a new one is made at the next start")
    return token


def check_length(token: str, where: str, remedy: str) -> None:
    """Raise ConfigurationError where a token is so short that it could be guessed."""
    if len(token) < LENGTH_MIN:
        raise ConfigurationError(
            f"{where} has {len(token)} characters and needs {LENGTH_MIN} or more; {remedy}"
        )


def previous_token(path: Path) -> Previous | None:
    """Return the token before the one in this file, also where its time is over.

    Raises ConfigurationError where its file cannot be read.
    """
    place = _previous(path)
    try:
        token, until = place.read_text(encoding="ascii").split()
        check_length(token, f"the token in {place}", "remove it: only the new one is accepted then")
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
    token that senders use is accepted. Raises ConfigurationError where the folder is not writable,
    and where the token before the old one is still promised to somebody: only two can be in force.
    """
    old, until = token_or_new(path), now + overlap
    before = previous_token(path)
    # The same one twice: a rotation that broke off in the middle.
    if before is not None and now < before.until and before.token != old:
        raise ConfigurationError(
            f"the token before this one is accepted until {before.until:%Y-%m-%d %H:%M} UTC, and "
            f"another rotation would end that now; wait until then, or, where no sender needs it "
            f"any more, remove {_previous(path)} and rotate again"
        )
    try:
        _draft(path, f"{old} {until.isoformat()}").replace(_previous(path))
        _draft(path, secrets.token_urlsafe(_BYTES)).replace(path)
        _sync(path.parent)
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
    # On the disk before it takes the name: a power cut would leave an empty token otherwise.
    _sync(draft)
    _sync(draft.parent)
    return draft


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
