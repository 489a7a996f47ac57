"""`python -m consumer`."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Final

from alertwire import __version__
from alertwire.process import EXIT_CONFIGURATION
from alertwire.settings import described
from consumer.main import main

SETTINGS: Final = (
    *("home", "config", "alerts_endpoint", "acks_endpoint", "commands_endpoint"),
    *("consumer_health_port", "health_host", "log_level", "log_format"),
)
"""Those that an executor acts on."""

parser = ArgumentParser(
    prog="python -m consumer",
    description="Run an executor: take alerts from the producer, plan them, have the gateways "
    "carry the commands out.\nIt takes no argument. What the environment sets, with defaults:\n\n"
    + described(*SETTINGS),
    formatter_class=RawDescriptionHelpFormatter,
)
parser.add_argument("--version", action="version", version=f"executor {__version__}")
_, unknown = parser.parse_known_args()
if unknown:
    print(f"consumer: takes no argument: {unknown[0]}; --help tells more", file=sys.stderr)  # noqa: T201
    sys.exit(EXIT_CONFIGURATION)
sys.exit(main())
