"""The process's diagnostics: to `autopack.log` in the home, and never to the terminal by accident.

Standard logging and warnings write to standard error where nobody set them up. Here they are silent until a
command opens the log, and a command that opens none does so for a defect.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from pathlib import Path

from autopack.config import Settings, load_settings
from autopack.errors import AutopackError
from autopack.home import make_home
from autopack.redaction import Redactor, named_in, redactor_of

_FILE = "autopack.log"


def keep_quiet() -> None:
    """Until a log is open, nothing that libraries log is printed, and no failure to log either."""
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False


def redacted(text: str) -> str:
    """The text without the keys of this process's environment, and without what looks like one."""
    return _redactor().text(text)


def open_log(here: Settings, redactor: Redactor | None = None) -> bool:
    """Send what is logged, and what libraries warn of, to the home's log. False where it can't be written.

    Its redactor knows the keys of this process's environment, unless another one is given.
    """
    from autopack.log import configure_logging

    try:
        make_home(here.home)
        (here.home / _FILE).touch(mode=0o600)
        (here.home / _FILE).open("a").close()
    except OSError:
        return False
    configure_logging(here.home / _FILE, redactor or _redactor())
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
            with contextlib.suppress(OSError):  # its disk is full
                handler.close()


def _redactor() -> Redactor:
    try:
        also = named_in(load_settings(os.environ).policy_path)
    except AutopackError:
        also = frozenset[str]()
    return redactor_of(os.environ, also=also)


def _is_open() -> bool:
    return any(_is_log(handler) for handler in logging.getLogger().handlers)


def _is_log(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.FileHandler) and Path(handler.baseFilename).name == _FILE
