"""What the address of a request asks for beside its token: a dry run, or the real thing.

Somebody who writes anything like `dry_run` does not want an order: what cannot be told is refused.
"""

import re
from typing import Final
from urllib.parse import parse_qsl

from producer.refusal import Refused, unreadable

_NAME: Final = "dryrun"
_YES: Final = frozenset({"", "1", "true", "yes", "on", "y", "t"})
"""Nothing at all too: `?dry_run` is a word said."""
_NO: Final = frozenset({"0", "false", "no", "off", "n", "f"})
_UNTOLD: Final = unreadable(
    "this is neither a dry run nor none: write ?dry_run=1, or nothing; nothing was ordered",
    "dry_run",
    "dry_run",
)
NO_DRY_RUN_HERE: Final = unreadable(
    "there is no dry run of this: nothing was done; alertwire explain FILE says what a body means",
    "dry_run",
    "dry_run",
)


def asks_for_dry_run(query: str) -> bool | Refused:
    """Tell whether a query string asks for a dry run, however it spells the name."""
    told = [
        value.strip().lower()
        for name, value in parse_qsl(query, keep_blank_values=True)
        if re.sub(r"[^a-z]", "", name.lower()) == _NAME
    ]
    if all(value in _NO for value in told):
        return False
    return True if all(value in _YES for value in told) else _UNTOLD
