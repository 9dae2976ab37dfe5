"""The ten columns of a token, in the order in which the native module passes them."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

Columns = Tuple[
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
    Optional[str],
]

NAMES = (
    "id",
    "user_name",
    "client_id",
    "client_secret",
    "refresh_token",
    "access_token",
    "grant_token",
    "expiry_time",
    "redirect_url",
    "api_domain",
)

#: The columns of a record, and the accounts server beside them.
Record = Tuple[Columns, Optional[str]]


def as_dictionary(record: Record) -> Dict[str, Optional[str]]:
    """Return a record by the names of its columns, and ``accounts_url``."""
    columns, accounts_url = record
    return {**dict(zip(NAMES, columns)), "accounts_url": accounts_url}
