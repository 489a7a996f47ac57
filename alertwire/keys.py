"""The keys of the bus: CURVE key pairs as files, and lists of who may connect where.

Everything is a file that any language can read, in `$ALERTWIRE_HOME/keys/bus`:

- `NAME.key` and `NAME.key_secret`: a pair, each one line of 40 characters Z85
  (https://rfc.zeromq.org/spec/32/). The secret is its owner's only (0600).
- `allowed/LIST/NAME.key`: public keys that may connect; asked at every new connection.

No files: no encryption. Some but not the needed ones: no start, never a silent fall back.
"""

import fcntl
import hashlib
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

import zmq
from zmq.utils import z85

from alertwire.faults import ConfigurationError

SECRET_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
FOLDER_MODE: Final = 0o700
KEY_LENGTH: Final = 40
"""Characters of a key in Z85."""
KEY_SIZE: Final = 32
"""Bytes of a key."""
FILE_SIZE_MAX: Final = 256
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_Z85: Final = re.compile(rb"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")

PRODUCER: Final = "producer"
GATEWAY: Final = "gateway"
CONSUMER: Final = "consumer"
OPERATOR: Final = "operator"
SERVERS: Final = (PRODUCER, GATEWAY)
FIRST_NAMES: Final = (PRODUCER, GATEWAY, CONSUMER, OPERATOR)


class AllowList(str, Enum):  # noqa: UP042 - see alertwire.settings
    """What a key may be let in for."""

    ALERTS = "alerts"
    """Take alerts from the producer and ack them."""
    COMMANDS = "commands"
    """Send commands to the gateway: place orders."""
    REPORTS = "reports"
    """Subscribe to the gateway's reports."""
    CONTROL = "control"
    """Ask the gateway how it is, and steer it."""


USUAL: Final = {
    CONSUMER: (AllowList.ALERTS, AllowList.COMMANDS),
    OPERATOR: (AllowList.REPORTS, AllowList.CONTROL),
    "subscriber": (AllowList.REPORTS,),
}
"""What a name that is or begins with one of these is allowed where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A key pair in Z85."""

    name: str
    public: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the key folder, and what its key may do."""

    name: str
    fingerprint: str
    secret_mode: int | None
    allowed: tuple[AllowList, ...]


def load_pair(folder: Path, role: str) -> Pair | None:
    """Return the pair with which a process of this role speaks; None where there are no keys.

    It is `ROLE.key_secret`, else the only one that begins with `ROLE-`. Raises ConfigurationError
    where there are keys but not the right ones, or others could read or plant them.
    """
    if not has_keys(folder):
        return None
    _refuse_writable(folder)
    path = folder / f"{role}.key_secret"
    if not path.exists():
        others = sorted(folder.glob(f"{role}-*.key_secret"))
        if len(others) != 1:
            raise ConfigurationError(
                f"{folder} has {'several keys' if others else 'no key'} for the {role}: "
                + (
                    "keep the one that is this machine's"
                    if others
                    else f"make one with `alertwire keys new {role}`, or remove the folder to go "
                    f"without encryption on loopback"
                )
            )
        path = others[0]
    mode = path.stat().st_mode
    if mode & _OTHERS:
        raise ConfigurationError(
            f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}): run chmod 600 {path}, "
            f"and make a new pair if somebody may have read it"
        )
    name, secret = path.name.removesuffix(".key_secret"), _read_key(path)
    try:
        public = zmq.curve_public(secret)
    except zmq.ZMQError as error:
        raise ConfigurationError(f"{path} holds no CURVE key") from error
    kept = folder / f"{name}.key"
    if kept.exists() and _read_key(kept) != public:
        raise ConfigurationError(
            f"{kept} does not belong to {path.name}: they are two halves of different pairs"
        )
    return Pair(name, public, secret)


def load_public(folder: Path, name: str) -> bytes:
    """Return a public key. Raises ConfigurationError where it is missing or no key."""
    path = folder / f"{name}.key"
    if not path.exists():
        raise ConfigurationError(f"{path} is missing: copy it from the machine where {name} runs")
    return _read_key(path)


def has_keys(folder: Path) -> bool:
    """Whether the bus is encrypted: any key file says so."""
    try:
        return any(path.name.endswith((".key", ".key_secret")) for path in folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be read: {error.strerror}; it must belong to the user that runs "
            f"Alertwire"
        ) from error


def who_is_allowed(folder: Path, allow_list: AllowList) -> dict[bytes, str]:
    """Return the public keys of a list, in Z85, with their names."""
    found = {}
    for path in (folder / "allowed" / allow_list.value).glob("*.key"):
        try:
            found[_read_key(path)] = path.stem
        except ConfigurationError:
            # Half written or spoilt: nobody has this key.
            continue
    return found


def make_pair(folder: Path, name: str, allowed: tuple[AllowList, ...] = ()) -> bool:
    """Make the pair of a name, allowed what is said; False where it is there already.

    The public file comes last: a pair without it was interrupted, and is finished here. What was
    revoked since is therefore not allowed again.
    """
    check_name(name)
    _make_folder(folder)
    with _hold(folder):
        public_path, secret_path = folder / f"{name}.key", folder / f"{name}.key_secret"
        if public_path.exists():
            return False
        if not secret_path.exists():
            _write(secret_path, zmq.curve_keypair()[1], SECRET_MODE)
        public = zmq.curve_public(_read_key(secret_path))
        for allow_list in allowed:
            _allow(folder, name, public, allow_list)
        _write(public_path, public, PUBLIC_MODE)
    return True


def allow(folder: Path, name: str, lists: tuple[AllowList, ...]) -> None:
    """Let the key in `NAME.key` connect. Raises ConfigurationError where there is none."""
    check_name(name)
    public = load_public(folder, name)
    with _hold(folder):
        for allow_list in lists:
            _allow(folder, name, public, allow_list)


def revoke(folder: Path, name: str) -> tuple[AllowList, ...]:
    """Take a name off every list; return those on which it stood."""
    check_name(name)
    found = []
    for allow_list in AllowList:
        path = folder / "allowed" / allow_list.value / f"{name}.key"
        if path.exists():
            path.unlink()
            found.append(allow_list)
    return tuple(found)


def usual_lists(name: str) -> tuple[AllowList, ...]:
    """Return what such a name is for; empty where the name does not say."""
    return next(
        (lists for kind, lists in USUAL.items() if name == kind or name.startswith(f"{kind}-")), ()
    )


def bundle(folder: Path, name: str, target: Path) -> None:
    """Copy what one party needs, and nothing of anybody else's secrets, into a folder."""
    _make_folder(target)
    for each in (*SERVERS, name):
        _write(target / f"{each}.key", load_public(folder, each), PUBLIC_MODE)
    _write(target / f"{name}.key_secret", _read_key(folder / f"{name}.key_secret"), SECRET_MODE)


