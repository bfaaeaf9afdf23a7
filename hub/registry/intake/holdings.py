"""What the registry holds under the numbers and devices of some rows; in a dry run, as the rows before leave it."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import orjson
from sqlalchemy import Connection

from hub.registry.intake.decision import Held
from hub.store.certificate import CertificateReader, DeviceKey, NumberKey, StoredChain
from hub.store.parties import PartyReader
from schemas.certificate import Certificate
from schemas.order import Order

_Key = TypeVar("_Key", bound=tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Holdings:
    """Held versions by the number or device they are known by, and by the identifier of any version of their chain."""

    by_number: Mapping[NumberKey, Held]
    by_device: Mapping[DeviceKey, Held]
    by_identifier: Mapping[str, Held]


class Lineages:
    """Which bodies each issuing body succeeds, itself first; read once per run."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, body: str, connection: Connection) -> tuple[str, ...]:
        if body not in self._known:
            found, waiting = [body], [body]
            while waiting:
                earlier = PartyReader(connection).predecessors(waiting.pop())
                waiting += [each for each in earlier if each not in found]
                found += [each for each in earlier if each not in found]
            self._known[body] = tuple(found)
        return self._known[body]


def read_holdings(
    connection: Connection,
    keys: Iterable[NumberKey],
    devices: Iterable[DeviceKey],
    replaced: Iterable[str],
    lineages: Lineages,
) -> Holdings:
    """Return what is held under `keys`, or the same number of a body that was succeeded, of devices, and replaced."""
    reader = CertificateReader(connection)
    asked = {key: [(body, *key[1:]) for body in lineages.of(key[0], connection)] for key in set(keys)}
    chains = reader.chains_by_number(sorted({each for spellings in asked.values() for each in spellings}))
    versions = reader.by_identifier(sorted(set(replaced)))
    chains_of_versions = reader.chains(sorted({each.chain for each in versions.values()}))
    chains_of_devices = reader.device_chains(sorted(set(devices)))
    known = [*chains.values(), *chains_of_versions.values(), *chains_of_devices.values()]
    currents = reader.by_serial(sorted({each.current for each in known if each.current is not None}))
    by_number = {
        key: _held(next(chains[each] for each in spellings if each in chains), currents)
        for key, spellings in asked.items()
        if any(each in chains for each in spellings)
    }
    by_identifier = {name: _held(chains_of_versions[each.chain], currents) for name, each in versions.items()}
    by_device = {
        key: _held(chain, currents)
        for key, chain in chains_of_devices.items()
        # A mistake that was taken back is about no device any more.
        if chain.current is not None or chain.open is not None
    }
    return Holdings(by_number, by_device, by_identifier)


class Rehearsal:
    """What a dry run would have made so far: digests and identifiers only, on disk without a name, for any length."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._kept.execute("CREATE TABLE held (name TEXT PRIMARY KEY, members BLOB)")
        self._made = 0

    def seen_by(self, holdings: Holdings, keys: Iterable[NumberKey], devices: Iterable[DeviceKey]) -> Holdings:
        """Return the holdings as they would be by now."""
        by_number = self._known(holdings.by_number, keys)
        by_device = self._known(holdings.by_device, devices)
        by_identifier = {name: self._now(held) for name, held in holdings.by_identifier.items()}
        return Holdings(by_number, by_device, by_identifier)

    def is_first(self, name: str, row: int) -> bool:
        """Say whether a row is the first to bear a name; asked again of the same row it says the same."""
        key = f"name/{name}"
        self._kept.execute("INSERT OR IGNORE INTO held VALUES (?, ?)", (key, row))
        return bool(self._kept.execute("SELECT members = ? FROM held WHERE name = ?", (row, key)).fetchone()[0])

    def make(
        self,
        order: Order,
        key: NumberKey,
        device: DeviceKey | None,
        held: Held | None,
        digest: str,
        *,
        is_collected: bool,
    ) -> None:
        """Note the version that a row would make: of a new chain, or after `held`."""
        self._made += 1
        made = Held(
            chain=held.chain if held else -self._made,
            licence_number=order.licence_number,
            certificate_type=order.certificate_type.code,
            issuing_body=order.issuing_body,
            identifier=f"rehearsed.{self._made}",
            serial=0,
            facts_digest=digest,
            decided_on=order.decided_on,
            has_ended=False,
            is_collected=is_collected,
            is_busy=False,
            number=order.certificate_number,
        )
        self._put(f"chain/{made.chain}", made)
        for each in (key, device):
            if each is not None:
                self._put(_name(each), made)

    def close(self) -> None:
        self._kept.close()

    def _known(self, held: Mapping[_Key, Held], keys: Iterable[_Key]) -> dict[_Key, Held]:
        known = {key: self._now(each) for key, each in held.items()}
        for key in set(keys) - known.keys():
            found = self._get(_name(key))
            if found is not None:
                known[key] = found
        return known

    def _now(self, held: Held) -> Held:
        return self._get(f"chain/{held.chain}") or held

    def _get(self, name: str) -> Held | None:
        row = self._kept.execute("SELECT members FROM held WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        found = Held.from_members(orjson.loads(row[0]))
        if name.startswith("chain/"):
            return found
        # A later row may have changed the chain under another of its numbers.
        return self._get(f"chain/{found.chain}")

    def _put(self, name: str, held: Held) -> None:
        self._kept.execute("INSERT OR REPLACE INTO held VALUES (?, ?)", (name, orjson.dumps(held.members())))


def _name(key: tuple[str, ...]) -> str:
    return "/".join(key)


def _held(chain: StoredChain, currents: Mapping[int, Certificate]) -> Held:
    if chain.current is None:
        return Held(
            chain.chain, chain.licence_number, chain.certificate_type, chain.issuing_body,
            identifier="", serial=0, facts_digest="", decided_on=date.min,
            has_ended=False, is_collected=False, is_busy=True, number=chain.number,
        )  # fmt: skip
    return Held.of(currents[chain.current], number=chain.number, is_busy=chain.open is not None)
