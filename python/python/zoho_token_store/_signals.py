"""What the handlers of signals raise, and how it is told from other exceptions.

The native module calls this where the program's logging has raised something: Python runs the handlers of
signals in the midst of any code of the main thread.
"""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING, Any, Optional, Set

if TYPE_CHECKING:
    from types import CodeType, TracebackType


def handlers() -> Set[CodeType]:
    """Return the code of the handlers that are set now; one may set another before it raises."""
    codes = (_code(signal.getsignal(number)) for number in signal.valid_signals())
    return {code for code in codes if code is not None}


def is_raised_by(traceback: Optional[TracebackType], codes: Set[CodeType]) -> bool:
    """Return whether an exception with this traceback comes out of one of these handlers."""
    while traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


def raise_at_interrupt(error: BaseException) -> None:
    """Make the next SIGINT raise this. The caller lets one come at once; the former handler is set then."""
    former = signal.getsignal(signal.SIGINT)
    if former is None:
        raise ValueError("the handler of SIGINT is not Python's, and could not be set again")

    def handler(*_: object) -> None:
        signal.signal(signal.SIGINT, former)
        raise error

    signal.signal(signal.SIGINT, handler)


def _code(handler: Any) -> Optional[CodeType]:
    while isinstance(handler, partial):
        handler = handler.func
    if not callable(handler):
        return None
    if not hasattr(handler, "__code__"):  # functions and methods have it
        handler = type(handler).__call__
    code: Optional[CodeType] = getattr(handler, "__code__", None)
    return code
