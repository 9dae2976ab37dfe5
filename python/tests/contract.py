"""The contract's rules of lookups and saves, as a model: what a store with these records may do.

Records and tokens are dictionaries of the ten columns. Where the rules leave a choice between records, each
of them is permitted.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

Row = Dict[str, Optional[str]]

VALUES = ("access_token", "grant_token", "refresh_token")
#: What identifies a record if no id is given, the strongest first.
IDENTIFYING = ("user_name", *VALUES)


def found(asked: Row, records: List[Row]) -> List[Optional[Row]]:
    """Return what ``find_token`` may make of a token: a filled one for each record that it may take."""
    return [filled(asked, record) for record in denoted(asked, records)] or [None]


def saved(asked: Row, records: List[Row]) -> List[Tuple[Row, List[Row]]]:
    """Return what ``save_token`` may make of a token and of the records; nothing if it is an error.

    The id of a new record is ``None``.
    """
    targets = denoted(asked, records)
    if not targets and not any(asked[name] for name in VALUES):
        return []
    permitted = []
    for target in targets or [None]:
        record = merged(target, asked) if target is not None else dict(asked)
        others = [other for other in records if other is not target]
        permitted.append((filled(asked, record), [*others, record]))
    return permitted


def denoted(asked: Row, records: List[Row]) -> List[Row]:
    """Return the records that a token may denote."""
    if asked["id"] is not None:
        return [record for record in records if record["id"] == asked["id"]]
    for name in IDENTIFYING:
        candidates = [
            record for record in records
            if asked[name] is not None and record[name] == asked[name]
            and agree(asked, record, "user_name") and agree(asked, record, "client_id")
        ]
        if candidates:
            of_client = [one for one in candidates if one["client_id"] == asked["client_id"]]
            return of_client if asked["client_id"] is not None and of_client else candidates
    return []


def agree(one: Row, other: Row, name: str) -> bool:
    return None in (one[name], other[name]) or one[name] == other[name]


def merged(record: Row, asked: Row) -> Row:
    """Return a record after a save: what is given replaces what is stored, but the id."""
    given = {name: value for name, value in asked.items() if value is not None and name != "id"}
    former = dict(record)
    if given.get("access_token", former["access_token"]) != former["access_token"]:
        former["expiry_time"] = None  # it was that of the former access token
    return {**former, **given}


def filled(asked: Row, record: Row) -> Row:
    """Return a token with what it lacks and the record has."""
    return {name: value if value is not None else record[name] for name, value in asked.items()}
