"""On which line of a TOML file a value stands: what the parser forgets and a person wants."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any, Final

Path = tuple[str, ...]

_TOKEN: Final = re.compile(
    r"""(?sx)
    \#[^\n]*
    | (?P<long> \"{3} (?:\\.|[^\\])*? \"{3} | '{3} .*? '{3})
    | "(?:\\.|[^"\\\n])*"
    | '[^'\n]*'
    """
)
"""Comments and strings; a long one may hold lines that look like any other."""


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line, from 1, of the value at `path`, or of the nearest thing around it.

    0 where nothing of the path stands in the text. Elements of an inline array are all on the line
    of their key.
    """
    names = tuple(part for part in path if isinstance(part, str))
    best_line, best_length = 0, 0
    for number, found in _within(_paths(text), path):
        # A header of a table within stands for it where it has none of its own.
        length = min(len(found), len(names))
        if (
            length > best_length
            and found[:length] == names[:length]
            and (len(found) == length or length == len(names))
        ):
            best_line, best_length = number, length
    return best_line


def _within(paths: list[tuple[int, Path]], path: Sequence[str | int]) -> list[tuple[int, Path]]:
    """Keep of several tables of one name, [[name]], the one that the path counts to."""
    for place, part in enumerate(path):
        if not isinstance(part, int):
            continue
        name = tuple(str(one) for one in path[:place] if isinstance(one, str))
        starts = [at for at, (_, found) in enumerate(paths) if found == name]
        if part < len(starts):
            end = starts[part + 1] if part + 1 < len(starts) else len(paths)
            paths = paths[starts[part] : end]
    return paths


def _paths(text: str) -> list[tuple[int, Path]]:
    """List each table header and key with its line and its full path."""
    paths: list[tuple[int, Path]] = []
    table: Path = ()
    for number, raw in enumerate(_TOKEN.sub(_flat, text).splitlines(), start=1):
        line = raw.strip()
        if line.startswith("["):
            table = _path_in(line) or table
            paths.append((number, table))
        elif "=" in line and not line.startswith("#") and (key := _path_in(_key(line) + " = 0")):
            paths.append((number, (*table, *key)))
    return paths


def _flat(found: re.Match[str]) -> str:
    """Keep a long string's lines, and nothing of what they say."""
    return "0" + "\n" * found[0].count("\n") if found["long"] else found[0]


def _key(line: str) -> str:
    return line.partition("=")[0]


def _path_in(line: str) -> Path:
    """Read the names that one line of TOML nests; () where it is none by itself."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(value, dict | list) and value:
        if isinstance(value, list):
            value = value[0]
            continue
        name, value = next(iter(value.items()))
        path.append(name)
    return tuple(path)
