"""Column types that mean the same on SQLite and PostgreSQL: moments in UTC, and JSON kept as bytes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQLite makes only a column declared INTEGER its row id; elsewhere serials are 64 bits wide.
Serial = BigInteger().with_variant(Integer, "sqlite")


def microseconds(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970 UTC, the stored form."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(stored: int) -> datetime:
    """Return the aware UTC moment of a stored number of microseconds."""
    return _EPOCH + timedelta(microseconds=stored)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as microseconds since 1970 UTC: it sorts, compares and travels the same everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else moment_of(value)


class JsonBytes(TypeDecorator[Any]):
    """A JSON value kept as the UTF-8 bytes of its text, never reshaped by the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else orjson.dumps(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)
