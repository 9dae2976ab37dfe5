"""Valid access tokens for programs that call Zoho's APIs without the SDK."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ._columns import NAMES, Columns, as_dictionary
from ._errors import InvalidConfigError, InvalidTokenError, TokenStoreError
from ._native import AccessToken, Store
from ._settings import Value, variables


class TokenStatus(NamedTuple):
    """How a token stands; returned by ``TokenProvider.status``."""

    #: The record's id.
    id: str
    #: ``valid``, ``expiring`` (valid, and refreshed when it is asked for next), ``expired``,
    #: ``refreshing`` and ``exchanging`` (by some process, which may have crashed), ``failing`` (Zoho
    #: issues no access token for it) or ``needs_login``.
    state: str
    #: When its access token expires, in seconds since the Unix epoch, if that is known.
    expires_at: Optional[float]
    #: Whether it can be refreshed without a login.
    can_refresh: bool
    #: Whether this process holds tokens of it that could not be saved yet.
    is_unsaved: bool
    #: Whether Zoho is not asked again before somebody logs in.
    needs_login: bool
    #: Zoho's error code if it is ``failing``, for example ``invalid_code``.
    code: Optional[str]
    #: Since when it is ``failing``, in seconds since the Unix epoch.
    since: Optional[float]


class Sweep(NamedTuple):
    """What ``TokenProvider.refresh_expiring`` has done."""

    #: How many records there are.
    records: int
    #: How many of them had a token that expires soon, or none, and can be refreshed.
    expiring: int
    #: How many of these have a longer valid access token now.
    refreshed: int
    #: The ids of those that could not be refreshed, and why.
    failed: List[Tuple[str, TokenStoreError]]
    #: Why some records could not be read, if some could not.
    unreadable: Optional[TokenStoreError]


class TokenProvider:
    """Returns valid access tokens, each refreshed once for all processes that share the store.

    ``data_center`` is one of ``us``, ``eu``, ``in``, ``cn``, ``au``, ``jp``, ``ca`` and ``sa``, by
    default ``us``; ``accounts_url`` and ``api_domain`` are the servers of another one, in its place.
    ``login`` needs ``client_id`` and ``client_secret``. All other keywords are settings of the store, as
    of ``SecretsManagerTokenStore``.

    It needs no SDK. Threads can share it, and it can be used after a fork. Its methods raise
    ``TokenStoreError``; after ``close``, ``ValueError``.
    """

    def __init__(
        self,
        data_center: Optional[str] = None,
        *,
        accounts_url: Optional[str] = None,
        api_domain: Optional[str] = None,
        client_id: Optional[str] = None,
        client_secret: Optional[str] = None,
        **settings: Value,
    ) -> None:
        if (accounts_url is None) != (api_domain is None):
            raise TypeError("give both accounts_url and api_domain, or neither")
        if data_center is not None and accounts_url is not None:
            raise TypeError("give either data_center, or accounts_url and api_domain")
        if (client_id is None) != (client_secret is None):
            raise TypeError("give both client_id and client_secret, or neither")
        servers = None
        if accounts_url is not None and api_domain is not None:
            servers = accounts_url, api_domain
        client = None
        if client_id is not None and client_secret is not None:
            client = client_id, client_secret
        self._native = Store(
            variables(settings), data_center=data_center, servers=servers, client=client
        )
        self._provider = self._native.provider()
        self._has_client = client is not None

    def access_token(
        self,
        *,
        user_name: Optional[str] = None,
        id: Optional[str] = None,
        client_id: Optional[str] = None,
    ) -> AccessToken:
        """Return a valid access token of this user, or of the record with this id.

        ``client_id`` tells which record is meant if the user has several.

        It makes no call while the access token is cached and valid for more than ten minutes. If it is
        not, one process refreshes it, and the others go on with it as long as it is valid.

        It raises ``NeedsLoginError`` if the user must log in, ``RefreshPendingError`` if another process
        does not finish its refresh within 30 seconds, and ``ThrottledError`` or ``UnavailableError`` if
        Zoho issues no token and the former one has expired.
        """
        denoted = _columns(user_name=user_name, id=id, client_id=client_id)
        return self._provider.access_token(denoted)

    def refused(self, token: AccessToken) -> bool:
        """Tell that Zoho refused a token (status 401); the next ``access_token`` returns another.

        It returns ``False`` if the token is so new that another one would be refused as well: then a
        scope is missing, or the call went to the wrong data centre.
        """
        return self._provider.refused(token)

    def login(self, code: str, redirect_url: Optional[str] = None) -> Dict[str, Optional[str]]:
        """Exchange the code with which Zoho sent the user back, save the tokens, return the record.

        Give the redirect URL that the user was sent to Zoho with; a code of Zoho's console (Self Client)
        has none. The user's name is ``<email>:<org id>``, which needs the scopes ``ZohoCRM.users.READ``
        and ``ZohoCRM.org.READ``; without them, the record has none.

        It raises ``NeedsLoginError`` if Zoho does not accept the code: codes are valid for some minutes,
        once. It raises ``GrantUnsettledError`` if it is not known whether Zoho has exchanged the code: let
        the user log in again. If the store cannot save the tokens, the error has them: give its
        ``unsaved_token`` to ``save``.
        """
        if not self._has_client:
            raise InvalidConfigError(
                "the provider has no OAuth client: give it client_id and client_secret",
                kind="invalid_config",
                operation="login",
            )
        return as_dictionary(self._provider.login(code, redirect_url))

    def exchange_grant(
        self,
        grant_token: str,
        *,
        redirect_url: Optional[str] = None,
        user_name: Optional[str] = None,
        client_id: Optional[str] = None,
        client_secret: Optional[str] = None,
        accounts_url: Optional[str] = None,
        again: bool = False,
    ) -> Dict[str, Optional[str]]:
        """Exchange a grant token that several processes may know, and return the record.

        All of them may call this: the grant token is saved first, one process sends it, and the others
        get the same record. The client is that of the provider if it is not given. Without
        ``user_name``, the record gets that of ``login``.

        It raises ``GrantUnsettledError`` if a process has sent the grant token and it is not known
        whether Zoho has exchanged it: ``again=True`` sends it once more. Other errors are those of
        ``login``, and ``RefreshPendingError`` if another process does not finish in time.
        """
        if (client_id is None) != (client_secret is None):
            raise TypeError("give both client_id and client_secret, or neither")
        token = _columns(
            grant_token=grant_token,
            redirect_url=redirect_url,
            user_name=user_name,
            client_id=client_id,
            client_secret=client_secret,
        )
        return as_dictionary(self._provider.exchange_grant(token, accounts_url, again=again))

    def save(self, record: Mapping[str, Optional[str]]) -> Dict[str, Optional[str]]:
        """Save a record, such as the ``unsaved_token`` of an error, and return it as it is stored.

        The keys are those of the records that ``login`` returns. It updates the record with that id, or
        else that of the user and client, or inserts one; what is absent or ``None`` stays as it is stored.
        """
        unknown = record.keys() - {*NAMES, "accounts_url"}
        if unknown:
            raise TypeError(f"a record has no {', '.join(sorted(unknown))}")
        return as_dictionary(self._provider.save(_columns(**record), record.get("accounts_url")))

    def delete_token(self, id: str) -> None:
        """Delete the record with this id, and tell Zoho nothing. It is not an error if there is none."""
        self._native.delete_token(id)

    def revoke(
        self,
        *,
        user_name: Optional[str] = None,
        id: Optional[str] = None,
        client_id: Optional[str] = None,
    ) -> bool:
        """Revoke the tokens at Zoho and delete the record; return whether there was one.

        With the user's name alone, all records of the store are read: it raises ``InvalidTokenError`` if
        the user has several, and changes none of them. Give ``client_id`` or ``id`` then.

        It raises ``UnavailableError`` or ``ThrottledError`` if Zoho has not revoked them; the record
        stays then.
        """
        if id is None:
            id = self._only(user_name, client_id)
            if id is None:
                return False
            # The id alone: the record may have been refreshed since.
            user_name = client_id = None
        return self._provider.revoke(_columns(user_name=user_name, id=id, client_id=client_id))

    def refresh(
        self,
        *,
        user_name: Optional[str] = None,
        id: Optional[str] = None,
        client_id: Optional[str] = None,
    ) -> AccessToken:
        """Refresh the access token now, whatever its expiry is, and even if Zoho refused that before.

        For operators: ``access_token`` refreshes when it is necessary. ``client_id`` tells which record
        is meant if the user has several.
        """
        return self._provider.refresh(_columns(user_name=user_name, id=id, client_id=client_id))

    def refresh_expiring(self, within_seconds: float) -> Sweep:
        """Refresh all tokens that expire within this time, at most ten a second.

        For a scheduled job, so that no caller has to wait. Tokens that Zoho does not accept any more, or
        that failed a moment ago, are reported and not asked for again.
        """
        return Sweep(*self._provider.refresh_expiring(within_seconds))

    def status(
        self,
        *,
        user_name: Optional[str] = None,
        id: Optional[str] = None,
        client_id: Optional[str] = None,
    ) -> Optional[TokenStatus]:
        """Return how a token stands, or ``None`` if there is no such record.

        It reads the record from where it is stored, and never asks Zoho. ``client_id`` tells which record
        is meant if the user has several.
        """
        denoted = _columns(user_name=user_name, id=id, client_id=client_id)
        status = self._provider.status(denoted)
        return TokenStatus(*status) if status is not None else None

    def counts(self) -> Dict[str, int]:
        """Return how often each event has happened in this process, for the program's metrics.

        The names are those of ``docs/oauth.md``, for example ``zoho_token_provider.refreshes``. What
        has not happened is left out.
        """
        return self._provider.counts()

    def warm_up(self) -> None:
        """Resolve the credentials and connect, so that the first call need not wait for that."""
        self._native.warm_up()

    def close(self) -> None:
        """Wait for refreshes under way, close the connections and wipe the cache."""
        self._native.close()

    def __enter__(self) -> TokenProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _only(self, user_name: Optional[str], client_id: Optional[str]) -> Optional[str]:
        """Return the id of the user's only record, or of that of this client; ``None`` if there is none."""
        found = self._native.find_token(_columns(user_name=user_name, client_id=client_id))
        if found is None:
            return None
        columns, _ = found
        if client_id is not None:
            # A record without a client is found for each one.
            return columns[0] if columns[2] == client_id else None
        try:
            records = [record for record in self._native.get_tokens() if record[1] == user_name]
        except TokenStoreError as error:
            raise type(error)(
                "whether the user has several records is not known: give client_id, or the id "
                f"{columns[0]}: {error}",
                kind=error.kind,
                retryable=error.retryable,
                operation="revoke",
                secret_name=error.secret_name,
                request_id=error.request_id,
                missing_action=error.missing_action,
            ) from None
        if len(records) > 1:
            names = sorted(f"{record[0]} ({record[2] or 'no client'})" for record in records)
            raise InvalidTokenError(
                f"the user has {len(names)} records: give client_id, or the id of one: {', '.join(names)}",
                kind="invalid_token",
                operation="revoke",
            )
        return columns[0]


def _columns(**given: Optional[str]) -> Columns:
    columns: Any = tuple(given.get(name) for name in NAMES)
    result: Columns = columns
    return result
