"""What the environment sets: one value per `ALERTWIRE_…` variable, with safe defaults.

The same names serve every process, in any language, so they stand in one place. Routes and
accounts are in the file that `ALERTWIRE_CONFIG` names: see `alertwire.routes`.
`python -m alertwire.settings` prints `.env.example`.
"""

import difflib
import hashlib
import os
import tempfile
from enum import Enum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alertwire.blackout import Blackout, read_blackout
from alertwire.environment import read_environment
from alertwire.faults import ConfigurationError

PREFIX: Final = "ALERTWIRE_"
FILE_SUFFIX: Final = "_FILE"
"""`ALERTWIRE_X_FILE` names a file that holds the secret `ALERTWIRE_X`."""
SECRET_SIZE_MAX: Final = 4096
"""Bytes in such a file."""
PAPER_ACCOUNT_PREFIXES: Final = ("DU", "DF")
"""Paper accounts begin so, those of an advisor with the second."""
_IPC_PATH_LENGTH_MAX: Final = 100
"""Unix socket paths end at 107 bytes on Linux (unix(7)), libzmq's prefix included."""


def _digits(value: Any) -> Any:
    """Refuse what a number may be written with in one language only, such as 8_080 or +80."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("use a number from 0 to 65535")
    return value


Port = Annotated[int, BeforeValidator(_digits), Field(ge=0, le=65535)]


class TradingMode(str, Enum):  # noqa: UP042 - StrEnum changes nothing here but pydantic's messages
    """Whether real money may move."""

    PAPER = "paper"
    LIVE = "live"


LIVE: Final = "LIVE: real money"
"""What every verb and process says where the mode is live, in red on a terminal."""


class Transport(str, Enum):  # noqa: UP042
    """What carries alerts to the executors."""

    ZMQ = "zmq"


class LogFormat(str, Enum):  # noqa: UP042
    """How log lines look."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class Settings(BaseSettings):
    """Every setting of every process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",
        frozen=True,
        validate_default=True,
        env_ignore_empty=True,
    )

    home: Path = Field(Path("./var"), description="Data folder: journal, ledger, keys, logs.")
    config: Path = Field(
        Path("./alertwire.toml"), description="Routes and accounts; may be missing."
    )
    trading_mode: TradingMode = Field(
        TradingMode.PAPER,
        description=f"paper: refuses to trade unless every account begins with "
        f"{' or '.join(PAPER_ACCOUNT_PREFIXES)}. live: real money, in the accounts that "
        "alertwire.toml names with live = true.",
    )
    webhook_token: SecretStr = Field(
        SecretStr(""),
        description="Token of the built-in route `default`; empty: generated into "
        "$ALERTWIRE_HOME/keys on the first run.",
    )

    producer_host: str = Field("127.0.0.1", description="Where the webhook listens.")
    producer_port: Port = Field(8080, description="Port of the webhook.")
    producer_threads: int = Field(
        32, ge=1, le=512, description="Webhook requests worked on at the same time."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses and CIDR networks of the proxies in front of the webhook, separated "
        "by commas: only their X-Forwarded-For is believed.",
    )
    client_subject_header: str = Field(
        "",
        pattern="^[A-Za-z0-9-]*$",
        description="Header in which a trusted proxy tells the subject of a client certificate "
        "that it has verified, such as X-Client-Subject.",
    )
    address_requests_per_minute_max: int = Field(
        12_000,
        ge=1,
        description="Requests without a valid token that one address may send; more are "
        "answered 429.",
    )
    transport: Transport = Field(Transport.ZMQ, description="What carries alerts to executors.")
    alerts_endpoint: str = Field(
        "tcp://127.0.0.1:5555", description="Alerts: the producer's PUSH binds, executors connect."
    )
    acks_endpoint: str = Field(
        "tcp://127.0.0.1:5556", description="Acks: the producer's PULL binds, executors connect."
    )
    commands_endpoint: str = Field(
        "tcp://127.0.0.1:5557",
        description="Commands: the gateway's ROUTER binds, executors connect.",
    )
    reports_endpoint: str = Field(
        "tcp://127.0.0.1:5558", description="Reports: the gateway's PUB binds, anyone subscribes."
    )
    control_endpoint: str = Field(
        "",
        description="Control: the gateway's ROUTER binds; empty: a socket file in $ALERTWIRE_HOME.",
    )
    journal_url: SecretStr = Field(
        SecretStr(""),
        description="The producer's journal, SQLite or PostgreSQL; empty: "
        "sqlite:///$ALERTWIRE_HOME/journal.db.",
    )
    ledger_url: SecretStr = Field(
        SecretStr(""),
        description="The gateway's ledger; empty: sqlite:///$ALERTWIRE_HOME/ledger.db, or the "
        "journal's database where that is PostgreSQL.",
    )

    ib_host: str = Field("127.0.0.1", description="Host of TWS, IB Gateway or the simulator.")
    ib_port: Port = Field(
        4102,
        description="Its port: simulator 4102, IB Gateway paper 4002, live 4001, "
        "TWS paper 7497, live 7496.",
    )
    ib_client_id: int = Field(
        1, ge=0, le=999999, description="TWS API client id; keep it, orders belong to it."
    )
    ib_connect_timeout_s: float = Field(
        10.0, gt=0, le=300, description="Longest wait for one connection to be ready, in seconds."
    )
    ib_messages_per_s: float = Field(
        40.0,
        ge=0,
        le=1000,
        description="Pace towards the broker, in messages per second, evenly spaced; IB allows 50 "
        "over all clients of one TWS. 0: no pacing, for the simulator only.",
    )
    ib_blackout: str = Field(
        "",
        description="When the broker restarts or wants a login, and nothing is sent to it: "
        "`[DAY ]HH:MM-HH:MM ZONE`, several separated by commas, such as "
        "`23:44-23:52 America/New_York, Sun 00:55-01:30 America/New_York`.",
    )

    disk_free_min_mib: int = Field(
        1024,
        ge=0,
        description="The webhook answers 503 while the journal's disk has less free, in MiB.",
    )
    key_backlog_max: int = Field(
        1000,
        ge=1,
        description="The webhook answers 503 while so many alerts of one ordering key wait.",
    )
    key_head_age_max_s: float = Field(
        86_400.0,
        gt=0,
        description="The webhook answers 503 for an ordering key whose first undecided alert is "
        "older than this, in seconds.",
    )

    simulator_host: str = Field("127.0.0.1", description="Where the simulator listens.")
    simulator_port: Port = Field(4102, description="Its TWS port.")
    simulator_control_port: Port = Field(0, description="Its control port; 0: the TWS port + 1.")
    simulator_accounts: str = Field("DU1234567", description="Its accounts, separated by commas.")
    simulator_seed: int = Field(7, description="Seed of its prices.")
    simulator_scenario: str = Field("", description="A scenario file with faults; empty: none.")

    consumer_health_port: Port = Field(
        0, description="Port on 127.0.0.1 for the executor's /healthz and /metrics; 0: none."
    )
    gateway_health_port: Port = Field(
        0, description="Port on 127.0.0.1 for the gateway's /healthz and /metrics; 0: none."
    )
    health_host: str = Field(
        "127.0.0.1", description="Where the health ports of executor and gateway listen."
    )
    dashboard_port: Port = Field(8501, description="Port kept for the dashboard.")
    log_level: str = Field(
        "info",
        pattern="(?i)^(debug|info|warning|error)$",
        description="debug, info, warning or error.",
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="json, console, or auto: console on a terminal, else json."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: str) -> str:
        for entry in listed(value):
            ip_network(entry)
        return value

    @field_validator("ib_blackout")
    @classmethod
    def _has_windows(cls, value: str) -> str:
        read_blackout(value)
        return value

    @property
    def blackout(self) -> Blackout:
        """The windows in which nothing is sent to the broker."""
        return read_blackout(self.ib_blackout)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in force, and every password within one: what no line may show."""
        found = []
        for name in secret_names():
            secret = getattr(self, name).get_secret_value()
            password = urlsplit(secret).password if "://" in secret else None
            found += [secret, password or "", unquote(password or "")]
        return tuple(dict.fromkeys(one for one in found if one))

    @property
    def keys_folder(self) -> Path:
        return self.home / "keys"

    @property
    def bus_keys_folder(self) -> Path:
        return self.keys_folder / "bus"

    @property
    def journal_location(self) -> str:
        """The journal's URL, default filled in."""
        return self.journal_url.get_secret_value() or self._sqlite("journal.db")

    @property
    def ledger_location(self) -> str:
        """The ledger's URL, default filled in."""
        given = self.ledger_url.get_secret_value()
        if given:
            return given
        journal = self.journal_url.get_secret_value()
        # Two SQLite files: two processes that commit must not wait for one write lock.
        if not journal or journal.startswith("sqlite"):
            return self._sqlite("ledger.db")
        return journal

    @property
    def control_location(self) -> str:
        """The control endpoint, default filled in."""
        if self.control_endpoint:
            return self.control_endpoint
        path = self.home.resolve() / "gateway.sock"
        if len(str(path)) > _IPC_PATH_LENGTH_MAX:
            name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
            path = Path(tempfile.gettempdir()) / f"alertwire-{name}.sock"
        return f"ipc://{path}"

    @property
    def simulator_control(self) -> int:
        """The simulator's control port, default filled in."""
        return self.simulator_control_port or self.simulator_port + 1

    @property
    def is_simulated(self) -> bool:
        """Whether the broker is the simulator that `alertwire up` starts."""
        loopback = {"127.0.0.1", "localhost", "::1"}
        return self.ib_host in loopback and self.ib_port == self.simulator_port

    def _sqlite(self, name: str) -> str:
        return f"sqlite:///{self.home.resolve() / name}"


