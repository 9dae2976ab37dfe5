"""The store's lines in the program's log, and what is raised while they are logged."""

from __future__ import annotations

import logging
import signal
import sys
from functools import partial

import pytest

from zoho_token_store import NeedsLoginError


class Failing(logging.Filter):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def filter(self, record):
        raise self.error


@pytest.fixture
def failing_filter():
    """Return a function that makes each line of the store's log raise an error."""
    logger, added = logging.getLogger("zoho_token_store"), []

    def fail(error):
        added.append(Failing(error))
        logger.addFilter(added[-1])

    yield fail
    for one in added:
        logger.removeFilter(one)


def test_a_result_is_not_lost_by_the_programs_logging(provider, zoho, failing_filter, monkeypatch):
    provider.login("ada@example.com/1")
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_value))
    access = provider.access_token(user_name="ada@example.com:7")
    failing_filter(RuntimeError("filter"))
    assert provider.refused(access) is False  # it is new, of which the log has a warning
    zoho.set(error="invalid_code")
    with pytest.raises(NeedsLoginError):
        provider.refresh(user_name="ada@example.com:7")
    assert [str(error) for error in reported] == ["filter"] * 2


def test_an_interruption_in_the_programs_logging_comes_after_the_result(
    provider, zoho, failing_filter, monkeypatch
):
    provider.login("ada@example.com/1")
    access = provider.access_token(user_name="ada@example.com:7")
    interrupted = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: interrupted.append("lost"))
    former = signal.signal(signal.SIGINT, lambda *_: interrupted.append("again"))
    try:
        failing_filter(KeyboardInterrupt())
        assert provider.refused(access) is False
    finally:
        signal.signal(signal.SIGINT, former)
    assert interrupted == ["again"]


class Timeout(Exception):
    pass


@pytest.fixture
def unraisable(monkeypatch):
    """Return the list of exceptions that Python reports as ignored."""
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_value))
    return reported


def test_the_end_of_the_program_is_not_held_up_by_the_log(provider, failing_filter, unraisable):
    """What a handler of SIGTERM raises is ``SystemExit`` as a rule."""
    provider.login("ada@example.com/1")
    access = provider.access_token(user_name="ada@example.com:7")
    former = signal.getsignal(signal.SIGINT)
    failing_filter(SystemExit(3))
    with pytest.raises(SystemExit) as raised:
        provider.refused(access)
    assert raised.value.code == 3 and unraisable == []
    assert signal.getsignal(signal.SIGINT) is former


class Interrupting(logging.Filter):
    """Lets a signal come while a line is logged."""

    def filter(self, record):
        signal.raise_signal(signal.SIGALRM)
        return True


class Callable:
    def __call__(self, *_):
        raise Timeout


class Method:
    def handle(self, *_):
        # It is not the handler any more when it raises.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        raise Timeout


@pytest.mark.parametrize(
    "handler", [Callable(), Method().handle, partial(Method.handle, Method())]
)
def test_a_handler_that_raises_while_a_line_is_logged(provider, zoho, handler, unraisable):
    provider.login("ada@example.com/1")
    access = provider.access_token(user_name="ada@example.com:7")
    zoho.set(error="invalid_code")
    logger, interrupting = logging.getLogger("zoho_token_store"), Interrupting()
    former = signal.getsignal(signal.SIGALRM)
    logger.addFilter(interrupting)
    try:
        signal.signal(signal.SIGALRM, handler)
        with pytest.raises(Timeout):
            provider.refused(access)
        context = None
        # If the line is logged before the refresh has ended, that is interrupted, and has no result.
        for _ in range(20):
            signal.signal(signal.SIGALRM, handler)
            with pytest.raises(Timeout) as raised:
                provider.refresh(user_name="ada@example.com:7")
            context = raised.value.__context__
            if context is not None:
                break
        # What has happened is not hidden: it may have tokens that are nowhere else.
        assert isinstance(context, NeedsLoginError)
    finally:
        logger.removeFilter(interrupting)
        signal.signal(signal.SIGALRM, former)
    assert unraisable == []
