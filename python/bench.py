"""Measures the store beside the SDK's FileStore and boto3, in one run, and writes README.md's table.

It needs the wheel, an SDK and boto3, which ./bench installs, and no AWS: what responds in its place is a
process on this machine that returns the same token for every id.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, List

PREFIX = "zoho/tokens/"
COLUMNS = {
    "user_name": "ada@example.com:7",
    "client_id": "1000.C",
    "client_secret": "client-secret",
    "refresh_token": "1000." + "r" * 64,
    "access_token": "1000." + "a" * 64,
    "expiry_time": "32503680000000",
    "api_domain": "https://www.zohoapis.eu",
}

SERVER = r"""
import asyncio, json, sys, time
columns = json.loads(sys.argv[1])
class Aws(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data = transport, b""
    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, _, rest = self.data.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                           if line.lower().startswith(b"content-length:")), 0)
            if len(rest) < length:
                return
            name = json.loads(rest[:length])["SecretId"]
            self.data = rest[length:]
            value = json.dumps({**columns, "id": name.rpartition("/")[2]})
            body = json.dumps({"Name": name, "ARN": f"arn:aws:secretsmanager:us-east-1:1:secret:{name}-abcdef",
                "VersionId": "0" * 32, "VersionStages": ["AWSCURRENT"], "CreatedDate": time.time() - 100,
                "SecretString": value}).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
async def main():
    server = await asyncio.get_running_loop().create_server(Aws, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

# With a store made, since the one beside it makes a client: the native one, because the classes around it import
# the SDK where it is installed, for its exceptions.
OURS = "zoho_token_store", "zoho_token_store._native.Store([])"
BOTO3 = "boto3", "boto3.client('secretsmanager')"
# The import alone, which loads the native module.
OURS_ALONE = "zoho_token_store", "None"
BOTO3_ALONE = "boto3", "None"

LOAD = """
import time
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
before, begin = memory(), time.process_time()
import {module}
made = {make}
print((time.process_time() - begin) * 1000, (memory() - before) / 1024)
"""


def per_call(
    call: Callable[[], Any], clock: Callable[[], float] = time.process_time, rounds: int = 40
) -> float:
    """Return the microseconds of a call: the least of many short rounds, since other programs run too.

    Calls that do not wait for anything are measured in time of the processor.
    """
    calls, taken = 1, 0.0
    while taken < 0.01:
        calls *= 2
        begin = clock()
        for _ in range(calls):
            call()
        taken = clock() - begin
    results: List[float] = []
    for _ in range(rounds):
        begin = clock()
        for _ in range(calls):
            call()
        results.append((clock() - begin) / calls * 1e6)
    return min(results)


def load(module: str, make: str) -> "tuple[float, float]":
    """Return the milliseconds of the processor, and megabytes, of importing a module and making this."""
    from_disk(module)
    runs = []
    for _ in range(11):
        output = subprocess.check_output([sys.executable, "-c", LOAD.format(module=module, make=make)], text=True)
        runs.append([float(number) for number in output.split()])
    return min(run[0] for run in runs), statistics.median(run[1] for run in runs)


def from_disk(module: str) -> None:
    """Forget the package's files, as they are before a first start.

    Of files that pip has just written, the system maps several times as much as of those it reads.
    """
    os.sync()
    found = importlib.util.find_spec(module)
    assert found is not None and found.origin is not None
    for path in Path(found.origin).parent.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    document = json.dumps({"schema_version": "1", **COLUMNS})
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, document], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    os.environ.update(
        AWS_ENDPOINT_URL=url, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
    )
    try:
        rows = measure()
    finally:
        server.kill()
    table = "\n".join(["| | the store | beside it |", "|---|---:|---:|", *rows])
    print(table)
    readme = Path(__file__).with_name("README.md")
    text = readme.read_text()
    marked = re.compile("(<!-- measured: begin -->\n).*(\n<!-- measured: end -->)", re.DOTALL)
    readme.write_text(marked.sub(lambda found: found[1] + table + found[2], text))


def measure() -> List[str]:
    # First, because files that this process uses are not forgotten.
    time_ours, memory_ours = load(*OURS)
    time_boto3, memory_boto3 = load(*BOTO3)
    time_alone, memory_alone = load(*OURS_ALONE)
    time_boto3_alone, memory_boto3_alone = load(*BOTO3_ALONE)

    import boto3
    from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
    from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
    from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature

    from zoho_token_store import SecretsManagerTokenStore

    store = SecretsManagerTokenStore(prefix=PREFIX)
    assert store.find_token_by_id("1").get_access_token() == COLUMNS["access_token"]
    by_id = per_call(lambda: store.find_token_by_id("1"))
    ada = UserSignature("ada@example.com:7")
    id_of_user = OAuthToken(user_signature=ada)
    by_user = per_call(lambda: store.find_token(OAuthToken(user_signature=ada)))
    assert store.find_token(id_of_user) is id_of_user

    with tempfile.TemporaryDirectory() as folder:
        files = FileStore(os.path.join(folder, "tokens"))
        for number in range(100):
            files.save_token(
                OAuthToken(user_signature=UserSignature(f"user-{number}"), refresh_token="1000.r" * 10,
                           client_id="1000.C", client_secret="s")
            )
        last = UserSignature("user-99")
        file_id = per_call(lambda: files.find_token_by_id("100"))
        file_user = per_call(lambda: files.find_token(OAuthToken(user_signature=last)))

    client = boto3.client("secretsmanager")

    def cold() -> None:
        store.invalidate("1")
        store.find_token_by_id("1")

    name = PREFIX + "1"
    cold_ours = per_call(cold, time.perf_counter)
    cold_boto3 = per_call(lambda: client.get_secret_value(SecretId=name), time.perf_counter)
    wheel = Path(sys.argv[1]).stat().st_size / 1e6 if len(sys.argv) > 1 else float("nan")
    return [
        f"| a cached token by its id | {by_id:.1f} µs | FileStore with 100 tokens: {file_id:.0f} µs |",
        f"| a cached token by its user | {by_user:.1f} µs | FileStore with 100 tokens: {file_user:.0f} µs |",
        f"| a token that is not cached, without the way to AWS | {cold_ours / 1000:.2f} ms "
        f"| boto3's `get_secret_value`: {cold_boto3 / 1000:.2f} ms |",
        f"| importing it | {time_alone:.1f} ms, {memory_alone:.1f} MB "
        f"| boto3: {time_boto3_alone:.0f} ms, {memory_boto3_alone:.0f} MB |",
        f"| importing it and making a store | {time_ours:.1f} ms, {memory_ours:.1f} MB "
        f"| boto3 and its client: {time_boto3:.0f} ms, {memory_boto3:.0f} MB |",
        f"| the wheel | {wheel:.2f} MB | |",
    ]


if __name__ == "__main__":
    main()
