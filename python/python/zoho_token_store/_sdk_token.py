"""Tokens of the SDK as columns, and back.

The attributes behind the SDK's getters and setters are used where all of them are there, as in all versions
of the SDK so far: twenty calls would take longer than the rest of a lookup. A subclass may have getters of
its own, so its are called.
"""

from __future__ import annotations

from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature

from ._columns import Columns

_ATTRIBUTES = {
    f"_OAuthToken__{name}"
    for name in (
        "id",
        "user_signature",
        "client_id",
        "client_secret",
        "refresh_token",
        "access_token",
        "grant_token",
        "expires_in",
        "redirect_url",
        "api_domain",
    )
}
_HAS_ATTRIBUTES = _ATTRIBUTES <= vars(OAuthToken(access_token="1")).keys()


def columns_of(token: Any) -> Columns:
    """Return what the token holds. What is empty where the SDK allows that is absent."""
    if _HAS_ATTRIBUTES and type(token) is OAuthToken:
        user = token._OAuthToken__user_signature
        expiry = token._OAuthToken__expires_in
        return (
            token._OAuthToken__id,
            (user.get_name() or None) if user is not None else None,
            token._OAuthToken__client_id,
            token._OAuthToken__client_secret,
            token._OAuthToken__refresh_token,
            token._OAuthToken__access_token,
            token._OAuthToken__grant_token,
            expiry if expiry is None or type(expiry) is str else str(expiry),
            token._OAuthToken__redirect_url or None,
            token._OAuthToken__api_domain or None,
        )
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


def fill(token: Any, record: Columns) -> None:
    """Give the token what it lacks and the record has."""
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
    if _HAS_ATTRIBUTES and type(token) is OAuthToken:
        if token._OAuthToken__id is None:
            token._OAuthToken__id = id
        if token._OAuthToken__user_signature is None and user_name is not None:
            token._OAuthToken__user_signature = UserSignature(user_name)
        if token._OAuthToken__client_id is None:
            token._OAuthToken__client_id = client_id
        if token._OAuthToken__client_secret is None:
            token._OAuthToken__client_secret = client_secret
        if token._OAuthToken__refresh_token is None:
            token._OAuthToken__refresh_token = refresh_token
        if token._OAuthToken__access_token is None:
            token._OAuthToken__access_token = access_token
        if token._OAuthToken__grant_token is None:
            token._OAuthToken__grant_token = grant_token
        if token._OAuthToken__expires_in is None:
            token._OAuthToken__expires_in = expiry_time
        if token._OAuthToken__redirect_url is None:
            token._OAuthToken__redirect_url = redirect_url
        if token._OAuthToken__api_domain is None:
            token._OAuthToken__api_domain = api_domain
        return
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


def token_of(record: Columns) -> Any:
    """Return the record as a token."""
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
