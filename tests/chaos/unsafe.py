"""The negative control: a gateway without its memory, which must order twice.

Nothing is written before an order is sent, a command that was seen before is taken for a new one,
and no fence stands. The suite that counts no double order here sees nothing.
"""

import sys

from gateway.events import CommandReceived, Effects
from gateway.ledger import Ledger
from gateway.register import Register


def take_safeguards_away() -> None:
    def save_nothing(_self: Ledger, _effects: Effects) -> None: ...

    def know_nothing(_self: Register, _event: CommandReceived, _effects: Effects) -> bool:
        return False

    Ledger.save = save_nothing  # type: ignore[method-assign]
    Register.answer_known = know_nothing  # type: ignore[method-assign]
    Register.objection = lambda _self, _command: ""  # type: ignore[method-assign]


if __name__ == "__main__":
    take_safeguards_away()
    from gateway.main import main

    sys.exit(main())
