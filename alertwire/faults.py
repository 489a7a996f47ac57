"""Exceptions, sorted by who must act. A bug is none of these: it crashes the process."""


class ConfigurationError(Exception):
    """The operator must change something. The text says what; the process exits with 78."""


class JournalUnavailable(Exception):  # noqa: N818 - a state of the disk, not a mistake
    """The journal could not commit: nothing was kept, and the sender may try again."""
