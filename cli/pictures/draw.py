#!/usr/bin/env python3
"""Draws docs/list.svg and docs/check.svg from what the program really prints on a terminal.

    cli/pictures/draw.py target/debug/zoho-tokens

It needs the endpoint of a LocalStack in AWS_ENDPOINT_URL; `make pictures` starts one. Python's standard library is
enough.
"""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import time
from xml.sax.saxutils import escape

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
PREFIX = f"pictures/{time.time_ns()}/"
SHOWN_PREFIX = "zoho/tokens/"
COLOURS = {"31": "#f85149", "32": "#3fb950", "33": "#d29922"}
CHARACTER, LINE, MARGIN = 7.83, 19, 16


def environment():
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not re.match(r"http://(127\.0\.0\.1|localhost):", endpoint):
        sys.exit("draw.py: AWS_ENDPOINT_URL must be a LocalStack on this machine")
    return {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "ZOHO_TOKEN_STORE_PREFIX": PREFIX,
        "ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS": "0",
    }


def records():
    now = int(time.time())
    for user, seconds in [("ada", 3480), ("bob", 1260), ("eve", -7800), ("joe", None)]:
        record = {
            "user_name": f"{user}@example.com:7",
            "client_id": "1000.EXAMPLE",
            "client_secret": "example",
            "refresh_token": f"1000.refresh-{user}",
            "api_domain": "https://www.zohoapis.eu",
        }
        if seconds is not None:
            record |= {"access_token": f"1000.access-{user}", "expiry_time": str((now + seconds) * 1000)}
        if user == "joe":
            del record["refresh_token"]
            record["grant_token"] = "1000.grant-joe"
        yield json.dumps(record)


def on_a_terminal(program, arguments):
    """What the program prints on a terminal of 200 columns, without the progress on standard error."""
    main, terminal = pty.openpty()
    process = subprocess.Popen([program, *arguments], stdout=terminal, stderr=subprocess.DEVNULL, env=environment())
    os.close(terminal)
    printed = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:  # The end of a terminal.
            break
        if not part:
            break
        printed += part
    if process.wait() != 0:
        sys.exit(f"draw.py: {arguments} failed")
    return printed.decode().replace(PREFIX, SHOWN_PREFIX)


def spans(line):
    """The parts of a line with their style."""
    bold, colour = False, None
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if not part.startswith("\x1b"):
            if part:
                yield part, bold, colour
            continue
        for code in part[2:-1].split(";"):
            if code in ("", "0"):
                bold, colour = False, None
            elif code == "1":
                bold = True
            elif code in COLOURS:
                colour = COLOURS[code]


def draw(command, printed, path):
    lines = [f"$ {command}", *printed.replace("\r", "").rstrip("\n").split("\n")]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = round(max(map(len, plain)) * CHARACTER + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(command)}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3">',
    ]
    for number, line in enumerate(lines):
        # Each part has its own place, so that columns are aligned in any font.
        column, y = 0, MARGIN + LINE * number + 14
        for text, bold, colour in spans(line):
            for word in re.finditer(r"\S+(?: \S+)*", text):
                x = MARGIN + (column + word.start()) * CHARACTER
                length = len(word.group()) * CHARACTER
                style = (' font-weight="bold"' if bold else "") + (f' fill="{colour}"' if colour else "")
                svg.append(
                    f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}"{style}>{escape(word.group())}</text>'
                )
            column += len(text)
    svg += ["</g>", "</svg>", ""]
    path.write_text("\n".join(svg), encoding="utf-8")


def main():
    program = sys.argv[1]
    run = lambda *arguments, text="": subprocess.run(
        [program, *arguments], input=text, text=True, env=environment(), check=True, capture_output=True
    )
    run("import", "-", text="\n".join(records()))
    try:
        for command in ["list", "check"]:
            draw(f"zoho-tokens {command}", on_a_terminal(program, [command]), DOCS / f"{command}.svg")
    finally:
        run("delete", "--all", "--yes")


main()
