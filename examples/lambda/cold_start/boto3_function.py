"""The same function in Python with boto3, for the comparison.

Does what the Rust one does: client before the first request, the secret read by the name derived
from the user, the record checked. Its client for Lambda's runtime API is the least there can be;
Lambda's own takes longer. With WARM_UP it also opens the connection before the first request.
"""

import hashlib
import hmac
import http.client
import json
import os

import boto3

PREFIX = "zoho/tokens/"


def name_of(user):
    """The name that the store derives from a user, without a fingerprint key."""
    parts = (part.encode() for part in ("user_name", user))
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return PREFIX + hmac.new(b"zoho-token-store", message, hashlib.sha256).hexdigest()


def answer(secrets, request):
    value = secrets.get_secret_value(SecretId=name_of(request["user_name"]))
    token = json.loads(value["SecretString"])
    if token["user_name"] != request["user_name"]:
        return {"found": False}
    return {"found": True, "user_name": token["user_name"], "expires_at": int(token["expiry_time"])}


def main():
    secrets = boto3.client("secretsmanager")
    if "WARM_UP" in os.environ:
        try:
            secrets.get_secret_value(SecretId=PREFIX + "warm-up")
        except secrets.exceptions.ResourceNotFoundException:
            pass
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        request_id = response.getheader("Lambda-Runtime-Aws-Request-Id")
        body = json.dumps(answer(secrets, json.load(response)))
        api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", body)
        api.getresponse().read()


if __name__ == "__main__":
    main()
