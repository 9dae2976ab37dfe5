"""Settings: keywords of a store in place of environment variables."""

from __future__ import annotations

import os
from typing import Dict, List, Mapping, Sequence, Tuple, Union

PREFIX = "ZOHO_TOKEN_STORE_"

#: The value of a setting.
Value = Union[str, int, bool, Mapping[str, str], Sequence[str], None]


def variables(settings: Mapping[str, Value]) -> List[Tuple[str, str]]:
    """Return the variables of the environment, replaced by the settings that are given."""
    given = {name: text(name, value) for name, value in settings.items() if value is not None}
    merged: Dict[str, str] = {
        name: value for name, value in os.environ.items() if name.startswith(PREFIX)
    }
    # Two names of one setting: what is given replaces the other in the environment too.
    keys = {"fingerprint_key", "fingerprint_key_secret"}
    if keys & given.keys():
        for name in keys:
            merged.pop(PREFIX + name.upper(), None)
    merged.update((PREFIX + name.upper(), value) for name, value in given.items())
    return sorted(merged.items())


def text(name: str, value: Value) -> str:
    """Return a value as the environment has it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return ",".join(value)
    # The value is not shown: it may be a key.
    raise TypeError(f"the setting {name} cannot be a {type(value).__name__}")
