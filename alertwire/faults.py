"""Exceptions, sorted by who must act. A bug is none of these: it crashes the process."""


class ConfigurationError(Exception):
    """The operator must change something. The text says what; the process exits with 78."""


class JournalUnavailable(Exception):  # noqa: N818 - a state of the disk, not a mistake
    """The journal could not commit: nothing was kept, and the sender may try again.

    `is_in_doubt`: COMMIT itself broke, and a connection that breaks there does not tell.
    """

    def __init__(self, reason: str, *, is_in_doubt: bool = False) -> None:
        super().__init__(reason)
        self.is_in_doubt = is_in_doubt
