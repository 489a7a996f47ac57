"""Server versions: what is offered, what is agreed, and what each version adds to a message.

TWS API: the client offers a range `vMIN..MAX`, the server answers with the highest version both
know. From 201 on message ids are binary and payloads are protobuf, which this server never offers.
"""

from typing import Final

OLDEST: Final = 157
NEWEST: Final = 178

DURATION: Final = 158
DURATION_IN_OPEN_ORDER: Final = 159
POST_TO_ATS: Final = 160
AUTO_CANCEL_PARENT: Final = 162
SIZE_MIN_TICK: Final = 163
SIZE_RULES: Final = 164
ADVANCED_REJECT: Final = 166
MANUAL_ORDER_TIME: Final = 169
PEG_BEST_AND_MID: Final = 170
ZONED_TIMES: Final = 174
ISSUER_ID: Final = 176
NO_FA_PROFILE: Final = 177
PENDING_PRICE_REVISION: Final = 178

# The official decoder reads `duration` in openOrder from 158, ib_insync from 159: at exactly 158
# one of them loses its place, so 157 is agreed instead.
_DISPUTED: Final = 158


def agree(server_version: int, client_oldest: int, client_newest: int) -> int | None:
    """Highest version both sides know, or None when there is none."""
    version = min(server_version, client_newest)
    if version == _DISPUTED:
        version = OLDEST
    if version < max(OLDEST, client_oldest):
        return None
    return version
