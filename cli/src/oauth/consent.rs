//! The page on which a user consents.

use zoho_token_store::DataCenter;

/// Returns the URL of the page. After the consent, Zoho sends the browser to the redirect URL with a
/// code and the state.
pub fn url(
    data_center: &DataCenter,
    client_id: &str,
    scope: &str,
    redirect_url: &str,
    state: &str,
) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("scope", scope)
        .append_pair("redirect_uri", redirect_url)
        // Without these two, Zoho gives a refresh token the first time only.
        .append_pair("access_type", "offline")
        .append_pair("prompt", "consent")
        .append_pair("state", state)
        .finish();
    format!("{}/oauth/v2/auth?{query}", data_center.accounts_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_has_what_zoho_asks_for() {
        let url = url(
            &DataCenter::Eu,
            "1000.A",
            "a.READ,b.ALL",
            "http://localhost:1/cb?x",
            "s",
        );
        assert_eq!(
            url,
            "https://accounts.zoho.eu/oauth/v2/auth?response_type=code&client_id=1000.A&\
             scope=a.READ%2Cb.ALL&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcb%3Fx&\
             access_type=offline&prompt=consent&state=s"
        );
    }
}