def listed(text: str) -> tuple[str, ...]:
    """Take a setting with commas apart."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def load_settings() -> Settings:
    """Read the environment, `.env` and the files that hold secrets.

    Raises ConfigurationError that names every wrong or unknown variable at once. Names are as they
    are documented, to the letter: `alertwire_home` is none.
    """
    given = read_environment()
    in_files = {PREFIX + name.upper() + FILE_SUFFIX: name for name in secret_names()}
    known = [*(PREFIX + name.upper() for name in Settings.model_fields), *in_files]
    problems = [
        f"{name} is not a setting{_suggestion(name.upper(), known)}"
        for name in sorted({*given, *os.environ})
        if name.upper().startswith(PREFIX) and name not in known
    ]
    values: dict[str, Any] = {
        name: given[PREFIX + name.upper()]
        for name in Settings.model_fields
        if given.get(PREFIX + name.upper())
    }
    for variable, name in in_files.items():
        if not (place := given.get(variable)):
            continue
        plain = variable.removesuffix(FILE_SUFFIX)
        if given.get(plain):
            problems.append(f"{plain} and {variable} are both set: keep one")
        try:
            values[name] = _secret_in(Path(place))
        except ConfigurationError as error:
            problems.append(f"{variable}: {error}")
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems += [
            f"{PREFIX}{str(problem['loc'][0]).upper()} is wrong: {problem['msg']}"
            for problem in error.errors()
        ]
    if problems:
        raise ConfigurationError("; ".join(problems))
    return settings


def secret_names() -> tuple[str, ...]:
    """Name the settings that are secrets: each may be given as a file too."""
    fields = Settings.model_fields.items()
    return tuple(name for name, field in fields if field.annotation is SecretStr)


def env_example() -> str:
    """Write `.env.example`: every setting with its meaning and default, commented out."""
    lines = [
        "# Every setting of Alertwire with its default. Copy to .env and change what you need."
    ]
    for name, field in Settings.model_fields.items():
        lines += ["", f"# {field.description}", f"# {PREFIX}{name.upper()}={_default(name)}"]
        if name in secret_names():
            lines += [f"# {PREFIX}{name.upper()}{FILE_SUFFIX}="]
    return "\n".join(lines) + "\n"


def described(*names: str) -> str:
    """Write these settings for a terminal: variable, default, meaning."""
    return "\n".join(
        f"  {PREFIX}{name.upper()}={_default(name)}\n      "
        f"{Settings.model_fields[name].description}"
        for name in names
    )


def _default(name: str) -> str:
    default = Settings.model_fields[name].get_default()
    if isinstance(default, SecretStr):
        return str(default.get_secret_value())
    if isinstance(default, Enum):
        return str(default.value)
    return f"./{default}" if isinstance(default, Path) else str(default)


def _secret_in(path: Path) -> SecretStr:
    try:
        with path.open("rb") as file:
            secret = file.read(SECRET_SIZE_MAX + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"{path} cannot be read: {reason}") from error
    if not secret or len(secret) > SECRET_SIZE_MAX:
        raise ConfigurationError(f"{path} must hold the secret and nothing else")
    return SecretStr(secret)


def _suggestion(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else ": see docs/configuration.md"


if __name__ == "__main__":
    print(env_example(), end="")  # noqa: T201 - a program for the shell
