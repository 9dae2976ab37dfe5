"""What is done at the end of a program and after a fork."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Any

from ._native import after_fork, begin_exit

# Objects with a native store in `_native`.
_owners: weakref.WeakSet[Any] = weakref.WeakSet()


def settle_at_exit(owner: Any) -> None:
    """Wait for the refreshes of this object's native store before the interpreter ends."""
    _owners.add(owner)


@atexit.register
def _end() -> None:
    for owner in list(_owners):
        owner._native.settle()
    begin_exit()


os.register_at_fork(after_in_child=after_fork)
