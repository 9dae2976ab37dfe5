"""The store as Zoho's Python SDK needs it: a subclass of the SDK's ``TokenStore``.

This module imports the SDK (``pip install zoho-token-store[sdk]``).
"""

from __future__ import annotations

import logging
from importlib import metadata
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ._columns import Columns
from ._errors import (
    InvalidConfigError,
    InvalidTokenError,
    NeedsLoginError,
    NotFoundError,
    TokenStoreError,
)
from ._native import Report, Store
from ._settings import Value, variables

try:
    from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
    from zohocrmsdk.src.com.zoho.api.authenticator.store.token_store import TokenStore
    from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
    from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer

    from ._sdk_token import columns_of, fill, token_of
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the store needs Zoho's SDK: pip install 'zoho-token-store[sdk]'", name=error.name
    ) from error

_LOGGER = logging.getLogger("zoho_token_store")


class SecretsManagerTokenStore(TokenStore):  # type: ignore[misc, unused-ignore]
    """A store of tokens in AWS Secrets Manager, for ``Initializer.initialize(…, store=…)``.

    The keywords are the store's settings; those that are not given are read from the environment
    variables ``ZOHO_TOKEN_STORE_…``. Region, credentials and endpoint come from AWS's own variables.

    With ``coordinate_refresh``, an access token that expires soon is refreshed by this store, once for
    all processes that share it, so that the SDK never sends a refresh of its own.

    ``on_save_error`` is called with the error if a save fails, because the SDK ignores it. The error
    is also logged, on the logger ``zoho_token_store``.

    All methods raise ``TokenStoreError``, and ``ValueError`` after ``close``. A store can be used by many
    threads, and after a fork. It is pickled with its settings: the copy reads the environment again.
    """

    def __init__(
        self,
        *,
        prefix: Optional[str] = None,
        kms_key_id: Optional[str] = None,
        cache_capacity: Optional[int] = None,
        cache_bytes: Optional[int] = None,
        cache_ttl_seconds: Optional[int] = None,
        serve_stale_seconds: Optional[int] = None,
        tag_index: Optional[bool] = None,
        tags: Union[Mapping[str, str], str, None] = None,
        replica_regions: Union[Sequence[str], str, None] = None,
        recovery_window_days: Optional[int] = None,
        fingerprint_key: Optional[str] = None,
        fingerprint_key_secret: Optional[str] = None,
        attempt_timeout_seconds: Optional[int] = None,
        operation_timeout_seconds: Optional[int] = None,
        writes_per_second: Optional[int] = None,
        coordinate_refresh: bool = True,
        on_save_error: Optional[Callable[[TokenStoreError], Any]] = None,
    ) -> None:
        given: Dict[str, Value] = {
            "prefix": prefix,
            "kms_key_id": kms_key_id,
            "cache_capacity": cache_capacity,
            "cache_bytes": cache_bytes,
            "cache_ttl_seconds": cache_ttl_seconds,
            "serve_stale_seconds": serve_stale_seconds,
            "tag_index": tag_index,
            "tags": tags,
            "replica_regions": replica_regions,
            "recovery_window_days": recovery_window_days,
            "fingerprint_key": fingerprint_key,
            "fingerprint_key_secret": fingerprint_key_secret,
            "attempt_timeout_seconds": attempt_timeout_seconds,
            "operation_timeout_seconds": operation_timeout_seconds,
            "writes_per_second": writes_per_second,
        }
        if not isinstance(coordinate_refresh, bool):
            raise TypeError("coordinate_refresh must be True or False")
        if on_save_error is not None and not callable(on_save_error):
            raise TypeError("on_save_error must be a function")
        self._settings = {name: value for name, value in given.items() if value is not None}
        self.coordinate_refresh = coordinate_refresh
        self.on_save_error = on_save_error
        self._reported: Optional[str] = None  # the access token last reported as not saved
        self._native = Store(variables(self._settings))
        self._provider = self._native.provider()

    def find_token(self, token: Any) -> Any:
        """Fill the token with the record that it denotes, and return it; or return ``None``.

        Only what the token lacks is filled. Before the SDK is initialized, an access token that has
        expired is not refreshed: which accounts server to ask is not known then.
        """
        if not isinstance(token, OAuthToken):
            return token
        columns = columns_of(token)
        if not (columns[1] or columns[0] or columns[5] or columns[4] or columns[6]):
            return None  # nothing to find it by: the user's name, the id or a token
        found = self._native.find_token(columns)
        if found is None:
            return None
        record, may_be_refreshed = found
        if may_be_refreshed and self.coordinate_refresh:
            try:
                record = self._refreshed(record)
            except NeedsLoginError:
                # The caller logs in again: the SDK exchanges its grant token if nothing is found.
                if columns[6] not in (None, record[6]) or columns[4] not in (None, record[4]):
                    return None
                raise
        fill(token, record)
        return token

    def save_token(self, token: Any) -> None:
        """Update the record that the token denotes, or insert one, and give the token its id."""
        try:
            columns, accounts_url = _to_save(token)
            record = self._native.save_token(columns, accounts_url)
        except TokenStoreError as error:
            self._report(error)
            raise
        except ValueError as error:  # after `close`
            self._report(TokenStoreError(str(error), operation="save_token"))
            raise
        fill(token, record)

    def delete_token(self, id: str) -> None:
        """Delete the record with this id. It is not an error if there is none."""
        self._native.delete_token(id)

    def get_tokens(self) -> List[Any]:
        """Return all records.

        If some secrets cannot be read, the error names them, and ``readable_tokens`` has the others.
        """
        try:
            records = self._native.get_tokens()
        except TokenStoreError as error:
            error.readable_tokens = [token_of(record) for record in error.readable_tokens]
            raise
        return [token_of(record) for record in records]

    def delete_tokens(self) -> None:
        """Delete all records of this store, and nothing else."""
        self._native.delete_tokens()

    def find_token_by_id(self, id: str) -> Any:
        """Return the record with this id, or ``None``.

        Versions of the SDK before ``zohocrmsdk8_0`` 7.0 cannot handle ``None``. With them it raises
        ``NotFoundError``, as the SDK's own stores do.
        """
        found = self._native.find_token_by_id(id)
        if found is not None:
            record, may_be_refreshed = found
            if may_be_refreshed and self.coordinate_refresh:
                record = self._refreshed(record)
            return token_of(record)
        if _handles_none():
            return None
        raise NotFoundError(
            "there is no token with this id", kind="not_found", operation="find_token_by_id"
        )

    def refused(self, id: str) -> bool:
        """Tell that Zoho refused this record's access token (status 401), and obtain another one.

        It returns ``False`` if the token is so new that another one would be refused as well: then a
        scope is missing, or the call went to the wrong data centre. It raises ``NeedsLoginError`` if
        Zoho does not accept the refresh token any more either, and ``InvalidConfigError`` before the SDK
        is initialized: which accounts server to ask is not known then.
        """
        denoted: Columns = (id, *(None,) * 9)
        found = self._native.find_token_by_id(id)
        former = found[0] if found is not None else denoted
        accounts_url = _accounts_url(former[9])
        if accounts_url is None:
            raise InvalidConfigError(
                "the accounts server is not known yet: call Initializer.initialize first",
                kind="invalid_config",
                operation="refused",
            )
        access = self._provider.access_token(denoted, accounts_url)
        if access.value == former[5]:
            if not self._provider.refused(access):
                return False
            self._obtain(denoted, accounts_url)
        return True

    def invalidate(self, id: str) -> None:
        """Forget what is cached of this record, which was changed by other means than a store."""
        self._native.invalidate(id)

    def warm_up(self) -> None:
        """Resolve the credentials and connect, so that the first lookup need not wait for that."""
        self._native.warm_up()

    def check(self) -> Report:
        """Check whether the store works as configured. It changes nothing."""
        return self._native.check()

    def reindex(self) -> int:
        """Give every record the tags it should have; return how many records had wrong ones."""
        return self._native.reindex()

    def close(self) -> None:
        """Close the connections and wipe the cache. Other calls after it raise ``ValueError``."""
        self._native.close()

    def __enter__(self) -> SecretsManagerTokenStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._settings.items() if name != "fingerprint_key")
        return f"SecretsManagerTokenStore({', '.join(shown)})"

    def __getstate__(self) -> Dict[str, Any]:
        return {
            **self._settings,
            "coordinate_refresh": self.coordinate_refresh,
            "on_save_error": self.on_save_error,
        }

    def __setstate__(self, state: Dict[str, Any]) -> None:
        SecretsManagerTokenStore.__init__(self, **state)

    def _refreshed(self, record: Columns) -> Columns:
        accounts_url = _accounts_url(record[9])
        if accounts_url is None:
            return record
        return self._obtain((record[0], *(None,) * 9), accounts_url)

    def _obtain(self, denoted: Columns, accounts_url: str) -> Columns:
        access = self._provider.access_token(denoted, accounts_url)
        if not access.is_saved and access.value != self._reported:
            self._reported = access.value
            problem = "an access token was refreshed and could not be saved; the next lookup tries again"
            self._report(TokenStoreError(problem, retryable=True, operation="find_token"), "%s")
        return access._columns

    def _report(
        self,
        error: TokenStoreError,
        line: str = "a token could not be saved, and the SDK ignores that: %s",
    ) -> None:
        _LOGGER.error(line, error)
        if self.on_save_error is not None:
            try:
                self.on_save_error(error)
            except Exception:
                _LOGGER.exception("on_save_error failed")


