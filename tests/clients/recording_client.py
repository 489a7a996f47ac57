"""IB's own Python client, 9.81 to 10.46, keeping every callback for the checks to look at."""

import inspect
import itertools
import threading
import time

from ibapi.client import EClient
from ibapi.order import Order
from ibapi.wrapper import EWrapper


class Client(EWrapper, EClient):
    """Keeps every callback as (name, arguments)."""

    def __init__(self, host, port, client_id):
        EClient.__init__(self, self)
        self.seen = []
        self.connect(host, port, client_id)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.ids = itertools.count(self.wait("nextValidId")[0])
        self.requests = itertools.count(5000)

    def wait(self, name, test=lambda *arguments: True, timeout_s=3.0):
        """Give the arguments of the first such callback."""
        ends = time.monotonic() + timeout_s
        while True:
            for seen, arguments in list(self.seen):
                if seen == name and test(*arguments):
                    return arguments
            assert time.monotonic() < ends, f"no {name}"
            time.sleep(0.005)

    def all(self, name, test=lambda *arguments: True):
        return [
            arguments for seen, arguments in list(self.seen) if seen == name and test(*arguments)
        ]

    def wait_error(self, code):
        return self.wait("error", lambda *arguments: code in arguments)

    def wait_status(self, order_id, status):
        return self.wait(
            "orderStatus", lambda number, told, *_: (number, told) == (order_id, status)
        )

    def wait_charge(self):
        for name in ("commissionReport", "commissionAndFeesReport"):
            if self.all(name):
                return self.all(name)[0][0]
        raise AssertionError("no commission")

    def place(self, contract, **terms):
        order = Order()
        order.eTradeOnly = order.firmQuoteOnly = False
        for name, value in terms.items():
            setattr(order, name, value)
        order_id = next(self.ids)
        self.placeOrder(order_id, contract, order)
        return order_id, order

    def cancel(self, order_id):
        parameters = inspect.signature(EClient.cancelOrder).parameters
        if len(parameters) == 2:
            self.cancelOrder(order_id)
        elif "orderCancel" in parameters:
            from ibapi.order_cancel import OrderCancel

            self.cancelOrder(order_id, OrderCancel())
        else:
            self.cancelOrder(order_id, "")

    def cancel_all(self):
        if len(inspect.signature(EClient.reqGlobalCancel).parameters) > 1:
            from ibapi.order_cancel import OrderCancel

            self.reqGlobalCancel(OrderCancel())
        else:
            self.reqGlobalCancel()


def recorder(name):
    def record(self, *arguments):
        self.seen.append((name, arguments))

    return record


# `historicalData` and the rest come with positional arguments in every version.
for method in (name for name in vars(EWrapper) if not name.startswith("_")):
    if not method.endswith("ProtoBuf") and method != "logAnswer":
        setattr(Client, method, recorder(method))
