"""The calendar of endings as a file (iCalendar, RFC 5545): all-day events for the last day to apply and the last day.

Lines end with CR LF and are folded at 75 octets; text is escaped by 3.3.11. An event keeps its UID while its
certificate is the same, so that a calendar that reads the file again has each once.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

MEDIA = "text/calendar; charset=utf-8"
_LONGEST_LINE = 75


def calendar_file(endings: Iterable[Mapping[str, Any]], *, origin: str, now: datetime) -> bytes:
    """Return the file of what `hub/steps/certificates/renewals.py` tells."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Yizhao Hub//certificates//ZH", "CALSCALE:GREGORIAN"]
    for each in endings:
        name = f"{each['name_zh']}（{each['number']}）"
        if each["apply_by"] < each["valid_to"] and each["state"] in ("soon", "later"):
            lines += _event(each, "apply_by", f"申请延续的最后一天：{name}", origin, now)
        lines += _event(each, "valid_to", f"有效期最后一天：{name}", origin, now)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _event(each: Mapping[str, Any], what: str, summary: str, origin: str, now: datetime) -> list[str]:
    day = date.fromisoformat(each[what])
    return [
        "BEGIN:VEVENT",
        f"UID:{what}.{each['identifier']}@{origin.partition('//')[2]}",
        f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(summary)}",
        f"DESCRIPTION:{_escaped(each['body_name'])}",
        f"URL:{origin}/c/{each['reference']}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Break a line between characters, never within one."""
    parts: list[bytes] = [b""]
    for sign in line:
        octets = sign.encode()
        if len(parts[-1]) + len(octets) > _LONGEST_LINE - (len(parts) > 1):
            parts.append(b"")
        parts[-1] += octets
    return b"\r\n ".join(parts)
