"""The exceptions: ``TokenStoreError``, and a subclass for each kind."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Type

from ._columns import Record, as_dictionary

if TYPE_CHECKING or importlib.util.find_spec("zohocrmsdk") is None:
    _Base = Exception
else:
    # Code that handles the SDK's errors handles those of the store too.
    from zohocrmsdk.src.com.zoho.crm.api.exception.sdk_exception import SDKException as _Base


class TokenStoreError(_Base):
    """An operation of the store failed.

    If Zoho's SDK is installed, this is a subclass of its ``SDKException``. The text says what failed
    and what to do; neither it nor any attribute but ``readable_tokens`` and ``unsaved_token`` contains
    a token value, a client secret or a user name.
    """

    #: The kind in lower case, for example ``access_denied``.
    kind: str
    #: Whether the operation may succeed if it is repeated a little later.
    retryable: bool
    #: The method of the store that failed.
    operation: Optional[str]
    #: The name of the secret that the error is about.
    secret_name: Optional[str]
    #: AWS's id of the failed request.
    request_id: Optional[str]
    #: The IAM action that the role lacks, for example ``secretsmanager:ListSecrets``.
    missing_action: Optional[str]
    #: If ``get_tokens`` failed because of some secrets: the tokens in all others.
    readable_tokens: List[Any]
    #: If a login or refresh succeeded and the store could not save it: the record, as a dictionary, for
    #: ``TokenProvider.save``.
    unsaved_token: Optional[Dict[str, Optional[str]]]

    def __init__(
        self,
        message: str,
        *,
        kind: str = "other",
        retryable: bool = False,
        operation: Optional[str] = None,
        secret_name: Optional[str] = None,
        request_id: Optional[str] = None,
        missing_action: Optional[str] = None,
    ) -> None:
        # The constructor of the SDK's exception; an exception without the SDK has the same arguments.
        super().__init__(kind, message)
        self.code = kind
        self.kind = kind
        self.retryable = retryable
        self.operation = operation
        self.secret_name = secret_name
        self.request_id = request_id
        self.missing_action = missing_action
        self.readable_tokens = []
        self.unsaved_token = None

    def __str__(self) -> str:
        return str(self.args[1])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> Any:
        # Without the tokens: a pickle may be written somewhere.
        names = ("kind", "retryable", "operation", "secret_name", "request_id", "missing_action")
        return _unpickle, (type(self), str(self), {name: getattr(self, name) for name in names})


class InvalidTokenError(TokenStoreError):
    """The given token or id is invalid. Nothing was read or written."""


class InvalidConfigError(TokenStoreError):
    """A setting of the store or of AWS is missing, unknown or malformed."""


class UnauthenticatedError(TokenStoreError):
    """There are no AWS credentials, or AWS does not accept them, or they have expired."""


class AccessDeniedError(TokenStoreError):
    """The role lacks a permission, which ``missing_action`` names."""


class EncryptionError(TokenStoreError):
    """The KMS key of the secret cannot be used."""


class ThrottledError(TokenStoreError):
    """The account makes more calls a second than its quota allows."""


class QuotaExceededError(TokenStoreError):
    """A quota is used up that is not lifted by waiting a moment."""


class ConflictError(TokenStoreError):
    """Other writers prevented the operation for as long as it was retried."""


class TooLargeError(TokenStoreError):
    """The token is too large for a secret, or its id for a secret's name."""


class DecodeError(TokenStoreError):
    """The secret's value is not the document of a token. It is left unchanged."""


class UnavailableError(TokenStoreError):
    """AWS could not be reached, did not respond in time, or reported an internal error."""


class NeedsLoginError(TokenStoreError):
    """The user must log in: there is no such token, or Zoho does not accept it any more."""


class GrantUnsettledError(TokenStoreError):
    """A grant token was sent, and whether Zoho has exchanged it is not known: it may be used up."""


class RefreshPendingError(TokenStoreError):
    """Another process refreshes the token and has not finished in time."""


class NotFoundError(TokenStoreError):
    """There is no token with this id.

    Only for versions of the SDK that cannot handle a lookup by id without a result.
    """


_CLASSES: Dict[str, Type[TokenStoreError]] = {
    "invalid_token": InvalidTokenError,
    "invalid_config": InvalidConfigError,
    "unauthenticated": UnauthenticatedError,
    "access_denied": AccessDeniedError,
    "encryption": EncryptionError,
    "throttled": ThrottledError,
    "quota_exceeded": QuotaExceededError,
    "conflict": ConflictError,
    "too_large": TooLargeError,
    "decode": DecodeError,
    "unavailable": UnavailableError,
    "needs_login": NeedsLoginError,
    "grant_unsettled": GrantUnsettledError,
    "refresh_pending": RefreshPendingError,
    "not_found": NotFoundError,
}


def from_native(
    kind: str,
    message: str,
    *,
    readable_tokens: Optional[List[Any]] = None,
    unsaved_token: Optional[Record] = None,
    **attributes: Any,
) -> TokenStoreError:
    """Return the error of this kind. The native module calls it."""
    error = _CLASSES.get(kind, TokenStoreError)(message, kind=kind, **attributes)
    error.readable_tokens = readable_tokens or []
    error.unsaved_token = as_dictionary(unsaved_token) if unsaved_token is not None else None
    return error


def _unpickle(
    cls: Type[TokenStoreError], message: str, attributes: Dict[str, Any]
) -> TokenStoreError:
    return cls(message, **attributes)
