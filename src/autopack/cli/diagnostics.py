"""The process's diagnostics: to `autopack.log` in the home, and never to the terminal by accident.

Standard logging and warnings write to standard error where nobody set them up. Here they are silent until a
command opens the log, and a command that opens none does so for a defect.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from autopack.config import Settings, load_settings

_FILE = "autopack.log"


def keep_quiet() -> None:
    """Until a log is open, nothing that libraries log is printed, and no failure to log either."""
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False


def open_log(here: Settings) -> bool:
    """Send what is logged, and what libraries warn of, to the home's log. False where it can't be written."""
    from autopack.log import configure_logging

    try:
        here.home.mkdir(parents=True, exist_ok=True)
        (here.home / _FILE).open("a").close()
    except OSError:
        return False
    configure_logging(here.home / _FILE)
    logging.captureWarnings(capture=True)
    # Python drops it unless told otherwise: an SDK's word on a model that a provider will withdraw.
    warnings.filterwarnings("default", message="The model .* is deprecated", category=DeprecationWarning)
    return True


def record_defect(error: Exception) -> bool:
    """Log a defect with its traceback, in a log that is opened for it where need be. False without one."""
    if not _is_open():
        try:
            here = load_settings(os.environ)
        except Exception:  # what is defective may be just this
            return False
        if not open_log(here):
            return False
    logging.getLogger("autopack").error("unforeseen", exc_info=error)
    return True


def close_log() -> None:
    """Leave the process as it was found."""
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = True
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler) is logging.NullHandler or _is_log(handler):
            root.removeHandler(handler)
            handler.close()


def _is_open() -> bool:
    return any(_is_log(handler) for handler in logging.getLogger().handlers)


def _is_log(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.FileHandler) and Path(handler.baseFilename).name == _FILE
