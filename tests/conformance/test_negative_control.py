"""Executors that are wrong on purpose: the suite sees each mistake."""

import sys
from pathlib import Path
from typing import Final

import pytest

from alertwire.conformance import runner
from alertwire.conformance.runner import Program

WRONG: Final = Path(__file__).parent / "wrong_executor.py"
CAUGHT_BY: Final = {
    "acks_nothing": "EX-310",
    "acks_the_wrong_attempt": "EX-350",
    "beats_slowly": "EX-300",
    "always_has_slots": "EX-360",
    "forgets_closes": "EX-100/exit_long",
    "forgets_the_multiplier": "EX-100/two_accounts",
    "reads_decimals_as_floats": "EX-100/everything_set",
    "numbers_commands_anew": "EX-150",
    "expires_by_itself": "EX-120",
    "decides_after_the_first_answer": "EX-340",
    "takes_the_best_outcome": "EX-330/accepted_unknown",
    "waits_for_ever": "EX-400",
    "gives_up_early": "EX-410",
    "keeps_the_first_of_two": "EX-380",
    "voids_by_itself": "EX-390/accepted",
    "drops_unreadable_alerts": "EX-200/action_unknown",
    "guesses_newer_versions": "EX-240",
    "dies_of_garbage": "EX-210/text",
    "asks_one_gateway": "EX-500",
    "counts_answers_not_gateways": "EX-530",
    "stops_at_once": "EX-710",
    "never_reloads": "EX-740",
    "says_no_goodbye": "EX-705",
    "shows_secrets": "EX-835",
    "speaks_in_the_clear": "EX-940",
    "queues_without_a_gateway": "EX-430",
}


@pytest.mark.parametrize(("mistake", "case"), CAUGHT_BY.items())
def test_the_suite_sees_the_mistake(
    mistake: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It does fail: no need to wait as long for what does not come as one that may be busy.
    for module in ("bench", "ends", "subject"):
        monkeypatch.setattr(f"alertwire.conformance.{module}.DEADLINE_S", 12.0)
    command = (sys.executable, str(WRONG), mistake)

    (result,) = runner.run(Program(command, command), runner.chosen([case]))

    assert not result.passed
    assert "was not tried" not in result.deviation
    assert "ended with 1" not in result.deviation


def test_cases_that_are_named_are_tried_though_it_does_not_start() -> None:
    program = Program(("false",), ("false",))

    (result,) = runner.run(program, runner.chosen(["EX-030/log_level"]))

    assert "it ended with 1 and not with 78" in result.deviation
    assert "it was given 'ALERTWIRE_LOG_LEVEL=loud'" in result.deviation


def test_without_a_start_the_others_are_not_waited_for() -> None:
    program = Program(("false",), ("false",))

    first, other = runner.run(program, runner.chosen(["EX-020", "EX-110"]))

    assert "no such heartbeat" in first.deviation
    assert other.deviation == "EX-020 failed, so it was not tried"
