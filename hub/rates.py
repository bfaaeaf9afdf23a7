"""How many single orders an issuing body gave in the last hour; above a rate a second officer has to sign.

Counted in each process by itself: with n processes a stolen key gets n times as far before it is stopped.
"""

import threading
from collections import deque
from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


class Rates:
    """Counts the single orders of each issuing body in the hour that ends now; above `most` a second officer signs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._orders: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def is_used_up(self, issuing_body: str, now: datetime) -> bool:
        """Say whether one more order is above the body's rate, without counting any."""
        with self._lock:
            return sum(now - each < _HOUR for each in self._orders.get(issuing_body, ())) >= self._most

    def count(self, issuing_body: str, now: datetime) -> bool:
        """Count one order; say whether the body is still within its rate."""
        with self._lock:
            orders = self._orders.setdefault(issuing_body, deque(maxlen=self._most + 1))
            while orders and now - orders[0] >= _HOUR:
                orders.popleft()
            orders.append(now)
            return len(orders) <= self._most
