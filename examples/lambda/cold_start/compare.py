#!/usr/bin/env python3
"""Starts functions over and over, in turn, and prints where the time until the first token goes.

`examples/lambda/cold-start` runs it. Linux only: peak memory is read from /proc.
"""

import argparse
import os
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True  # nothing beside the sources
from stage import USER, Run, Stage

PATIENCE = 30
BOTO3_FUNCTION = Path(__file__).with_name("boto3_function.py")


class Candidate:
    """Something that can be started and answers a lookup; with `prints`, on standard output."""

    def __init__(self, name, command, files, variables=(), prints=False):
        self.name, self.command, self.files = name, [str(part) for part in command], files
        self.variables, self.prints = dict(variables), prints
        self.starts = []

    def start(self, stage):
        """Starts it once; keeps when what happened, what of the processor it took, and its memory."""
        run = stage.run = Run()
        began = time.perf_counter()
        process = subprocess.Popen(
            self.command,
            env={**stage.environment(), **self.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if self.prints:
            threading.Thread(target=lambda: process.stdout.readline() == b"found\n" and run.note("answered")).start()
        times, problem = self.until_answered(run)
        memory = 0 if problem else peak_memory(process.pid)
        os.kill(process.pid, signal.SIGKILL)  # not process.kill(), which may wait for it
        _, process.returncode, usage = os.wait4(process.pid, 0)
        if problem:
            output = process.stdout.read().decode(errors="replace")
            sys.exit(f"{self.name} cannot be measured: {problem} after {list(times)}\n{output}")
        ready = times.get("ready", times["answered"])
        self.warmed_up = times["handshake done"] < ready
        handshake = times["handshake done"] - times["connected"]
        seconds = ready - began, handshake, times["answered"] - ready, times["answered"] - began
        self.starts.append([*seconds, usage.ru_utime + usage.ru_stime, memory])

    def until_answered(self, run):
        """When what happened; and what went wrong, if something did."""
        times = {}
        while "answered" not in times:
            try:
                event, moment = run.events.get(timeout=PATIENCE)
            except queue.Empty:
                return times, "no answer"
            # A second connection would be a handshake that is not counted.
            if event.startswith("failed") or event in times and event != "called":
                return times, event
            times[event] = moment
        return times, None

    def row(self):
        columns = list(zip(*self.starts))
        cells = [f"{statistics.median(c) * 1e3:.1f} ({min(c) * 1e3:.1f})" for c in columns[:5]]
        if self.prints:
            cells[0] = cells[2] = "–"
        elif self.warmed_up:
            cells[1] += " in init"
        return [self.name, *cells, megabytes(statistics.median(columns[5])), *sizes(self.files)]


def peak_memory(process):
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    sys.exit(f"process {process} has ended")


def sizes(path):
    """Of a program or a folder, as it is and zipped."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    with tempfile.TemporaryFile() as archive:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for file in files:
                zipped.write(file, file.relative_to(path.parent))
        return megabytes(sum(file.stat().st_size for file in files)), megabytes(archive.tell())


def megabytes(size):
    return f"{size / 1e6:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="*", type=Path, metavar="FUNCTION", help="a bootstrap")
    parser.add_argument("--first-token", type=Path, help="the example first_token, built")
    parser.add_argument("--boto3", type=Path, help="a folder with boto3 in it: compares with Python")
    parser.add_argument("--starts", type=int, default=40)
    arguments = parser.parse_args()

    candidates = [Candidate(program.name, [program], program) for program in arguments.programs]
    if arguments.first_token:
        program = arguments.first_token
        candidates.append(Candidate("a lookup without Lambda's runtime", [program, USER], program, prints=True))
    if arguments.boto3:
        command, path = [sys.executable, BOTO3_FUNCTION], {"PYTHONPATH": arguments.boto3}
        candidates.append(Candidate("Python and boto3", command, arguments.boto3, path))
        path["WARM_UP"] = "1"
        candidates.append(Candidate("Python and boto3, warmed up", command, arguments.boto3, path))
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(folder)
        for _ in range(arguments.starts):  # in turn, so that what else the machine does meets all
            for candidate in candidates:
                candidate.start(stage)
    print(f"Medians of {arguments.starts} starts, and the least in brackets; milliseconds and megabytes.\n")
    head = ["", "init", "TLS", "first request", "start to token", "processor", "peak memory", "program", "zip"]
    for row in [head, ["---"] + 8 * ["---:"], *(candidate.row() for candidate in candidates)]:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
