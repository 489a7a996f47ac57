"""The table of message codes."""

from pathlib import Path

import pytest

from alertwire.settings import Settings
from alertwire.wire.report import OrderState
from gateway.causes import Phase, explain
from gateway.errors import CODES, Meaning, is_no_contract, meaning, render
from gateway.orders import ENDED
from tests.gateway.bench import refused
from tests.gateway.build import command


@pytest.mark.parametrize(
    "code", [399, 404, 10349, 103, 104, 105, 102, 481, *range(2100, 2200, 7), 1100, 1102]
)
def test_warnings_never_end_an_order(code):
    assert meaning(code) not in {Meaning.REFUSED, Meaning.CANCELLED}


@pytest.mark.parametrize("code", [0, 7, 999, 19999])
def test_unknown_codes_prove_nothing(code):
    assert meaning(code) is Meaning.INFORMATION


@pytest.mark.parametrize("code", [107, 110, 200, 201, 203, 321, 383, 434, 435, 463, 10243])
def test_definite_refusals(code):
    assert meaning(code) is Meaning.REFUSED


@pytest.mark.parametrize("code", [135, 136, 161, 10147, 10148])
def test_a_refused_cancel_is_no_refused_order(code):
    assert meaning(code) is Meaning.CANCEL_REFUSED


def test_every_code_says_what_it_is():
    assert all(text for _, text in CODES.values())


def test_a_contract_that_does_not_exist_is_no_retry():
    assert is_no_contract(200)
    assert not is_no_contract(504)


def test_a_client_id_in_use_is_no_reason_to_change_ours():
    said = explain(
        OSError("Unable to connect as the client id is already in use"), Phase.LOGIN, Settings()
    )

    assert "Keep ALERTWIRE_IB_CLIENT_ID" in said
    assert "set ALERTWIRE_IB_CLIENT_ID" not in said


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_does_to_a_new_order_what_its_line_says(bench, code):
    bench.send(buy := command(quantity=10))

    bench.turn(refused(1, code, "said by the broker"))

    state = bench.state(buy.command_id)
    match meaning(code):
        case Meaning.REFUSED:
            # A validation error may be about a cancel; nobody wants this one cancelled.
            assert state is OrderState.REJECTED
        case Meaning.CANCELLED:
            assert state is OrderState.CANCELLED
        case _:
            assert state not in ENDED


@pytest.mark.parametrize("code", [0, 7, 999, 19999, *sorted(CODES)])
def test_no_code_but_a_cancellation_or_refusal_ends_an_order_that_works(bench, code):
    bench.send(buy := command(quantity=10))
    bench.acknowledge(1)

    bench.turn(refused(1, code, "said by the broker"))

    is_over = bench.state(buy.command_id) in ENDED
    assert not is_over or meaning(code) in {Meaning.REFUSED, Meaning.CANCELLED}


def test_the_page_of_the_codes_is_the_table():
    page = Path(__file__).parents[2] / "docs" / "errors.md"

    assert page.read_text(encoding="utf-8") == render(), "python -m gateway.errors > docs/errors.md"
