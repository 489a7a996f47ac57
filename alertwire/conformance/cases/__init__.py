"""The cases, by what they are about. Importing this registers them all."""

from alertwire.conformance.cases import (
    answers,
    encryption,
    frames,
    gateways,
    group,
    life,
    plans,
    silence,
    start,
    telling,
)

__all__ = [
    "answers",
    "encryption",
    "frames",
    "gateways",
    "group",
    "life",
    "plans",
    "silence",
    "start",
    "telling",
]
