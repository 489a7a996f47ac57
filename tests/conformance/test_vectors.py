"""The golden messages and plans of proto/vectors, against the Python codec and plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from alertwire.wire import alert, codec, command, control, delivery, report
from tests.conformance import vectors

KINDS = {
    kind.__name__: kind
    for kind in (
        alert.Alert,
        delivery.Delivery,
        delivery.Ack,
        command.OrderCommand,
        command.CommandReply,
        report.OrderReport,
        control.ControlRequest,
        control.ControlReply,
    )
}


def paths(folder: str, ending: str = "json") -> list[Any]:
    found = sorted((vectors.FOLDER / folder).glob(f"*.{ending}"))
    assert found, f"no vectors in {folder}: run make generate"
    return [pytest.param(path, id=path.stem) for path in found]


@pytest.mark.parametrize("path", paths("messages"))
def test_a_golden_message_reads_the_same_from_json_and_from_bytes(path: Path) -> None:
    vector = json.loads(path.read_text())
    kind = KINDS[vector["message"]]
    frame = path.with_suffix(".binpb").read_bytes()

    value = codec.decode(kind, frame)

    assert codec.from_json(kind, vector["json"]) == value
    assert codec.to_json(value) == vector["json"]
    assert codec.decode(kind, codec.encode(value)) == value


@pytest.mark.parametrize("path", paths("plans"))
def test_a_golden_plan_is_made_from_its_alert_and_route(path: Path) -> None:
    vector = json.loads(path.read_text())
    about = codec.from_json(delivery.Delivery, vector["delivery"])

    made = vectors.planned_json(
        about, vectors.routes_of(vector["routes"], vector.get("known_gateways", ()))
    )

    expected = {
        name: vector[name] for name in ("commands", "gateways", "refused") if name in vector
    }
    assert made == expected


@pytest.mark.parametrize("path", paths("invalid"))
def test_an_invalid_frame_is_refused_with_a_reason(path: Path) -> None:
    vector = json.loads(path.read_text())

    with pytest.raises(codec.DecodeError) as refusal:
        codec.decode(KINDS[vector["message"]], bytes.fromhex(vector["hex"]))

    assert str(refusal.value)


def test_every_message_on_a_socket_has_a_golden_message() -> None:
    assert {type(value) for value in vectors.MESSAGES.values()} == set(KINDS.values())


def test_the_vectors_have_not_drifted_from_their_generator() -> None:
    written = {
        str(path.relative_to(vectors.FOLDER)): path.read_bytes()
        for folder in ("messages", "plans", "invalid")
        for path in (vectors.FOLDER / folder).iterdir()
    }

    assert written == vectors.files(), "run make generate"
