"""Where log lines go: one JSON object a line, to standard output or a file, for operators and never as evidence.

Lines carry doors, statuses, times and trace ids. Messages of libraries are written without their arguments, which could
hold what a log must not.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog


def configure_logs(path: Path | None = None) -> None:
    """Send the hub's and the libraries' lines to `path`, or to standard output."""
    stream = sys.stdout.buffer if path is None else path.open("ab", buffering=0)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(sys.stdout if path is None else path.open("a"))
    lines.setFormatter(_LibraryLine())
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)


class _LibraryLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        line = {
            "event": str(record.msg),
            "logger": record.name,
            "kind": kind,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        return orjson.dumps(line).decode()
