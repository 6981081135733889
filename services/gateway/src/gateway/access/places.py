"""Places for what is in progress: so many in all, and no client takes all of them."""


class Places:
    """Counts what was admitted and has not ended.

    most: places in all. share: of one client at most. floor: that many each client may have even when all are taken, so
    that none keeps another out.
    """

    def __init__(self, most: int, share: int, floor: int = 0) -> None:
        self._most = most
        self._share = share
        self._floor = floor
        self._of: dict[str, int] = {}
        self.taken = 0

    def take(self, client: str, places: int = 1) -> bool:
        """Take places for a client; False, and none is taken, where there are too few."""
        mine = self._of.get(client, 0) + places
        if mine > self._floor and (mine > self._share or self.taken + places > self._most):
            return False
        self._of[client] = mine
        self.taken += places
        return True

    def leave(self, client: str, places: int = 1) -> None:
        """Give places back."""
        self.taken -= places
        mine = self._of[client] = self._of[client] - places
        if not mine:
            del self._of[client]

    def full(self, client: str) -> bool:
        """Whether it is the client's own share that is used up, where it is not all there is."""
        return self._share < self._most and self._of.get(client, 0) >= self._share
