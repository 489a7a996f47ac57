"""`replay`, `drop`: what a person does with dead letters. The producer does it: it is asked."""

import http.client
import json
import sys
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer
from sqlalchemy import select

from alertwire.cli import probes
from alertwire.cli.databases import read_journal
from alertwire.faults import ConfigurationError
from alertwire.journal.tables import alerts, refusals
from alertwire.routes import load_routes
from alertwire.settings import Settings, load_settings

_ID_LENGTH: Final = 26


class _NoSuchLetter(ConfigurationError):  # noqa: N818 - what is the case
    """There is none of this id, or none whose route is still there."""


Identity = Annotated[str, typer.Argument(metavar="ID", help="Its id: see alertwire alerts --dead.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(replay)
    app.command()(drop)


def replay(
    identity: Identity,
    body: Annotated[
        Path | None,
        typer.Option(help="A file with the mended message; without it the kept one is sent."),
    ] = None,
) -> None:
    """Make a new alert of a dead letter: late, expired, voided, rejected or refused at the door.

    alertwire trace ID          why it became no order, and its message

    alertwire replay ID --body mended.json

    Its age counts from now. However often it is asked for, a letter is replayed once; the second
    time the first one's id is told. What was ordered, or may have been, is never replayed.
    """
    mended = b""
    if body is not None:
        try:
            mended = body.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{body} cannot be read: {error.strerror}") from error
        if not mended.strip():
            raise ConfigurationError(f"{body} is empty")
    sys.exit(not _ask(load_settings(), identity, "replay", mended))


def drop(
    identities: Annotated[
        list[str], typer.Argument(metavar="ID…", help="Ids: see alertwire alerts --dead.")
    ],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it later.")] = "",
) -> None:
    """Mark dead letters as dealt with, or stop alerts that still wait to be ordered.

    alertwire drop ID --reason "traded by hand"

    An alert that waits is asked to be voided by the gateway: "voiding" until it is, and its outcome
    tells whether it came in time. A parked alert is resolved instead: alertwire resolve. Of
    several all are tried; the exit code is 1 where one could not be dropped.
    """
    settings = load_settings()
    said = json.dumps({"reason": reason}).encode() if reason else b""
    is_all_done = True
    for identity in identities:
        try:
            is_all_done &= _ask(settings, identity, "drop", said)
        except _NoSuchLetter as error:
            print(f"drop {identity}: {error}")
            is_all_done = False
    sys.exit(not is_all_done)


def _ask(settings: Settings, identity: str, verb: str, body: bytes) -> bool:
    """Ask the producer and print its answer; True where it did what it was asked."""
    letter_id = identity[:_ID_LENGTH]
    token = _token(settings, letter_id)
    path = f"/alerts/{quote(letter_id, safe='')}/{verb}"
    answer = probes.ask_producer(settings, path, body, {"Authorization": f"Bearer {token}"})
    is_done = answer.status == http.client.OK
    told = answer.json().get("error", {})
    print(answer.text.strip() if is_done else f"{verb} {letter_id}: {_words(told, answer.text)}")
    return is_done


def _words(error: object, text: str) -> str:
    if not isinstance(error, dict) or "message" not in error:
        return text.strip()
    field = f"{error['field']}: " if error.get("field") else ""
    return f"{field}{error['message']}"


def _token(settings: Settings, letter_id: str) -> str:
    """Return the token of the route that the letter came over."""
    found = [
        row["route"]
        for query in (
            select(alerts.c.route).where(alerts.c.alert_id == letter_id),
            select(refusals.c.route).where(refusals.c.refusal_id == letter_id),
        )
        for row in read_journal(settings, query)
    ]
    if not found:
        raise _NoSuchLetter(
            f"no alert or refusal {letter_id} in the journal; see: alertwire alerts --dead"
        )
    routes = load_routes(settings, with_tokens=True).by_name
    if found[0] not in routes:
        raise _NoSuchLetter(
            f"{letter_id} came over route {found[0]}, which is no longer in {settings.config}; "
            f"send its message over another one with: alertwire send --route NAME FILE"
        )
    return routes[found[0]].token.get_secret_value()
