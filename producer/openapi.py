"""The webhook's OpenAPI document, served at /openapi.json: the same answers as the code gives."""

from typing import Any, Final

Document = dict[str, Any]

_ERROR: Final[Document] = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "field"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "Short, for programs."},
                "message": {"type": "string", "description": "What to mend, for people."},
                "field": {"type": "string", "description": "The sender's field; empty: the whole."},
            },
        }
    },
}
_ACCEPTED: Final[Document] = {
    "type": "object",
    "required": ["alert_id", "status", "duplicate"],
    "properties": {
        "alert_id": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
        "status": {"type": "string"},
        "duplicate": {
            "type": "boolean",
            "description": "True: it was there already; alert_id is the first one's.",
        },
        "late": {
            "type": "boolean",
            "description": "True: it fired before the last one of its key and is kept for a "
            "person, not delivered.",
        },
    },
}
_DRY_RUN: Final[Document] = {
    "type": "object",
    "required": ["status", "alert"],
    "properties": {
        "status": {"const": "dry_run"},
        "alert": {"type": "object", "description": "The alert as it was read."},
    },
}
_REFUSALS: Final = {
    "400": "The body cannot be read.",
    "401": "No valid token.",
    "403": "This route takes no alerts from this address.",
    "404": "There is nothing here.",
    "405": "This method is not served here.",
    "409": "It cannot be done in the state that the alert is in; the message says why.",
    "413": "The body is over 64 KiB.",
    "422": "Read, but not an order that can be made; kept with its reason.",
    "429": "Too many requests; nothing was kept.",
    "500": "A bug; the log has the details.",
    "503": "Nothing was kept; please send it again.",
}
_RETRY_AFTER: Final[Document] = {
    "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}
}
_BODY: Final[Document] = {
    "required": True,
    "description": "One alert in any dialect that the route reads; the content type is not looked "
    "at.",
    "content": {
        "application/json": {"schema": {}},
        "text/plain": {"schema": {"type": "string"}},
    },
}
_LETTER: Final[Document] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Id of an alert or a refusal.",
    "schema": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
}


def openapi() -> Document:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        # Of the interface: strangers need not know which release runs here.
        "info": {"title": "Alertwire", "version": "1"},
        "paths": {
            "/webhook/{token}": {
                "post": {
                    "operationId": "post_alert",
                    "summary": "Take an alert: journal it, then answer.",
                    "parameters": [
                        {
                            "name": "token",
                            "in": "path",
                            "required": True,
                            "description": "The route's secret.",
                            "schema": {"type": "string", "minLength": 1},
                        },
                        {
                            "name": "dry_run",
                            "in": "query",
                            "description": "1: say what would be ordered and why; order nothing. "
                            "Neither 0 nor 1, or two different: 400.",
                            "schema": {"type": "string", "enum": ["0", "1"]},
                        },
                    ],
                    "requestBody": _BODY,
                    "responses": {
                        "200": _json("Accepted, or the dry run's findings.", _ACCEPTED, _DRY_RUN),
                        **_refused("400 401 403 404 405 413 422 429 500 503"),
                    },
                }
            },
            "/alerts/{id}/replay": {
                "post": _letter("replay", "Make a new alert of a dead letter, once."),
            },
            "/alerts/{id}/drop": {
                "post": _letter("drop", "Mark a dead letter as dealt with."),
            },
            "/healthz": {"get": _probe("healthz", "The process lives.")},
            "/readyz": {"get": _probe("readyz", "Alerts are taken and delivered, or why not.")},
            "/metrics": {"get": _probe("metrics", "Prometheus metrics.")},
            "/openapi.json": {
                "get": {
                    "operationId": "openapi",
                    "summary": "This document.",
                    "responses": {"200": _json("This document.", {"type": "object"})},
                }
            },
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _letter(verb: str, summary: str) -> Document:
    return {
        "operationId": verb,
        "summary": summary,
        "parameters": [_LETTER],
        "security": [{"token": []}],
        "requestBody": {**_BODY, "required": False},
        "responses": {
            "200": _json("Done, or done before.", _ACCEPTED),
            **_refused("400 401 404 405 409 413 422 429 500 503"),
        },
    }


def _probe(name: str, summary: str) -> Document:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": text},
            "503": {"description": "Not ready; the body says why.", "content": text},
        },
    }


def _refused(statuses: str) -> Document:
    answers: Document = {}
    for status in statuses.split():
        answers[status] = _json(_REFUSALS[status], _ERROR)
        if status in {"429", "503"}:
            answers[status]["headers"] = _RETRY_AFTER
    return answers


def _json(description: str, *schemas: Document) -> Document:
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": list(schemas)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
