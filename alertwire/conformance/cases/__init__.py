"""The cases, by what they are about. Importing this registers them all."""

from alertwire.conformance.cases import (
    answers,
    encryption,
    environment,
    frames,
    gateways,
    group,
    life,
    pages,
    plans,
    silence,
    start,
    strangers,
    telling,
)

__all__ = [
    "answers",
    "encryption",
    "environment",
    "frames",
    "gateways",
    "group",
    "life",
    "pages",
    "plans",
    "silence",
    "start",
    "strangers",
    "telling",
]