def _to_save(token: Any) -> Tuple[Columns, Optional[str]]:
    """Return what a token holds, and the accounts server of its user."""
    if not isinstance(token, OAuthToken):
        raise InvalidTokenError("this is no OAuthToken of the SDK", kind="invalid_token")
    try:
        columns = columns_of(token)
        # The SDK saves no token without an API domain. One that is imported may be of another data
        # centre than the SDK's environment.
        return columns, _accounts_url(columns[9]) if columns[9] is not None else None
    except Exception as error:
        # A subclass has getters of its own. What they raise may have values in its text.
        raise InvalidTokenError(
            f"the token cannot be read, because of a {type(error).__name__}",
            kind="invalid_token",
            operation="save_token",
        ) from error


def _accounts_url(api_domain: Optional[str]) -> Optional[str]:
    """Return the accounts server to which the SDK would send a refresh of such a token."""
    initializer = Initializer.get_initializer()
    if initializer is None:
        return None
    environment = DataCenter.get(api_domain) or initializer.environment
    if environment is None:
        return None
    url: str = environment.accounts_url
    return url[: -len(_TOKEN_PATH)] if url.endswith(_TOKEN_PATH) else url


_TOKEN_PATH = "/oauth/v2/token"

_accepts_none: Optional[bool] = None


def _handles_none() -> bool:
    global _accepts_none
    if _accepts_none is None:
        try:
            major = int(metadata.version("zohocrmsdk8_0").split(".")[0])
        except (metadata.PackageNotFoundError, ValueError):
            major = 0
        _accepts_none = major >= 7
    return _accepts_none
