"""The form of `.env`: the executors in Go and C++ have the same tests."""

from pathlib import Path

import pytest

from alertwire.environment import read_dotenv, read_environment
from alertwire.faults import ConfigurationError


def test_each_form_of_a_line_is_read() -> None:
    read = read_dotenv(
        "# a comment\n"
        "A=1\n"
        "export B = two words  # and a comment\r\n"
        "C='${A}'\n"
        'D="line\\n${A}${NOT_SET:-x}${NOT_SET}" # x\n'
        "E=${OUTER}/${A}$A${1}\n"
        "F= # nothing\n"
        "G=a#b\n"
        "H=it's",
        {"OUTER": "o"},
    )

    assert read == {
        "A": "1",
        "B": "two words",
        "C": "${A}",
        "D": "line\n1x",
        "E": "o/1$A${1}",
        "F": "",
        "G": "a#b",
        "H": "it's",
    }


@pytest.mark.parametrize(
    "line", ["ALERTWIRE_HOME", "A B=1", "A='open", "A='x'y", "A: 1", "1A=1", "=1"]
)
def test_a_line_that_is_no_assignment_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\.env: line 2 "):
        read_dotenv(f"B=1\n{line}\n", {})


def test_the_environment_goes_before_the_file_unless_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRST", "outer")
    monkeypatch.setenv("SECOND", "")
    Path(".env").write_text("FIRST=inner\nSECOND=inner\n", encoding="utf-8-sig")

    given = read_environment()

    assert (given["FIRST"], given["SECOND"]) == ("outer", "inner")
