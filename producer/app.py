"""The Flask application: the webhook, what a person does with dead letters, and the probes.

Collaborators are passed in. Every answer is JSON, refusals too, and none carries a version or the
address that was asked for: the token is in it.
"""

import json
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, request
from flask_limiter import Limiter
from werkzeug.exceptions import HTTPException

from alertwire.process import Health, health_answer
from producer.admission import Visitor, counter_of
from producer.asked import NO_DRY_RUN_HERE, asks_for_dry_run
from producer.door import Answer, Door, Request
from producer.front import SUBJECT, plain_address
from producer.letters import Letters
from producer.objections import BODY_SIZE_MAX, CUT_SHORT, TOO_LARGE
from producer.openapi import openapi
from producer.refusal import Refused

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

WEBHOOK: Final = "/webhook/"
VIEWS_RATE: Final = "60 per second"
"""What one address may ask of everything but the webhook: /readyz asks the disk each time."""
_DISCARDED_MAX: Final = 16 * 1024 * 1024
_OPENAPI: Final = json.dumps(openapi())
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_REMEDIES: Final = {
    404: "there is nothing here; post alerts to /webhook/<token>",
    405: "this method is not served here; post alerts to /webhook/<token>",
    429: "more requests than one address may send; slow down",
    500: "this is a bug; the producer's log has the details",
}


def make_app(door: Door, letters: Letters, ready: Health, *, has_lane: bool = True) -> Flask:
    """Build the application. `has_lane` puts the webhook's lane in front of Flask's routing."""
    app = Flask("producer", static_folder=None)
    # A redirect would tell the address, and TradingView follows none.
    app.url_map.merge_slashes = False
    limiter = Limiter(
        lambda: counter_of(_address(request.environ)),
        app=app,
        default_limits=[VIEWS_RATE],
        storage_uri="memory://",
    )

    # The door counts its visitors itself, on the lane too.
    @limiter.exempt
    @app.post(f"{WEBHOOK}<token>")
    def webhook(token: str) -> Response:
        return _response(door.take(_request(token, request.environ)))

    @app.post("/alerts/<letter_id>/<any(replay, drop):verb>")
    def handle(letter_id: str, verb: str) -> Response:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        act = letters.replay if verb == "replay" else letters.drop
        asked = _request(token.strip() if kind.lower() == "bearer" else "", request.environ)
        if asked.is_dry_run:
            return _response(door.refuse(NO_DRY_RUN_HERE))
        return _response(act(letter_id, asked.token, asked.visitor, asked.read_body))

    @app.get("/healthz")
    @app.get("/readyz")
    @app.get("/metrics")
    def probe() -> Response:
        status, kind, body = health_answer(request.path, ready)
        return Response(body, status, content_type=kind)

    @app.get("/openapi.json")
    def document() -> Response:
        return Response(_OPENAPI, mimetype="application/json")

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        status = error.code or 500
        code = error.name.lower().replace(" ", "_")
        body = Refused(status, code, _REMEDIES.get(status, error.name)).body()
        answer = Response(json.dumps(body), status, mimetype="application/json")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer.headers["Retry-After"] = "1"
        if allowed := getattr(error, "valid_methods", None):
            answer.headers["Allow"] = ", ".join(sorted(allowed))
        return answer

    if has_lane:
        app.wsgi_app = _Lane(door, app.wsgi_app)  # type: ignore[method-assign]
    return app


class _Lane:
    """The webhook without Flask's routing and request objects, which cost more than all else.

    Takes what the view above takes and answers the same; whatever else comes goes to Flask.
    """

    def __init__(self, door: Door, flask: Wsgi) -> None:
        self._door = door
        self._flask = flask

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        token = path[len(WEBHOOK) :]
        if (
            environ["REQUEST_METHOD"] != "POST"
            or not path.startswith(WEBHOOK)
            or not token
            or "/" in token
        ):
            return self._flask(environ, start_response)
        answer = self._door.take(_request(token, environ))
        body = json.dumps(answer.body).encode()
        start_response(
            _STATUS_LINES[answer.status],
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                *answer.headers,
            ],
        )
        return [body]


def _response(answer: Answer) -> Response:
    return Response(
        json.dumps(answer.body), answer.status, answer.headers, mimetype="application/json"
    )


def _request(token: str, environ: Environ) -> Request:
    query = environ.get("QUERY_STRING", "")
    return Request(
        token=token,
        read_body=partial(_body, environ),
        visitor=Visitor(_address(environ), environ.get(SUBJECT, "")),
        is_dry_run=asks_for_dry_run(query) if query else False,
    )


def _address(environ: Environ) -> str:
    return plain_address(environ.get("REMOTE_ADDR", ""))


def _body(environ: Environ) -> bytes | Refused:
    """Read the raw body, whatever its type says.

    Content-Length may lie or be missing. What is too large is read and thrown away, up to a limit:
    a sender whose connection breaks while it sends never sees the answer.
    """
    stream = environ["wsgi.input"]
    told_text = environ.get("CONTENT_LENGTH") or ""
    told = int(told_text) if told_text.isdecimal() else None
    parts: list[bytes] = []
    size = 0
    # Not read past what was told: asking once more for the end costs as much as the body.
    while size != told and size < _DISCARDED_MAX and (part := stream.read(BODY_SIZE_MAX)):
        size += len(part)
        if size <= BODY_SIZE_MAX:
            parts.append(part)
        else:
            parts.clear()
    if size > BODY_SIZE_MAX:
        return TOO_LARGE
    return CUT_SHORT if told is not None and size < told else b"".join(parts)
