"""`python -m consumer`."""

import sys
from typing import Final

from alertwire import __version__
from alertwire.process import EXIT_CONFIGURATION, plain
from alertwire.settings import described
from consumer.main import main

SETTINGS: Final = (
    *("home", "config", "alerts_endpoint", "acks_endpoint", "commands_endpoint"),
    *("consumer_health_port", "health_host", "log_level", "log_format"),
)
"""Those that an executor acts on."""

HELP: Final = f"""\
python -m consumer carries alerts from Alertwire's producer to its gateways and outcomes back.

It takes no argument: like every process of Alertwire it reads the environment, then .env, then
alertwire.toml. Start as many as you like, of any language; each can be killed at any moment.

{described(*SETTINGS)}

Signals: SIGTERM and SIGINT finish what is in hand, at most 5 s; SIGHUP reads alertwire.toml again.
Exit codes: 0 stopped on request, 78 something must be configured (one line on stderr), 1 a bug.

  --help     this text
  --version  the version
"""


def start(arguments: list[str]) -> int:
    """Do what the first argument asks for; without one, run."""
    match arguments[:1]:
        case []:
            return main()
        case ["--help" | "-h"]:
            print(HELP, end="")  # noqa: T201 - a program for the shell
            return 0
        case ["--version"]:
            print(f"executor {__version__}")  # noqa: T201
            return 0
    told = f"consumer: takes no argument: {plain(arguments[0])}; --help tells more"
    print(told, file=sys.stderr)  # noqa: T201
    return EXIT_CONFIGURATION


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
