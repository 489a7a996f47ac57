"""Runs a verb in this process."""

from click.testing import Result
from typer.testing import CliRunner

from alertwire.cli.main import app

TOKEN = "a-token-for-the-tests-only"


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, (done.output, done.exception)
    return done
