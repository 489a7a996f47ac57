"""The delivery protocol holds in every state, and the model notices what is missing."""

from dataclasses import fields

import pytest

from tests.model.__main__ import main
from tests.model.cases import HOLDS, LAYERS, MUTANTS, SMALL, Case
from tests.model.explorer import FAULTS, Result, explore, replay, tell
from tests.model.invariants import broken
from tests.model.safeguards import ALL, Safeguards
from tests.model.state import NEW, Model, Step, World

HAPPENS = (
    *FAULTS,
    "the door commits the alert as NEW",
    "the door commits the alert as INFLIGHT",
    "the dispatcher reads what a doubted commit kept",
    "the dispatcher commits INFLIGHT",
    "silence: the dispatcher sends it to be voided",
    "dropped: the dispatcher sends it to be voided",
    "an executor cannot plan it",
    "DECIDED ACCEPTED arrives",
    "DECIDED REJECTED arrives",
    "DECIDED EXPIRED arrives",
    "DECIDED VOIDED arrives",
    "the key is parked",
    "the gateway finds it EXPIRED on arrival",
    "the gateway commits INTENT",
    "the gateway connects: 1 is listed: ACCEPTED",
    "the gateway connects: 1 is not listed: UNKNOWN",
    "the gateway connects: 1 is EXPIRED by now",
    "the gateway connects: 1 never left: send it",
    "the gateway connects: 1 is placed again as id 2",
    "the gateway asks for the order: not listed, UNKNOWN",
    "the broker tells the gateway of the order",
    "the broker tells the gateway of its refusal",
    "the broker takes the order, late",
    "the broker refuses the order, late",
    "a person looks and resolves: placed",
    "a person looks and resolves: not placed",
)
"""What the protocol is to survive must happen in the model."""


@pytest.fixture(scope="module")
def happened() -> set[str]:
    return Case("one alert", World(keys=(0,))).explore().happened


def _told(case: Case, result: Result) -> str:
    return f"{case.name}: {result.said}\n{tell(Model(case.world), result.trace)}"


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_nothing_is_lost_doubled_disordered_or_untrue_in_any_state(case: Case) -> None:
    result = case.explore()

    assert result.said == HOLDS, _told(case, result)


@pytest.mark.parametrize("case", MUTANTS, ids=lambda case: case.name)
def test_a_removed_safeguard_is_noticed_by_a_counterexample_that_can_happen(case: Case) -> None:
    result = case.explore()

    assert result.said == case.expected, _told(case, result)
    model = Model(case.world)
    last = replay(model, result.trace)
    assert broken(model, last, {case.expected}) == {case.expected}


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.name)
def test_a_second_layer_may_be_missing(case: Case) -> None:
    result = case.explore()

    assert result.said == HOLDS, _told(case, result)


def test_every_safeguard_is_removed_by_a_mutant() -> None:
    names = {field.name for field in fields(Safeguards)}
    removed = {
        name for case in MUTANTS for name in names if not getattr(case.world.safeguards, name)
    }

    assert removed == names
    assert all(getattr(ALL, name) for name in names)


@pytest.mark.parametrize("what", HAPPENS)
def test_the_model_is_not_empty_of(what: str, happened: set[str]) -> None:
    assert any(what in step for step in happened)


def test_a_step_that_cannot_happen_is_not_replayed() -> None:
    model = Model(World(keys=(0,)))
    stolen = bytearray(model.first())
    stolen[model.journal] = NEW

    with pytest.raises(ValueError, match="cannot happen"):
        replay(model, [Step("an alert falls from the sky", 0, bytes(stolen))])


def test_an_alert_that_cannot_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a gateway that carries out, nothing is unsafe and nothing ends."""
    monkeypatch.setattr("tests.model.gateway.steps", lambda *_: None)

    assert explore(Model(World(keys=(0,)))).said == "STUCK"


def test_the_command_prints_each_case_and_the_steps_that_were_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.model.__main__.SIZES", {"small": SMALL[:1], "large": ()})
    monkeypatch.setattr("tests.model.__main__.LAYERS", LAYERS[:1])
    monkeypatch.setattr("tests.model.__main__.MUTANTS", MUTANTS[:1])

    assert main(["--size", "small", "--trace", "200"]) == 0

    printed = capsys.readouterr().out
    assert MUTANTS[0].name in printed
    assert "  1. the door answers 200 before it commits [1]" in printed
    assert "all as expected" in printed


def test_the_command_fails_when_something_is_not_as_expected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Case("claimed to hold", MUTANTS[0].world)
    monkeypatch.setattr("tests.model.__main__.SIZES", {"small": (wrong,), "large": ()})
    monkeypatch.setattr("tests.model.__main__.LAYERS", ())
    monkeypatch.setattr("tests.model.__main__.MUTANTS", ())

    assert main(["--size", "small"]) == 1

    assert "<- expected holds" in capsys.readouterr().out
