"""The store as Zoho's Python SDK needs it: a subclass of the SDK's ``TokenStore``.

This module imports the SDK (``pip install zoho-token-store[sdk]``).
"""

from __future__ import annotations

import logging
from importlib import metadata
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from ._columns import Columns
from ._errors import InvalidTokenError, NeedsLoginError, NotFoundError, TokenStoreError
from ._exit import settle_at_exit
from ._native import Report, Store
from ._settings import Value, variables

try:
    from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
    from zohocrmsdk.src.com.zoho.api.authenticator.store.token_store import TokenStore
    from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
    from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
    from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature
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

    All methods raise ``TokenStoreError``. A store can be used by many threads, and after a fork. It is
    pickled with its settings: the copy reads the environment again.
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
        self._settings = {name: value for name, value in given.items() if value is not None}
        self.coordinate_refresh = coordinate_refresh
        self.on_save_error = on_save_error
        self._native = Store(variables(self._settings))
        settle_at_exit(self)

    def find_token(self, token: Any) -> Any:
        """Fill the token with the record that it denotes, and return it; or return ``None``.

        Only what the token lacks is filled.
        """
        if not isinstance(token, OAuthToken):
            return token
        columns = _columns(token)
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
        _fill(token, record)
        return token

    def save_token(self, token: Any) -> None:
        """Update the record that the token denotes, or insert one, and give the token its id."""
        try:
            if not isinstance(token, OAuthToken):
                raise InvalidTokenError("this is no OAuthToken of the SDK", kind="invalid_token")
            record = self._native.save_token(_columns(token), _accounts_url(token.get_api_domain()))
        except TokenStoreError as error:
            self._report(error)
            raise
        _fill(token, record)

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
            error.readable_tokens = [_token(record) for record in error.readable_tokens]
            raise
        return [_token(record) for record in records]

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
            return _token(record)
        if _handles_none():
            return None
        raise NotFoundError(
            "there is no token with this id", kind="not_found", operation="find_token_by_id"
        )

    def invalidate(self, id: str) -> None:
        """Forget what is cached of this record. Call it if Zoho refuses an access token."""
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
        by_id: Columns = (record[0], *(None,) * 9)
        return self._native.access_token(by_id, accounts_url)._columns

    def _report(self, error: TokenStoreError) -> None:
        _LOGGER.error("a token could not be saved, and the SDK ignores that: %s", error)
        if self.on_save_error is not None:
            try:
                self.on_save_error(error)
            except Exception:
                _LOGGER.exception("on_save_error failed")


def _columns(token: Any) -> Columns:
    user = token.get_user_signature()
    expiry = token.get_expires_in()
    return (
        token.get_id(),
        (user.get_name() or None) if user is not None else None,
        token.get_client_id(),
        token.get_client_secret(),
        token.get_refresh_token(),
        token.get_access_token(),
        token.get_grant_token(),
        expiry if expiry is None or type(expiry) is str else str(expiry),
        token.get_redirect_url() or None,
        token.get_api_domain() or None,
    )


def _fill(token: Any, record: Columns) -> None:
    (
        id,
        user_name,
        client_id,
        client_secret,
        refresh_token,
        access_token,
        grant_token,
        expiry_time,
        redirect_url,
        api_domain,
    ) = record
    if id is not None and token.get_id() is None:
        token.set_id(id)
    if user_name is not None and token.get_user_signature() is None:
        token.set_user_signature(UserSignature(user_name))
    if client_id is not None and token.get_client_id() is None:
        token.set_client_id(client_id)
    if client_secret is not None and token.get_client_secret() is None:
        token.set_client_secret(client_secret)
    if refresh_token is not None and token.get_refresh_token() is None:
        token.set_refresh_token(refresh_token)
    if access_token is not None and token.get_access_token() is None:
        token.set_access_token(access_token)
    if grant_token is not None and token.get_grant_token() is None:
        token.set_grant_token(grant_token)
    if expiry_time is not None and token.get_expires_in() is None:
        token.set_expires_in(expiry_time)
    if redirect_url is not None and token.get_redirect_url() is None:
        token.set_redirect_url(redirect_url)
    if api_domain is not None and token.get_api_domain() is None:
        token.set_api_domain(api_domain)


def _token(record: Columns) -> Any:
    # By the constructor: a token that is made without it lacks an attribute, and the SDK then loses
    # the next save without a word.
    token = OAuthToken(
        record[2],
        record[3],
        record[6],
        record[4],
        record[8],
        record[0],
        record[5],
        UserSignature(record[1]) if record[1] is not None else None,
        record[9],
    )
    token.set_expires_in(record[7])
    return token


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
