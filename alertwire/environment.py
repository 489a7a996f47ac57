"""What a process is given: the environment and, where that says nothing, the file `.env`.

The form of `.env` is ours (docs/configuration.md) and the same in every language: what one program
reads and another passes over would be two installations.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alertwire.faults import ConfigurationError

FILE: Final = Path(".env")
_BLANKS: Final = " \t\r"
_LINE: Final = re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=(.*)", re.ASCII)
_LITERAL: Final = re.compile(r"[ \t]*'([^']*)'(?:[ \t]+#.*)?")
_QUOTED: Final = re.compile(r'[ \t]*"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*)?')
_BARE: Final = re.compile(r"(?![ \t]*['\"])(.*?)(?:[ \t]#.*)?")
_ESCAPED: Final = re.compile(r"\\(.)")
_MEANING: Final = {"n": "\n", "t": "\t"}
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}", re.ASCII)


def read_environment() -> dict[str, str]:
    """Return every variable; one that is empty in the environment counts as not set.

    Raises ConfigurationError where `.env` is there and cannot be read.
    """
    outer = {name: value for name, value in os.environ.items() if value}
    try:
        text = FILE.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return outer
    except OSError as error:
        raise ConfigurationError(f"{FILE} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{FILE} cannot be read: it is not UTF-8 text") from error
    return {**read_dotenv(text, outer), **outer}


def read_dotenv(text: str, outer: Mapping[str, str]) -> dict[str, str]:
    """Read the text of a `.env`; `outer` is what `${NAME}` may name beside the lines before it.

    Raises ConfigurationError with the number of the line that is neither NAME=VALUE nor a comment.
    """
    inner: dict[str, str] = {}

    def value_of(found: re.Match[str]) -> str:
        name, otherwise = found.groups()
        return inner.get(name) or outer.get(name) or otherwise or ""

    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip(_BLANKS)
        if not line or line.startswith("#"):
            continue
        name, given = found.groups() if (found := _LINE.fullmatch(line)) else ("", "'")
        if literal := _LITERAL.fullmatch(given):
            inner[name] = literal[1]
        elif quoted := _QUOTED.fullmatch(given):
            plain = _ESCAPED.sub(lambda sign: _MEANING.get(sign[1], sign[1]), quoted[1])
            inner[name] = _VARIABLE.sub(value_of, plain)
        elif bare := _BARE.fullmatch(given):
            inner[name] = _VARIABLE.sub(value_of, bare[1].strip(_BLANKS))
        else:
            raise ConfigurationError(
                f"{FILE}: line {number} is neither NAME=VALUE nor a comment: put # before it, or "
                f"the value in 'quotes'"
            )
    return inner
