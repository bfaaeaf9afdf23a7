"""The legal and technical terms that flows keep to; their values and sources stand in `hub/settings.py`."""

from dataclasses import dataclass
from datetime import timedelta

from schemas.night import Night


@dataclass(frozen=True, slots=True)
class Terms:
    """Legal and technical terms, each a setting with its source in `hub/settings.py`."""

    statement_age: timedelta
    clock_skew: timedelta
    lease: timedelta
    idempotency_term: timedelta
    copy_term: timedelta
    reservation_term: timedelta
    cert_status_age: timedelta
    misses_a_day: int
    application_age: timedelta
    download_term: timedelta
    tell_days: int
    presentation_term: timedelta
    code_misses: int
    code_misses_a_day: int
    request_term: timedelta
    deferral_days: int
    night: Night
    batch_rows: int
    batch_term: timedelta
    pulls_a_day_system: int
    pulls_a_day_officer: int
    review_share: float
    review_grace_days: int
    approval_age: timedelta
    session_idle: timedelta
    session_term: timedelta
    shift_term: timedelta
    sign_in_misses: int
    lockout_term: timedelta
    account_code_term: timedelta
    parking_term: timedelta
