"""Writes the names that executors in other languages know: variables, and what the file may say.

`python -m tests.executors.known_names` (part of `make generate`); a test fails when it has drifted.
An executor refuses what is not among them, as every process does.
"""

from pathlib import Path
from typing import Final

from alertwire.configuration import ConfigurationFile, Route
from alertwire.settings import FILE_SUFFIX, PREFIX, Settings, secret_names

FILE: Final = Path(__file__).parents[2] / "consumer/go/internal/settings/known.txt"


def known_names() -> str:
    """Return one name a line."""
    variables = [PREFIX + name.upper() for name in Settings.model_fields]
    files = [PREFIX + name.upper() + FILE_SUFFIX for name in secret_names()]
    of_the_file = [f"file.{name}" for name in ConfigurationFile.model_fields]
    of_a_route = [f"routes.*.{name}" for name in Route.model_fields]
    return "\n".join([*variables, *files, *of_the_file, *of_a_route]) + "\n"


if __name__ == "__main__":
    FILE.write_text(known_names(), encoding="ascii")
