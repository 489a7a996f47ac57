"""docs/simulator.md says what is so: its verbs, examples, options, snippets and scenario."""

import inspect
import json
import re
import tomllib

import ib_insync as ibi
import pytest

from simulator.command import main
from simulator.scenario import parse_scenario
from simulator.verbs import VERBS
from tests.clients.test_clients import CASES
from tests.simulator.processes import ROOT, started_simulator

PAGE = (ROOT / "docs" / "simulator.md").read_text()
EXAMPLES = re.findall(r"`(\{\"verb\": [^`…]*\})`", PAGE)


def test_every_verb_is_documented_and_no_other():
    documented = set(re.findall(r"^\| `(\w+)` \| `\{", PAGE, re.MULTILINE))

    assert documented == set(VERBS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_a_verb_is_carried_out(desk, aapl, order, control, example):
    desk.place(aapl, order("BUY", 1, "MKT", orderRef="first"), "Filled")
    call = json.loads(example)
    answer = control.call(call.pop("verb"), **call)

    assert isinstance(answer, dict)


def test_every_option_is_documented_with_its_variable_and_default():
    for name, parameter in inspect.signature(main).parameters.items():
        option = f"--{name.replace('_', '-')}"
        (row,) = re.findall(rf"^\| `{option}` \|.*$", PAGE, re.MULTILINE)
        variable = parameter.annotation.__metadata__[0].envvar
        assert variable is None or f"`{variable}`" in row
        default = parameter.default
        if default and not isinstance(default, str):
            assert f"| {default:g} |" in row or f"| {default} |" in row


def test_the_ib_insync_snippet_runs(capsys):
    (snippet,) = re.findall(r"```python\n(from ib_insync.*?)```", PAGE, re.DOTALL)
    with started_simulator("--tick-interval", "0") as simulator:
        names = {}
        exec(snippet.replace("4102", str(simulator.port)), names)
        names["ib"].disconnect()
        names["ib"].sleep(0.03)

    # Apple begins at 270.50 on every seed.
    assert capsys.readouterr().out.startswith("270.51 [Position(")


def test_ib_insync_and_ibapi_ports_are_the_default():
    assert inspect.signature(main).parameters["port"].default == 4102
    assert PAGE.count('"127.0.0.1", 4102, ') == 2


def test_the_scenario_is_one():
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    steps = parse_scenario(tomllib.loads(text)["step"]).steps

    assert [step.verb for step in steps] == ["set_price", "connectivity", "connectivity", "drop"]


def test_the_clients_named_are_those_tested():
    for environment, *_, count in CASES:
        name, _, version = (environment or "ib_insync").partition("-")
        rows = [
            line
            for line in PAGE.splitlines()
            if line.startswith("|") and name in line and version in line and str(count) in line
        ]
        assert rows, environment


def test_loose_contracts_have_the_matches_the_page_tells(desk):
    assert len(desk.ib.reqContractDetails(ibi.Stock("AAPL", "SMART"))) == 3
