"""Reading a TOML file of ours, table by table, every key checked.

A file is ours, not a stranger's, but a slip in it must stop the hub at start with words that say where: file, field
(with its place, `fields[3].pattern`) and rule.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=str)


class TomlFileError(ValueError):
    """A file is wrong: which file, which field of it, which rule. Each kind of file has a kind of its own."""

    def __init__(self, file: str, field: str, rule: str) -> None:
        super().__init__(f"{file}: {field}: {rule}")
        self.file = file
        self.field = field
        self.rule = rule


class TomlTable:
    """One table of a file; every key is taken once, what is left at the end is unknown."""

    def __init__(self, file: str, place: str, content: Mapping[str, Any], error: type[TomlFileError]) -> None:
        self._file, self._place, self._left, self._error = file, place, dict(content), error

    def fault(self, key: str, rule: str) -> TomlFileError:
        return self._error(self._file, f"{self._place}{key}", rule)

    def end(self) -> None:
        for key in self._left:
            raise self.fault(key, "unknown key")

    def text(self, key: str, form: re.Pattern[str] | None = None) -> str:
        value = self._take(key, str)
        if not value.strip() or (form is not None and not form.fullmatch(value)):
            raise self.fault(key, "empty, or not of its form")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._left else None

    def texts(self, key: str, form: re.Pattern[str] | None = None) -> tuple[str, ...]:
        values = self._take(key, list)
        for value in values:
            if not isinstance(value, str) or not value.strip() or (form is not None and not form.fullmatch(value)):
                raise self.fault(key, "holds what is empty, no text, or not of its form")
        if len(set(values)) != len(values):
            raise self.fault(key, "holds a text twice")
        return tuple(values)

    def whole(self, key: str) -> int:
        value = self._take(key, int)
        if value < 1:
            raise self.fault(key, "not a positive whole number")
        return int(value)

    def holds(self, key: str) -> bool:
        """Say whether a key is there and not yet taken."""
        return key in self._left

    def optional_whole(self, key: str) -> int | None:
        return self.whole(key) if key in self._left else None

    def day(self, key: str) -> date:
        day: date = self._take(key, date)
        return day

    def days(self, key: str) -> tuple[date, ...]:
        days = self._take(key, list)
        if not all(type(day) is date for day in days):
            raise self.fault(key, "holds what is no day")
        return tuple(days)

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool))

    def one_of(self, key: str, choices: Iterable[Choice]) -> Choice:
        return self._chosen(key, self.text(key), choices)

    def optional_one_of(self, key: str, choices: Iterable[Choice]) -> Choice | None:
        return self.one_of(key, choices) if key in self._left else None

    def some_of(self, key: str, choices: Iterable[Choice]) -> frozenset[Choice]:
        return frozenset(self._chosen(key, text, choices) for text in self.texts(key))

    def pattern(self, key: str) -> str:
        text = self.text(key)
        try:
            re.compile(text)
        except re.error:
            raise self.fault(key, "not a regular expression") from None
        return text

    def optional_pattern(self, key: str) -> str | None:
        return self.pattern(key) if key in self._left else None

    def table(self, key: str) -> "TomlTable":
        return self._within(f"{key}.", self._take(key, dict))

    def tables(self, key: str) -> list["TomlTable"]:
        tables = self._take(key, list)
        if not tables or not all(isinstance(each, dict) for each in tables):
            raise self.fault(key, "not a list of tables")
        return [self._within(f"{key}[{place}].", each) for place, each in enumerate(tables, 1)]

    def _within(self, place: str, content: Mapping[str, Any]) -> "TomlTable":
        return TomlTable(self._file, f"{self._place}{place}", content, self._error)

    def _take(self, key: str, kind: type) -> Any:
        if key not in self._left:
            raise self.fault(key, "missing key")
        value = self._left.pop(key)
        if type(value) is not kind:
            raise self.fault(key, f"not of the kind {kind.__name__}")
        return value

    def _chosen(self, key: str, text: str, choices: Iterable[Choice]) -> Choice:
        for choice in choices:
            if choice == text:
                return choice
        raise self.fault(key, f"none of {', '.join(choices)}")


def read_toml(file: str, content: bytes, error: type[TomlFileError]) -> TomlTable:
    """Return the content of a file as its outermost table; what is wrong with it is raised as `error`."""
    try:
        parsed = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise error(file, "file", "not TOML in UTF-8") from fault
    return TomlTable(file, "", parsed, error)
