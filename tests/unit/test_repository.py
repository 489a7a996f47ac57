"""The repository itself: what must stay true of files, documents and settings."""

import re
import subprocess
from pathlib import Path

import pytest

from alertwire.cli.main import app
from alertwire.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PROCESSES = ("producer", "consumer", "gateway", "simulator")
LINES_MAX = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}


def tracked(*endings: str) -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in found if name.endswith(endings) and (ROOT / name).is_file()]


def code() -> list[Path]:
    return [path for path in tracked(".py", ".c", ".go", ".cpp") if "alertwire/v1" not in str(path)]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_no_file_of_code_is_longer_than_the_limit() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in code()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LINES_MAX
    }

    assert long == {}


def test_files_are_named_after_what_they_hold() -> None:
    assert [path for path in code() if path.stem in NAMES_THAT_SAY_NOTHING] == []


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_a_folder_a_module_a_verb_and_in_the_documents(process: str) -> None:
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}

    assert (ROOT / process / "__main__.py").exists()
    assert process in verbs
    assert f"`{process}`" in read("docs/architecture.md")
    assert re.search(rf"^  {process}:", read("docker-compose.yml"), re.MULTILINE)


@pytest.mark.parametrize("name", [PREFIX + field.upper() for field in Settings.model_fields])
def test_a_setting_is_documented(name: str) -> None:
    assert f"| `{name}` |" in read("docs/configuration.md")


def test_every_metric_is_in_the_documents() -> None:
    documents = read("docs/operations.md") + read("consumer/README.md")
    for folder in ("producer", "consumer", "gateway", "alertwire"):
        for file in (ROOT / folder).rglob("*.py"):
            code = file.read_text()
            for name in re.findall(r'(?:Counter|Gauge|Histogram)\(\s*"(alertwire_\w+)"', code):
                assert re.search(rf"{name}(_total)?\b", documents), f"{name} of {file}"


def test_every_verb_has_help() -> None:
    assert [c.name for c in app.registered_commands if not (c.callback.__doc__ or c.help)] == []


def test_the_readme_names_the_commands_that_ci_and_newcomers_run() -> None:
    readme, ci = read("README.md"), read(".ci/run")

    assert "$ make demo" in readme
    assert "$ make test" in readme
    assert ci.rstrip().endswith("make test")


def test_the_documents_link_only_to_what_is_there() -> None:
    link = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked(".md")
        for target in link.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_nothing_is_left_undone_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    here = Path(__file__)

    assert [p for p in code() if p != here and marks.search(p.read_text(encoding="utf-8"))] == []


def test_the_lock_files_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in read(name)
