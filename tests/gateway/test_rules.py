"""What alertwire.toml says, looked up."""

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import ROLL_DAYS
from gateway.rules import Rules


def test_what_the_file_does_not_name_has_every_default():
    rules = Rules()

    assert rules.route("swing") == Route()
    assert rules.future("ES").roll_days == ROLL_DAYS


def test_a_file_that_was_read_again_is_in_force_at_once():
    rules = Rules()
    rules.adopt(ConfigurationFile.model_validate({"futures": {"CL": {"roll_days": 3}}}))

    assert rules.future("CL").roll_days == 3
    assert rules.future("ES").roll_days == ROLL_DAYS
