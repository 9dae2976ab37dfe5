"""What is done at the end of a program and after a fork. The package imports it."""

from __future__ import annotations

import atexit
import os
import sys

from ._native import after_fork, begin_exit, settle_all

# Type checkers take it for true. The module `typing` takes longer to import than everything else here.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any


@atexit.register
def _end() -> None:
    # Ctrl-C once more ends the waiting; the threads must be stopped all the same.
    try:
        settle_all()
    finally:
        begin_exit()


def _after_fork() -> None:
    after_fork()
    _register_in_multiprocessing()


_is_registered = False


def _register_in_multiprocessing() -> None:
    """Settle at the end of a process of ``multiprocessing`` too, which runs no functions of ``atexit``."""
    global _is_registered
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if _is_registered or util is None or process is None:
        return
    _is_registered = True
    if process.parent_process() is not None:
        _settle_at_the_end(util)
    # A process that begins forgets what is to be done at its end, and then calls this.
    util.register_after_fork(util, _settle_at_the_end)


def _settle_at_the_end(util: Any) -> None:
    util.Finalize(None, settle_all, exitpriority=0)


_register_in_multiprocessing()
os.register_at_fork(after_in_child=_after_fork)
