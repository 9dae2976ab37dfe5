"""Random sequences, on the store and on the SDK's own FileStore: each difference has a name.

The names are the deviations of the contract, which python/README.md lists. Where one applies, the
results may differ, and the sequence ends: from then on the two hold other records.
"""

from __future__ import annotations

import copy
import os
import random
from collections import Counter

import pytest
from conftest import OAuthToken, UserSignature, row, token
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore

SEQUENCES = int(os.environ.get("LOCKSTEP_SEQUENCES", "60"))
FIELDS = ("user_name", "client_id", "client_secret", "refresh_token", "access_token", "grant_token")


def random_token(chance: random.Random, ids):
    """Return a token that the SDK's constructor accepts."""
    while True:
        fields = {name: chance.choice([None, None, "1", "2"]) for name in FIELDS}
        if chance.random() < 0.6:
            fields["client_id"] = fields["client_secret"] = "1"
        user = fields.pop("user_name")
        if chance.random() < 0.2 and ids:
            fields["id"] = chance.choice(ids)
        fields["expires_in"] = chance.choice([None, "32503680000000"])
        try:
            return token(user, **fields)
        except Exception:
            continue


def attempt(operation):
    try:
        return "ok", operation()
    except Exception:
        return "error", None


def without_id(found):
    return None if found is None else {**row(found), "id": None}


def listed(store):
    return sorted(map(str, map(without_id, store.get_tokens())))


def conflict(one, other):
    return one is not None and other is not None and one != other


def deviation(kind, asked, rows):
    """Return the number of the deviation that may apply, or None."""
    if kind in ("find", "save"):
        given = row(asked)
        if kind == "save" and given["access_token"] is not None and given["expiry_time"] is None:
            if any(stored["expiry_time"] for stored in rows):
                return 9
        if given["id"] is not None:
            return 10 if kind == "find" else None
        if not any(given[name] for name in FIELDS if not name.startswith("client")):
            return 1
        for stored in rows:
            same_user = conflict(given["user_name"], stored["user_name"])
            shares = [name for name in ("access_token", "grant_token", "refresh_token")
                      if given[name] is not None and given[name] == stored[name]]
            if given["user_name"] is not None and given["user_name"] == stored["user_name"]:
                if conflict(given["client_id"], stored["client_id"]):
                    return 2
                if sum(other["user_name"] == given["user_name"] for other in rows) > 1:
                    return 2
            elif shares and given["user_name"] is not None and not same_user:
                return 5
            if shares and given["user_name"] is None:
                if conflict(given["client_id"], stored["client_id"]):
                    return 3
                # FileStore finds by the access token alone: without the client's id and secret.
                if "access_token" in shares and (given["client_id"] or given["client_secret"]):
                    return 4
                if shares != ["access_token"]:
                    # The client's id is compared, its secret is not; each token within its client.
                    return 3
            if given["user_name"] is not None and stored["user_name"] is None and shares:
                return 5
        if given["access_token"] is not None and given["client_id"] is None:
            # Only the access token counts for FileStore; the contract also tries the others.
            if given["grant_token"] or given["refresh_token"]:
                return 4
    if kind in ("find_by_id", "delete"):
        return 7
    return None


def run(seed, store, path, seen):
    chance = random.Random(seed)
    files = FileStore(str(path))
    ids = {}  # FileStore's id → the store's
    for _ in range(chance.randint(3, 9)):
        kind = chance.choices(["save", "find", "find_by_id", "delete", "list", "clear"],
                              [8, 6, 2, 1, 2, 0.3])[0]
        rows = [row(found) for found in files.get_tokens()]
        asked = None
        if kind in ("save", "find"):
            asked = random_token(chance, list(ids))
            other = copy.copy(asked)
            if asked.get_id() is not None:
                other.set_id(ids[asked.get_id()])
            before = copy.copy(asked)
            ours = attempt(lambda: getattr(store, f"{kind}_token")(other))
            theirs = attempt(lambda: getattr(files, f"{kind}_token")(asked))
            if kind == "save" and ours[0] == theirs[0] == "ok":
                ids[asked.get_id()] = other.get_id()
                # With all records, so that a difference is seen where it arises.
                ours = ("ok", without_id(other), listed(store))
                theirs = ("ok", without_id(asked), listed(files))
            else:
                ours, theirs = ((status, without_id(found)) for status, found in (ours, theirs))
            asked = before
        elif kind in ("find_by_id", "delete"):
            id = chance.choice([*ids, "unknown"])
            name = "find_token_by_id" if kind == "find_by_id" else "delete_token"
            ours = attempt(lambda: getattr(store, name)(ids.get(id, "unknown")))
            theirs = attempt(lambda: getattr(files, name)(id))
            if kind == "find_by_id":
                ours, theirs = ((status, without_id(found)) for status, found in (ours, theirs))
            if id == "unknown" and theirs[0] == "error":
                seen[7] += 1
                continue
            if kind == "delete":
                ids.pop(id, None)
        elif kind == "list":
            ours, theirs = attempt(lambda: listed(store)), attempt(lambda: listed(files))
        else:
            ours, theirs = attempt(store.delete_tokens), attempt(files.delete_tokens)
            ids.clear()
        seen["operations"] += 1
        if ours != theirs:
            name = deviation(kind, asked, rows) if asked is not None else None
            assert name is not None, (
                f"seed {seed}: {kind} of {row(asked) if asked else None} on {rows}: "
                f"{ours} and {theirs}"
            )
            seen[name] += 1
            return
    seen["whole"] += 1


def test_the_store_and_the_file_store_agree(settings, tmp_path, monkeypatch):
    from zoho_token_store import SecretsManagerTokenStore

    # The same sequences each time; LOCKSTEP_SEED tries others.
    first = int(os.environ.get("LOCKSTEP_SEED", "0"))
    print(f"LOCKSTEP_SEED={first}")
    seen: Counter = Counter()
    for seed in range(first, first + SEQUENCES):
        store = SecretsManagerTokenStore(
            **{**settings, "prefix": f"{settings['prefix']}{seed}/"}, coordinate_refresh=False
        )
        with store:
            run(seed, store, tmp_path / f"{seed}.csv", seen)
            store.delete_tokens()
    print(dict(seen))
    assert seen["operations"] > SEQUENCES
    # Sequences without any deviation: about half of them.
    assert seen["whole"] > SEQUENCES / 4
