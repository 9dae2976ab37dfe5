"""Interrupted refreshes and logins, and the end of a program that waits for them."""

from __future__ import annotations

import json
import multiprocessing
import socket
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import CLIENT, token

# Begins programs whose one thread interrupts the other as soon as Zoho, which does not respond yet, has a
# request of this kind.
PROLOGUE = """
import json, os, signal, sys, threading, time, urllib.request
from zoho_token_store import TokenProvider
url, settings = json.loads(sys.argv[1])
# A program that is started in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt_when_asked_for(kind, times=1):
    def interrupt():
        while True:
            with urllib.request.urlopen(url + "/_control") as response:
                if json.load(response)["counts"].get(kind, 0) >= times:
                    break
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()

def release():
    urllib.request.urlopen(url + "/_control/release", b"").close()

def provider():
    return TokenProvider(
        accounts_url=url, api_domain=url, client_id="1000.C", client_secret="client-secret", **settings
    )
"""


def run(program, zoho, settings):
    """Run a program; it is given 60 seconds."""
    return subprocess.run(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(program), json.dumps([zoho.url, settings])],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_interrupted_refresh_is_finished_before_the_program_ends(store, settings, zoho, initialize):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600, held=True)
    output = run(
        """
        own = provider()
        interrupt_when_asked_for("refresh")
        try:
            own.access_token(user_name="ada@example.com:7")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            release()
        """,
        zoho,
        settings,
    )
    assert output.stdout == "interrupted\n", output.stderr
    assert output.returncode == 0, output.stderr
    assert zoho.counts() == {"refresh": 1}
    found = token("ada@example.com:7")
    store.invalidate(store.get_tokens()[0].get_id())
    store.find_token(found)
    assert int(found.get_expires_in()) > (time.time() + 3000) * 1000
    assert zoho.counts() == {"refresh": 1}


def test_an_interrupted_login_outlives_its_provider(store, settings, zoho):
    zoho.set(held=True)
    output = run(
        """
        import weakref
        def log_in():
            own = provider()
            freed.append(weakref.ref(own))
            own.login("ada@example.com/1")
        freed = []
        interrupt_when_asked_for("grant")
        try:
            log_in()
        except KeyboardInterrupt:
            pass
        print(freed[0]() is None, flush=True)
        release()
        """,
        zoho,
        settings,
    )
    assert (output.stdout, output.returncode) == ("True\n", 0), output.stderr
    (saved,) = store.get_tokens()
    assert saved.get_user_signature().get_name() == "ada@example.com:7"
    assert saved.get_refresh_token() is not None and zoho.counts()["grant"] == 1


def test_a_second_interruption_ends_the_waiting_and_stops_the_threads(settings, zoho):
    zoho.set(held=True)
    output = run(
        """
        import atexit
        from zoho_token_store import _exit
        begin_exit = _exit.begin_exit
        def reported():
            print("stopped", flush=True)
            begin_exit()
        _exit.begin_exit = reported

        ending = threading.Event()
        def interrupt_the_end():
            ending.wait()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt_the_end, daemon=True).start()
        atexit.register(ending.set)

        interrupt_when_asked_for("grant")
        try:
            provider().login("ada@example.com/1")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        # The other thread runs when this one waits for the login.
        sys.setswitchinterval(1000)
        """,
        zoho,
        settings,
    )
    assert output.stdout == "interrupted\nstopped\n", output.stderr
    assert "KeyboardInterrupt" in output.stderr and output.returncode >= 0


def test_a_store_that_hangs_takes_no_time_from_the_others(store, settings, zoho):
    zoho.set(held=True)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        output = run(
            f"""
            endpoints = ["{silent_url}"] * 2 + [os.environ["AWS_ENDPOINT_URL"]]
            for number, os.environ["AWS_ENDPOINT_URL"] in enumerate(endpoints, 1):
                interrupt_when_asked_for("grant", number)
                try:
                    provider().login("ada@example.com/1")
                except KeyboardInterrupt:
                    pass
            release()
            from zoho_token_store import _exit
            settle_all = _exit.settle_all
            def measured():
                begun = time.monotonic()
                settle_all()
                # Once more, as in a process of multiprocessing that also calls what atexit has.
                settle_all()
                print(time.monotonic() - begun)
            _exit.settle_all = measured
            """,
            zoho,
            settings,
        )
    assert output.returncode == 0, output.stderr
    assert len(store.get_tokens()) == 1
    # The two that hang are waited for, and not one after the other.
    assert 9 < float(output.stdout) < 15


def interrupted_login(url, settings):
    """Interrupt a login, and return: the work of a process."""
    sys.argv[1:] = [json.dumps([url, settings])]
    program = PROLOGUE + textwrap.dedent(
        """
        own = provider()
        interrupt_when_asked_for("grant")
        try:
            own.login("ada@example.com/1")
        except KeyboardInterrupt:
            release()
        """
    )
    exec(program, {})


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_an_interrupted_login_in_a_process_of_multiprocessing(store, settings, zoho, method):
    zoho.set(held=True)
    context = multiprocessing.get_context(method)
    process = context.Process(target=interrupted_login, args=(zoho.url, settings))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    (saved,) = store.get_tokens()
    assert saved.get_refresh_token() is not None and zoho.counts()["grant"] == 1
