"""What is done at the end of a program and after a fork. The package imports it."""

from __future__ import annotations

import atexit
import os

from ._native import after_fork, begin_exit, settle_all


@atexit.register
def _end() -> None:
    # Ctrl-C once more ends the waiting; the threads must be stopped all the same.
    try:
        settle_all()
    finally:
        begin_exit()


os.register_at_fork(after_in_child=after_fork)
