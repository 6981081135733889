"""What a client may have meant by a field that is none."""

import re
from difflib import get_close_matches

from common.database.actuals import OrderReport
from common.orders.fields import Order
from common.orders.names import KNOWN_NAMES, WISHES

LONGEST_NAME = 64
LISTS = {"actuals": '{"actuals": [ … ]}', "orders": '{"orders": [ … ]}'}
"""Bodies that are a list under one name."""
NAMES = tuple(dict.fromkeys((*KNOWN_NAMES, *Order.model_fields, *OrderReport.model_fields, *WISHES, *LISTS)))


def instead_of(name: str) -> str:
    """What to do about an unknown field: rename it where it is nearly a known one, else leave it out."""
    if name in NAMES:
        return "belongs elsewhere: into the items of the list, or nowhere in this request"
    if len(name) <= LONGEST_NAME:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if close := get_close_matches(snake, NAMES, n=1, cutoff=0.75):
            return f"is not a known field: did you mean {close[0]}?"
    return "is not a known field: leave it out"
