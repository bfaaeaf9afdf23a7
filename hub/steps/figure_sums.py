"""What a month's or a year's sheet adds up of the recorded rows; the audit adds it up once more."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from hub.store.figure_sheet import FigureSheetReader
from schemas.figures import PARTS, Period
from signing.jws import unverified_payload

Sums = dict[str, Counter[str]]
"""Line → value's name → value."""


def add_up(period: Period, reader: FigureSheetReader, departments: Mapping[str, str]) -> dict[str, Sums]:
    """Add up what happened in a period: part → line → values. What only the present knows is not among it."""
    sums: dict[str, Sums] = {code: defaultdict(Counter) for code in PARTS}
    span = period.since, period.before
    areas = reader.areas()
    for body, code, is_collected, count in reader.issued(*span):
        name = "collected" if is_collected else "issued"
        sums["items"][code][name] += count
        sums["seals"]["collected" if is_collected else "certificate"]["count"] += count
        if not is_collected:
            sums["departments"][departments.get(body, body)]["issued"] += count
            sums["areas"][areas.get(body, "")]["issued"] += count
    for body, count in reader.changed(*span):
        sums["departments"][departments.get(body, body)]["changed"] += count
        sums["areas"][areas.get(body, "")]["changed"] += count
    for requester, item, is_allowed, count in reader.decided(*span):
        _add(sums, requester, item, {"allowed" if is_allowed else "refused": count})
    for requester, item, note in reader.delivered(*span):
        _add(sums, requester, item, {"delivered": 1, "spared": _presented(note)})
        sums["seals"]["delivery_note"]["count"] += 1
    for of, count in reader.sealed(*span).items():
        sums["seals"][of]["count"] += count
    acts, receipted = reader.entered(*span)
    sums["receipts"]["all"] += Counter(acts=acts, receipted=receipted)
    return sums


def _add(sums: Mapping[str, Sums], requester: str, item: str, values: Mapping[str, int]) -> None:
    # A pull without an item is still a department's.
    for part, of in (("departments", requester), ("use", item)):
        if of:
            sums[part][of].update(values)


def _presented(note: str) -> int:
    """Return how many certificates a delivery note names; none of one that is past its term."""
    return len(unverified_payload(note)["presentations"]) if note else 0
