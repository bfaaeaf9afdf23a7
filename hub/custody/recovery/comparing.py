"""The store held against its logs, leaf by leaf: what it knows, what is found again, what is lost.

An entry that has no place yet, because the copy of the store was made before it got one, is known by its leaf, which
the log has published: it is found again with its place. What has a place that the log gave to another act, because the
store went on after it was rolled back, has none any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.errors import StoreError
from hub.store.entry import EntryReader
from hub.store.log import FormerLog, Head, LogStore
from signing.merkle import TILE_WIDTH
from signing.tiles import read_bundle

_BEYOND = 2**62


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that the store does not know, at its index in the log of that number."""

    log: int
    index: int
    content: bytes


@dataclass(slots=True)
class Compared:
    """What came of it. Places count through all logs; `found` and `strangers` name entries by their numbers.

    `known_until` is place and moment of the last leaf that the store knows.
    """

    lost: dict[int, Leaf] = field(default_factory=dict)
    found: dict[int, int] = field(default_factory=dict)
    strangers: list[int] = field(default_factory=list)
    known_until: tuple[int, datetime] | None = None


def compare(entries: EntryReader, store: LogStore) -> Compared:
    """Hold everything that the logs have published against the entries; StoreError log_damaged."""
    compared, homeless = Compared(), entries.without_place()
    head = store.head()
    for log in _logs(store, head):
        for start, leaves in _bundles(log):
            place = log.head().first_place + start
            _compare(compared, homeless, entries, place, [Leaf(log.head().number, start, each) for each in leaves])
    beyond = entries.placed(head.first_place + head.size, _BEYOND)
    homeless |= {number: leaf for number, leaf, _ in beyond.values()}
    compared.strangers += [number for number, _, _ in beyond.values()]
    _find(compared, homeless)
    return compared


def _logs(store: LogStore, head: Head) -> Iterator[LogStore | FormerLog]:
    for number in range(1, head.number):
        log = store.former(number)
        if log is None:
            raise StoreError("log_damaged")
        yield log
    yield store


def _bundles(log: LogStore | FormerLog) -> Iterator[tuple[int, list[bytes]]]:
    head = log.head()
    full = head.size // TILE_WIDTH
    for index in range(full):
        content = log.tile(None, index)
        if content is None:
            raise StoreError("log_damaged")
        yield index * TILE_WIDTH, read_bundle(content)
    yield full * TILE_WIDTH, read_bundle(head.leaves)


def _compare(
    compared: Compared, homeless: dict[int, bytes], entries: EntryReader, place: int, leaves: Sequence[Leaf]
) -> None:
    there = entries.placed(place, place + len(leaves))
    for offset, leaf in enumerate(leaves):
        at = place + offset
        number, content, recorded_at = there.get(at, (None, None, None))
        if content == leaf.content and recorded_at is not None:
            compared.known_until = (at, recorded_at)
            continue
        compared.lost[at] = Leaf(leaf.log, leaf.index + offset, leaf.content)
        if number is not None and content is not None:
            compared.strangers.append(number)
            homeless[number] = content


def _find(compared: Compared, homeless: dict[int, bytes]) -> None:
    """Give entries without a place those at which the logs have their leaves."""
    lost = {leaf.content: place for place, leaf in compared.lost.items()}
    for number, content in homeless.items():
        if (place := lost.get(content)) is not None:
            compared.found[number] = place
            del compared.lost[place]
    compared.strangers = [number for number in compared.strangers if number not in compared.found]
