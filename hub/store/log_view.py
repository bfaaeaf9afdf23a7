"""The log under one head: its tiles, its bundles of leaves, by level and index or by the name strangers use.

A partial tile is the beginning of the one there is, so that whatever was once served under a name is the same for ever.
"""

from hub.errors import NotFoundError, StoreError
from hub.store.log import FormerLog, Head, LogStore
from signing.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from signing.tiles import cut_bundle, read_bundle, read_tile_name

Log = LogStore | FormerLog
"""A log to read: the one that is written now, or one that was closed."""


class LogView:
    """What is published at this moment, or under one `head`; a later head is another view."""

    def __init__(self, store: Log, head: Head | None = None) -> None:
        self._store = store
        self.head = head or store.head()
        # The tile of each level that was read last: a proof asks for one of a level up to eight times.
        self._last: dict[int, tuple[int, bytes]] = {}

    @property
    def size(self) -> int:
        return self.head.size

    def read(self, name: str) -> bytes:
        """Return a tile or bundle of entries by its C2SP name; NotFoundError tile_not_found beyond the head."""
        wanted = read_tile_name(name)
        if wanted is None:
            raise NotFoundError("tile_not_found")
        level, index, width = wanted
        if index * TILE_WIDTH + width > self.size >> (TILE_HEIGHT * (level or 0)):
            raise NotFoundError("tile_not_found")
        if level is None:
            return cut_bundle(self._bundle(index), width)
        return self.hashes(level, index, width)[: width * HASH_BYTES]

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """Return the hashes of a tile, at least `width`; StoreError log_damaged when a full one is missing or cut."""
        if index < self.size >> (TILE_HEIGHT * (level + 1)):
            at, found = self._last.get(level, (-1, b""))
            if at != index:
                found = self._store.tile(level, index) or b""
                if len(found) != TILE_WIDTH * HASH_BYTES:
                    raise StoreError("log_damaged")
                self._last[level] = index, found
            return found
        return self.head.edge.levels[level]

    def leaf(self, index: int) -> bytes:
        """Return the content of a leaf under the head."""
        return read_bundle(self._bundle(index // TILE_WIDTH))[index % TILE_WIDTH]

    def _bundle(self, index: int) -> bytes:
        if index == self.size // TILE_WIDTH:
            return self.head.leaves
        found = self._store.tile(None, index)
        if found is None:
            raise StoreError("log_damaged")
        return found