def entries(folder: Path) -> Iterator[Entry]:
    """Yield every name that has a key here or stands on a list."""
    if not folder.is_dir():
        return
    allowed = {each: who_is_allowed(folder, each) for each in AllowList}
    listed = {name for names in allowed.values() for name in names.values()}
    here = {path.stem for pattern in ("*.key", "*.key_secret") for path in folder.glob(pattern)}
    for name in sorted(listed | here):
        secret = folder / f"{name}.key_secret"
        public = folder / f"{name}.key"
        yield Entry(
            name,
            fingerprint(_read_key(public)) if public.exists() else "",
            stat.S_IMODE(secret.stat().st_mode) if secret.exists() else None,
            tuple(each for each, names in allowed.items() if name in names.values()),
        )


def fingerprint(public: bytes) -> str:
    """Name a public key so that two people can compare it: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def check_name(name: str) -> None:
    """Refuse what is no name of a party: it becomes a file name."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:40]!r} is no name: use up to 32 small letters, digits and hyphens"
        )


def _allow(folder: Path, name: str, public: bytes, allow_list: AllowList) -> None:
    target = folder / "allowed" / allow_list.value
    _make_folder(target.parent)
    _make_folder(target)
    _write(target / f"{name}.key", public, PUBLIC_MODE)


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            key = file.read(FILE_SIZE_MAX).strip()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    if not _Z85.fullmatch(key) or not _is_number(key):
        raise ConfigurationError(f"{path} must hold one key: {KEY_LENGTH} characters of Z85")
    return key


def _is_number(key: bytes) -> bool:
    """Whether each five signs fit 32 bits: libzmq takes no others, and says so only when asked."""
    try:
        return len(z85.decode(key)) == KEY_SIZE
    except struct.error:
        return False


def _write(path: Path, key: bytes, mode: int) -> None:
    """Write a key file whole or not at all; its mode never wider than said, whatever the umask."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(key + b"\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        path.mkdir(exist_ok=True, mode=FOLDER_MODE)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be made: {error.strerror}; make ALERTWIRE_HOME writable"
        ) from error


def _refuse_writable(folder: Path) -> None:
    for path in (folder, folder / "allowed", *(folder / "allowed" / a.value for a in AllowList)):
        if path.exists() and path.stat().st_mode & _OTHERS_WRITE:
            raise ConfigurationError(
                f"{path} can be written by others, who could let themselves in: run "
                f"chmod 700 {path}"
            )


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Let one process change the folder at a time."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
