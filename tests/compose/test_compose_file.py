"""The compose file and the images keep up with the repository."""

import re
import tomllib
from pathlib import Path

import pytest

from alertwire.process import EXIT_CONFIGURATION
from alertwire.settings import FILE_SUFFIX, PREFIX, Settings, secret_names

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
FOREIGN_EXECUTORS = ("executor-go", "executor-cpp")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")

NOT_IN_CONTAINERS = {
    "control_endpoint": "a socket file in the shared volume",
    "dashboard_port": "no container yet",
    "health_host": "health ports are asked from inside",
    "journal_url": "SQLite in the volume: the images have no PostgreSQL driver",
    "ledger_url": "the same",
    "reports_endpoint": "bound by the image, no container subscribes",
    "simulator_control_port": "the default",
    "simulator_port": "the default",
}


def test_every_setting_reaches_the_containers_or_is_named_here_with_a_reason() -> None:
    given = {
        name
        for name in Settings.model_fields
        if re.search(rf"\b{PREFIX}{name.upper()}\b", COMPOSE + DOCKERFILE)
    }
    silent = set(Settings.model_fields) - given - set(NOT_IN_CONTAINERS)

    assert silent == set(), "add them to x-settings in docker-compose.yml"


def test_every_variable_of_the_compose_file_and_the_images_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {PREFIX + name.upper() + FILE_SUFFIX for name in secret_names()}

    assert set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+\b", COMPOSE + DOCKERFILE)) <= known


@pytest.mark.parametrize("name", ["consumer", *FOREIGN_EXECUTORS])
def test_the_executor_is_given_no_token(name: str) -> None:
    shared = COMPOSE.partition("\nx-settings:")[2].partition("\n\n")[0]
    consumer = COMPOSE.partition(f"\n  {name}:\n")[2].partition("\n\n")[0]

    assert PREFIX in shared
    assert "*settings" in consumer
    assert not re.search(r"WEBHOOK|\*token|secrets", shared + consumer)


def test_ports_are_published_on_loopback_only() -> None:
    published = re.findall(r"^\s+ports: *(.*)$", COMPOSE, flags=re.MULTILINE)

    assert published
    assert all(ports.startswith('["127.0.0.1:') and "," not in ports for ports in published)


def test_all_that_the_wheel_is_made_of_is_in_the_build_context() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    parts = [*wheel["packages"], *wheel["force-include"]]
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert [name for name in parts if f"!{name}" not in let_in] == []


def test_every_image_has_a_service_a_health_check_and_no_root() -> None:
    targets = re.findall(r"(?ms)^FROM runtime AS (\w+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE)

    assert {name for name, _ in targets} == set(re.findall(r"target: (\w+)}", COMPOSE))
    assert all("HEALTHCHECK" in text and f'CMD ["{name}"]' in text for name, text in targets)
    assert "USER 10001:10001" in DOCKERFILE


@pytest.mark.parametrize("name", FOREIGN_EXECUTORS)
def test_an_executor_in_another_language_has_an_image_a_profile_and_a_health_check(
    name: str,
) -> None:
    image = (ROOT / "deploy" / f"{name}.Dockerfile").read_text(encoding="utf-8")
    service = COMPOSE.partition(f"\n  {name}:\n")[2].partition("\n\n")[0]

    assert f"profiles: [{name}]" in service
    assert f"dockerfile: deploy/{name}.Dockerfile" in service
    for line in ("USER 10001:10001", "HEALTHCHECK", f'ENTRYPOINT ["{name}"]'):
        assert line in image
    assert set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+\b", image)) <= {
        PREFIX + setting.upper() for setting in Settings.model_fields
    }


@pytest.mark.parametrize("name", ["alertwire.service", "alertwire-executor@.service"])
def test_a_unit_knows_its_settings_and_ends_for_good_by_a_wrong_configuration_alone(
    name: str,
) -> None:
    unit = (ROOT / "deploy" / name).read_text(encoding="utf-8")

    assert set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+\b", unit)) <= {
        PREFIX + setting.upper() for setting in Settings.model_fields
    }
    for line in ("Restart=always", f"RestartPreventExitStatus={EXIT_CONFIGURATION}"):
        assert f"\n{line}\n" in unit
