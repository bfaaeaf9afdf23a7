"""Reading the content of an order: each member by its form, all that is wrong named at once, and no value repeated."""

from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import parse_day
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, parse_licence_number
from schemas.plain_text import PlainTextError, parse_plain_text

Choice = TypeVar("Choice", bound=str)
LARGEST_COUNT = 2**31 - 1
LARGEST_NUMBER = 2**53 - 1


class OrderReading:
    """Reads the members of a content and gathers what is wrong with them in `problems`."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self.problems: list[FieldProblem] = []

    def refuse_problems(self) -> None:
        if self.problems:
            raise FieldsError(tuple(self.problems))

    def problem(self, member: str, rule: str) -> None:
        self.problems.append(FieldProblem(member, rule))

    def get(self, member: str) -> Any:
        return self._content.get(member)

    def text(self, member: str, longest: int = 256) -> str:
        value = self._content.get(member)
        if not isinstance(value, str) or not value.strip():
            self.problem(member, "missing")
            return ""
        try:
            return parse_plain_text(value, max_length=longest)
        except PlainTextError as error:
            self.problem(member, error.rule)
        return ""

    def code(self, member: str, longest: int = 64) -> str:
        """Read a name by which a machine knows something: letters, digits, dot, hyphen, underscore."""
        value = self._content.get(member)
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.replace("-", "").replace(
            ".", ""
        ).replace("_", "").isalnum() or not value.isascii():  # fmt: skip
            self.problem(member, "form")
            return ""
        return value

    def whole(self, member: str, most: int = LARGEST_COUNT) -> int:
        """Read a number from 0; what counts something has to fit the columns of counts."""
        value = self._content.get(member)
        if type(value) is not int or not 0 <= value <= most:
            self.problem(member, "form")
            return 0
        return value

    def flag(self, member: str, *, default: bool = True) -> bool:
        """Read a yes or no that may be left out."""
        value = self._content.get(member, default)
        if not isinstance(value, bool):
            self.problem(member, "form")
        return value is True

    def licence_number(self, member: str, *, overrides: Container[str] = ()) -> str:
        value = self._content.get(member)
        try:
            return parse_licence_number(value if isinstance(value, str) else "", overrides=overrides)
        except LicenceNumberCheckError:
            self.problem(member, "check_digit")
        except LicenceNumberFormError:
            self.problem(member, "form")
        return ""

    def optional_licence_number(self, member: str) -> str | None:
        return self.licence_number(member) if self._content.get(member) else None

    def day(self, member: str) -> date:
        try:
            return parse_day(self._content.get(member) or "")
        except (ValueError, TypeError):
            self.problem(member, "form")
            return date.min

    def optional_day(self, member: str) -> date | None:
        return self.day(member) if self._content.get(member) else None

    def choice(self, member: str, choices: Sequence[Choice]) -> Choice | None:
        """Read one of a few words; None where it is none of them."""
        value = self._content.get(member)
        for each in choices:
            if value == each:
                return each
        self.problem(member, "choice" if value is not None else "missing")
        return None
