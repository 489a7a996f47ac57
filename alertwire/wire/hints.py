"""What reader and writer share: type hints taken apart, functions compiled, when time begins."""

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Union, get_args, get_origin

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def without_none(hint: Any) -> tuple[Any, bool]:
    """Split `X | None` into X and whether None is allowed."""
    if get_origin(hint) in {types.UnionType, Union}:
        return next(arg for arg in get_args(hint) if arg is not type(None)), True
    return hint, False


def compiled(lines: Sequence[str], names: Mapping[str, Any]) -> Callable[..., Any]:
    """Compile source that defines `function`, with these names in its scope."""
    scope = dict(names)
    # The source is made of our own field names, never of anything received.
    exec("\n".join(lines), scope)  # noqa: S102
    function: Callable[..., Any] = scope["function"]
    return function
