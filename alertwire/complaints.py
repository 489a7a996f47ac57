"""What is wrong with a value of alertwire.toml, in words that say what to write instead."""

from typing import Final

from pydantic_core import ErrorDetails

_WORDS: Final = {
    "extra_forbidden": "is not a setting, see docs/configuration.md",
    "missing": "is missing",
    "tuple_type": 'must be a list, such as ["…"]',
    "string_type": "must be text in quotes",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}
"""By pydantic's type of error."""
_OF_KEYS: Final = {
    "symbols": "must be in capitals, as alerts spell it, with 64 signs at most",
    "futures": "must be the root in capitals, such as ES",
}
"""By the table whose names are wrong."""
_NAME: Final = "must be a name of letters, digits, dots, _ and -, with 64 of them at most"
_KEY: Final = "[key]"
_VALUE_ERROR: Final = "Value error, "


def words(problem: ErrorDetails) -> str:
    """Say what one of pydantic's findings asks for."""
    kind, place = problem["type"], problem["loc"]
    if kind == "string_pattern_mismatch":
        if place[-1] == _KEY:
            return next((_OF_KEYS[part] for part in place if part in _OF_KEYS), _NAME)
        return "holds signs that cannot stand there, see docs/configuration.md"
    told = _WORDS.get(kind) or problem["msg"].removeprefix(_VALUE_ERROR)
    for begin in ("Input should ", "String should ", "Decimal input should "):
        if told.startswith(begin):
            return f"must {told.removeprefix(begin)}"
    return told


def place_of(problem: ErrorDetails) -> tuple[str | int, ...]:
    """Return where it stands; a name that is wrong is at itself."""
    found = (*problem["loc"], *problem.get("ctx", {}).get("place", ()))
    return tuple(part for part in found if part != _KEY)
