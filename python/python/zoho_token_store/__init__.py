"""Tokens of Zoho's Python SDK in AWS Secrets Manager.

    from zoho_token_store import SecretsManagerTokenStore

    Initializer.initialize(environment=environment, token=token, store=SecretsManagerTokenStore())
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

from ._native import Check, Report, __version__

if TYPE_CHECKING:
    from ._errors import (
        AccessDeniedError,
        ConflictError,
        DecodeError,
        EncryptionError,
        InvalidConfigError,
        InvalidTokenError,
        NotFoundError,
        QuotaExceededError,
        ThrottledError,
        TokenStoreError,
        TooLargeError,
        UnauthenticatedError,
        UnavailableError,
    )
    from .sdk import SecretsManagerTokenStore

__all__ = [
    "AccessDeniedError",
    "Check",
    "ConflictError",
    "DecodeError",
    "EncryptionError",
    "InvalidConfigError",
    "InvalidTokenError",
    "NotFoundError",
    "QuotaExceededError",
    "Report",
    "SecretsManagerTokenStore",
    "ThrottledError",
    "TokenStoreError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # The store and the errors derive from classes of the SDK. They are made when they are first used,
    # so that this package can be imported without the SDK, and in a few milliseconds.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = ".sdk" if name == "SecretsManagerTokenStore" else "._errors"
    value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return __all__
