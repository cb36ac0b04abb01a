"""Diagnostic logging: structlog events with fields, to one file, never to the terminal of a run.

What a user should see comes from the feed and the views. The log is for the day something is odd:
`AUTOPACK_HOME/autopack.log`, one JSON object a line, with the fields of its event; inside a
run's segment also `run_id` and `epoch`. Keys are redacted in the finished line: also those in tracebacks, and
in what libraries say.
"""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path
from typing import Any

from autopack.redaction import Redactor

_LOG_BYTES = 5_000_000


def configure_logging(path: Path, redactor: Redactor) -> None:
    """Send every log event, ours and the libraries', as JSON lines to `path` (rotated at 5 MB, two kept).

    Called once at a door of the application. Raises `OSError` where the file can't be opened.
    """
    import structlog

    def redacted(_logger: object, _method: str, line: Any) -> Any:
        return redactor.text(line)

    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, delay=True)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso")],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
                redacted,
            ],
        )
    )
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("autopack").setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
