"""Reads all secrets below a prefix as most programs do: list them, then get one after the other.

Usage: all_tokens.py PREFIX
"""

import json
import os
import resource
import sys
import time

import boto3

calls = 0


def count(**_):
    global calls
    calls += 1


def main():
    prefix = sys.argv[1]
    client = boto3.client(
        "secretsmanager",
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.meta.events.register("before-send", count)
    began = time.monotonic()
    pages = client.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "name", "Values": [prefix]}], PaginationConfig={"PageSize": 100}
    )
    tokens = [
        json.loads(client.get_secret_value(SecretId=secret["Name"])["SecretString"])
        for page in pages
        for secret in page["SecretList"]
    ]
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"boto3 {len(tokens)} tokens: {calls} calls, {seconds:.2f} s, {peak} KB at most")


if __name__ == "__main__":
    main()
