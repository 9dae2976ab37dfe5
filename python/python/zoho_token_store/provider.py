"""Valid access tokens for programs that call Zoho's APIs without the SDK."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ._columns import NAMES, Columns
from ._exit import settle_at_exit
from ._native import AccessToken, Store
from ._settings import Value, variables


class TokenProvider:
    """Returns valid access tokens, each refreshed once for all processes that share the store.

    ``data_center`` is one of ``us``, ``eu``, ``in``, ``cn``, ``au``, ``jp``, ``ca`` and ``sa``;
    ``accounts_url`` and ``api_domain`` are the servers of another one, in its place. ``login`` needs
    ``client_id`` and ``client_secret``. All other keywords are settings of the store, as of
    ``SecretsManagerTokenStore``.

    It needs no SDK. Its methods raise ``TokenStoreError``.
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
        if (client_id is None) != (client_secret is None):
            raise TypeError("give both client_id and client_secret, or neither")
        servers = (accounts_url, api_domain) if accounts_url and api_domain else None
        client = (client_id, client_secret) if client_id and client_secret else None
        self._native = Store(
            variables(settings), data_center=data_center, servers=servers, client=client
        )
        settle_at_exit(self)

    def access_token(
        self,
        *,
        user_name: Optional[str] = None,
        id: Optional[str] = None,
        client_id: Optional[str] = None,
    ) -> AccessToken:
        """Return a valid access token of this user, or of the record with this id.

        It raises ``NeedsLoginError`` if the user must log in.
        """
        return self._native.access_token(_columns(user_name=user_name, id=id, client_id=client_id))

    def refused(self, token: AccessToken) -> bool:
        """Tell that Zoho refused a token (status 401); the next ``access_token`` returns another.

        It returns ``False`` if the token is so new that another one would be refused as well.
        """
        return self._native.refused(token)

    def login(self, code: str, redirect_url: Optional[str] = None) -> Dict[str, Optional[str]]:
        """Exchange the code with which Zoho sent the user back, save the tokens, return the record."""
        return dict(zip(NAMES, self._native.login(code, redirect_url)))

    def revoke(self, *, user_name: Optional[str] = None, id: Optional[str] = None) -> bool:
        """Revoke the tokens at Zoho and delete the record; return whether there was one."""
        return self._native.revoke(_columns(user_name=user_name, id=id))

    def warm_up(self) -> None:
        """Resolve the credentials and connect, so that the first call need not wait for that."""
        self._native.warm_up()

    def close(self) -> None:
        """Close the connections and wipe the cache."""
        self._native.close()

    def __enter__(self) -> TokenProvider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _columns(**given: Optional[str]) -> Columns:
    columns: Any = tuple(given.get(name) for name in NAMES)
    result: Columns = columns
    return result
