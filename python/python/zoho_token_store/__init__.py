"""Tokens of Zoho's Python SDK in AWS Secrets Manager.

With the SDK::

    from zoho_token_store import SecretsManagerTokenStore

    Initializer.initialize(environment=environment, token=token, store=SecretsManagerTokenStore())

Without it::

    from zoho_token_store import TokenProvider

    header = TokenProvider("eu").access_token(user_name="ada@example.com:7").authorization_header
"""

from __future__ import annotations

from importlib import import_module

from . import _exit as _exit  # for what it registers
from ._native import AccessToken, Check, Report, __version__

# Type checkers take it for true. The module `typing` takes longer to import than everything else here.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from ._errors import (
        AccessDeniedError,
        ConflictError,
        DecodeError,
        EncryptionError,
        GrantUnsettledError,
        InvalidConfigError,
        InvalidTokenError,
        NeedsLoginError,
        NotFoundError,
        QuotaExceededError,
        RefreshPendingError,
        ThrottledError,
        TokenStoreError,
        TooLargeError,
        UnauthenticatedError,
        UnavailableError,
    )
    from .provider import Sweep, TokenProvider, TokenStatus
    from .sdk import SecretsManagerTokenStore

__all__ = [
    "AccessDeniedError",
    "AccessToken",
    "Check",
    "ConflictError",
    "DecodeError",
    "EncryptionError",
    "GrantUnsettledError",
    "InvalidConfigError",
    "InvalidTokenError",
    "NeedsLoginError",
    "NotFoundError",
    "QuotaExceededError",
    "RefreshPendingError",
    "Report",
    "SecretsManagerTokenStore",
    "Sweep",
    "ThrottledError",
    "TokenProvider",
    "TokenStatus",
    "TokenStoreError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
    "__version__",
]


_MODULES = {
    "SecretsManagerTokenStore": ".sdk",
    "Sweep": ".provider",
    "TokenProvider": ".provider",
    "TokenStatus": ".provider",
}


def __getattr__(name: str) -> Any:
    # The store and the errors derive from classes of the SDK. They are made when they are first used,
    # so that this package can be imported without the SDK, and in a few milliseconds.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES.get(name, "._errors")
    value = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
