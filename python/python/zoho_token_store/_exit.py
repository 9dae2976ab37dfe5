"""At the end of a program, refreshes whose callers were interrupted are waited for."""

from __future__ import annotations

import atexit
import weakref
from typing import Any

# Objects with a native store in `_native`.
_owners: weakref.WeakSet[Any] = weakref.WeakSet()


def settle_at_exit(owner: Any) -> None:
    """Wait for the refreshes of this object's native store before the interpreter ends."""
    _owners.add(owner)


@atexit.register
def _settle() -> None:
    for owner in list(_owners):
        owner._native.settle()
