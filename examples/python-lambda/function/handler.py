"""A Lambda function that calls Zoho CRM for a user, with Zoho's SDK and the store.

The event is ``{"user_name": "<email>:<org id>"}``; it returns the name of the
user's organization, or that the user must log in.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict

from zoho_token_store import NeedsLoginError, SecretsManagerTokenStore
from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.dc.eu_data_center import EUDataCenter
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.org.org_operations import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature

# Once for all requests of this instance, before the first one.
STORE = SecretsManagerTokenStore()
STORE.warm_up()


def environment() -> Any:
    """Return the data centre: Europe, or the server in ZOHO_URL, for tests."""
    url = os.environ.get("ZOHO_URL")
    if url is None:
        return EUDataCenter.PRODUCTION()
    return DataCenter.Environment(url, url + "/oauth/v2/token", url)


def handle(event: Dict[str, str], context: object) -> Dict[str, Any]:
    token = OAuthToken(user_signature=UserSignature(event["user_name"]))
    try:
        if STORE.find_token(token) is None:
            return {"login": True}
        Initializer.initialize(
            environment=environment(),
            token=token,
            store=STORE,
            # The only folder that a function may write to. Without it, the SDK writes to the one it
            # lies in, and fails.
            resource_path=tempfile.gettempdir(),
        )
        # It looks the token up again, which somebody may have revoked.
        response = OrgOperations().get_organization().get_object()
    except NeedsLoginError:
        return {"login": True}
    return {"organization": response.get_org()[0].get_company_name()}
