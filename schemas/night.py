"""The night: the hours, in Asia/Shanghai, in which what nobody waits for is worked through."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from schemas.certificate import SHANGHAI

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Night:
    """From `begins` to `ends`, over midnight where that is earlier; all day long where both are the same."""

    begins: time
    ends: time

    def day_of(self, now: datetime) -> date | None:
        """Return the day on which the night that `now` is in began; None in the daytime."""
        local = now.astimezone(SHANGHAI)
        day, at = local.date(), local.time()
        if self.begins < self.ends:
            return day if self.begins <= at < self.ends else None
        if at >= self.begins:
            return day
        return day - _DAY if at < self.ends or self.begins == self.ends else None

    def next_after(self, now: datetime) -> datetime:
        """Return when the next night begins that `now` is not in."""
        local = now.astimezone(SHANGHAI)
        begins = datetime.combine(local.date(), self.begins, SHANGHAI)
        return begins if begins > local else begins + _DAY
