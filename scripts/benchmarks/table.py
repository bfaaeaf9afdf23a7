"""Rows of the speed table: what was measured, against which baseline and bar, and how it is printed."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_HEADINGS = ("row", "value", "cpu ms", "p50 ms", "p95 ms", "p99 ms", "errors", "baseline", "ratio", "bar", "result")


@dataclass(frozen=True, slots=True)
class Bar:
    """What must be reached: `least` or `most`, of the value, the ratio or the p99 (milliseconds)."""

    of: str
    least: float | None = None
    most: float | None = None

    def told(self) -> str:
        sign, number = ("≥", self.least) if self.least is not None else ("<", self.most)
        return f"{'' if self.of == 'value' else self.of + ' '}{sign} {number:,g}"

    def missed_by(self, row: "Row") -> float | None:
        """Return by which share the bar is missed, or None when it is met."""
        measured = {"value": row.value, "ratio": row.ratio, "p99": row.p99}[self.of]
        if measured is None:
            return 1.0
        if self.least is not None:
            return None if measured >= self.least else 1 - measured / self.least
        return None if self.most is not None and measured < self.most else measured / (self.most or 1) - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Percentiles are milliseconds; `baseline` was measured in the same run.

    `cpu` is the processor time one answer costs the measured process, in milliseconds: it moves far less than the rate
    when others use the machine. A database server's time is not in it.
    """

    name: str
    value: float
    unit: str
    cpu: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    errors: int = 0
    baseline: str = ""
    ratio: float | None = None
    bars: tuple[Bar, ...] = ()

    def result(self) -> str:
        if self.errors:
            return "errors"
        missed = [(bar, share) for bar in self.bars if (share := bar.missed_by(self)) is not None]
        if not self.bars:
            return ""
        return "; ".join(f"missed by {share:.0%} ({bar.of})" for bar, share in missed) or "met"

    def cells(self) -> list[str]:
        return [
            self.name,
            f"{_number(self.value)} {self.unit}",
            *(_number(each) if each is not None else "" for each in (self.cpu, self.p50, self.p95, self.p99)),
            str(self.errors),
            self.baseline,
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            ", ".join(bar.told() for bar in self.bars),
            self.result(),
        ]

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"result": self.result()}


def percentiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    """Return the 50th, 95th and 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.95, 0.99))
    return p50, p95, p99


def printed(rows: Sequence[Row]) -> str:
    """Return the rows as a plain text table."""
    lines = [list(_HEADINGS), *(row.cells() for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
