"""`python -m consumer`."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Final

from alertwire.settings import described
from consumer.main import main

SETTINGS: Final = (
    *("home", "config", "alerts_endpoint", "acks_endpoint", "commands_endpoint"),
    *("consumer_health_port", "health_host", "log_level", "log_format"),
)
"""Those that an executor acts on."""

ArgumentParser(
    prog="python -m consumer",
    description="Run an executor: take alerts from the producer, plan them, have the gateways "
    "carry the commands out.\nIt takes no argument. What the environment sets, with defaults:\n\n"
    + described(*SETTINGS),
    formatter_class=RawDescriptionHelpFormatter,
).parse_args()
sys.exit(main())
