"""The Flask application: the webhook and the probes.

Collaborators are passed in. Every answer of the webhook is JSON, its refusals too, and no answer
carries a version.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from alertwire.process import Health, health_answer
from producer.door import BODY_SIZE_MAX, Answer, Door, Request
from producer.refusal import Refused

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
_TRUE: Final = frozenset({"1", "true", "yes"})


def make_app(door: Door, ready: Health) -> Flask:
    """Build the application."""
    app = Flask("producer", static_folder=None)

    @app.post("/webhook/<token>")
    def webhook(token: str) -> Response:
        return _json(
            door.take(
                Request(
                    token=token,
                    body=_read_body(request.environ),
                    source=request.remote_addr or "",
                    is_dry_run=request.args.get("dry_run", "").lower() in _TRUE,
                )
            )
        )

    @app.get("/healthz")
    @app.get("/readyz")
    @app.get("/metrics")
    def probe() -> Response:
        status, kind, body = health_answer(request.path, ready)
        return Response(body, status, content_type=kind)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        # No path in it: the token is there.
        status = error.code or 500
        refused = Refused(status, error.name.lower().replace(" ", "_"), _REMEDY.get(status, ""))
        answer = _json(Answer(status, refused.body()))
        if status == 405 and getattr(error, "valid_methods", None):
            answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return answer

    return app


_REMEDY: Final = {
    404: "there is nothing here; post alerts to /webhook/<token>",
    405: "this method is not served here; post alerts to /webhook/<token>",
    413: f"the body is over {BODY_SIZE_MAX} bytes",
}


def _read_body(environ: Environ) -> bytes | None:
    """Read the raw body, whatever its type says; None where it is too large.

    Reads one byte more than is allowed and no further: Content-Length may lie or be missing.
    """
    try:
        if int(environ.get("CONTENT_LENGTH") or 0) > BODY_SIZE_MAX:
            return None
    except ValueError:
        return None
    stream = environ["wsgi.input"]
    parts, size = [], 0
    try:
        while part := stream.read(BODY_SIZE_MAX + 1 - size):
            parts.append(part)
            size += len(part)
            if size > BODY_SIZE_MAX:
                return None
    except RequestEntityTooLarge:
        return None
    return b"".join(parts)


def _json(answer: Answer) -> Response:
    return Response(json.dumps(answer.body), answer.status, mimetype="application/json")
