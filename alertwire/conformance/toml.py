"""Writes the few kinds of values that alertwire.toml needs here."""

import json
from typing import Any


def table(name: str, value: dict[str, Any]) -> str:
    """Write one key with its value on one line (https://toml.io/en/v1.0.0#inline-table)."""
    return f"{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    # A string, a number or a boolean of JSON is one of TOML.
    return json.dumps(value)
