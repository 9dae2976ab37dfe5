//! A web application whose users log in with Zoho: login, callback, a call of the API, logout.
//!
//! ```sh
//! cargo run --example axum     # with a fake of Zoho and a store in memory; prints its URL
//! ```
//!
//! With an account at Zoho, register a client of the type "Server-based Application" with the redirect
//! URL `http://localhost:8700/callback` in Zoho's API console, and set `ZOHO_CLIENT_ID`,
//! `ZOHO_CLIENT_SECRET` and, unless it is `us`, `ZOHO_DATA_CENTER`. A program that runs in several
//! processes uses `SecretsManagerTokenStore` and a store for its sessions that all share.

#[path = "http_get/mod.rs"]
mod http_get;
#[path = "fake_zoho/mod.rs"]
mod zoho;

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use zoho::FakeZoho;
use zoho_token_store::{DataCenter, ErrorKind, MemoryTokenStore, OAuthToken, TokenProvider};

type Failure = Box<dyn Error + Send + Sync>;

const PORT: u16 = 8700;
const SCOPES: &str = "ZohoCRM.modules.READ,ZohoCRM.users.READ,ZohoCRM.org.READ";

/// What all requests share.
struct App {
    store: MemoryTokenStore,
    provider: TokenProvider,
    data_center: DataCenter,
    /// The client's id and secret.
    client: (String, String),
    redirect_url: String,
    /// What each browser's cookie stands for.
    sessions: Mutex<HashMap<String, Session>>,
}

enum Session {
    /// The user is at Zoho, and will come back with this state.
    LoggingIn {
        state: String,
    },
    LoggedIn {
        user_name: String,
    },
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // Serves until the program ends.
    let mut fake = None;
    let (data_center, client) = match (env::var("ZOHO_CLIENT_ID"), env::var("ZOHO_CLIENT_SECRET")) {
        (Ok(id), Ok(secret)) => {
            let data_center = env::var("ZOHO_DATA_CENTER").unwrap_or_else(|_| "us".to_owned());
            (data_center.parse()?, (id, secret))
        }
        _ => {
            let zoho = fake.insert(FakeZoho::start(0)?);
            let client = (zoho::CLIENT_ID.to_owned(), zoho::CLIENT_SECRET.to_owned());
            (DataCenter::custom(zoho.url(), zoho.url())?, client)
        }
    };
    let store = MemoryTokenStore::new();
    let app = App {
        provider: provider(&store, &data_center, &client)?,
        store,
        data_center,
        client,
        redirect_url: format!("http://localhost:{PORT}/callback"),
        sessions: Mutex::default(),
    };
    let routes = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/contacts", get(contacts))
        .route("/logout", post(logout))
        .with_state(Arc::new(app));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", PORT)).await?;
    println!("http://localhost:{PORT}");
    Ok(axum::serve(listener, routes).await?)
}

fn provider(
    store: &MemoryTokenStore,
    data_center: &DataCenter,
    (client_id, client_secret): &(String, String),
) -> Result<TokenProvider, zoho_token_store::Error> {
    TokenProvider::builder(store.clone())
        .data_center(data_center.clone())
        .client(client_id, client_secret.as_str())
        .build()
}

async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Html<&'static str> {
    Html(match app.user(&headers) {
        Some(_) => {
            "<a href=/contacts>Contacts</a><form method=post action=/logout><button>Log out</button></form>"
        }
        None => "<a href=/login>Log in with Zoho</a>",
    })
}

/// Sends the user to Zoho.
async fn login(State(app): State<Arc<App>>) -> Response {
    // The state ties the callback to this browser: nobody can be logged in as somebody else.
    let (session, state) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &app.client.0)
        .append_pair("redirect_uri", &app.redirect_url)
        .append_pair("scope", SCOPES)
        // Without these two, Zoho gives a refresh token the first time only.
        .append_pair("access_type", "offline")
        .append_pair("prompt", "consent")
        .append_pair("state", &state)
        .finish();
    let url = format!("{}/oauth/v2/auth?{query}", app.data_center.accounts_url());
    let cookie = format!("session={session}; HttpOnly; SameSite=Lax; Path=/");
    app.sessions().insert(session, Session::LoggingIn { state });
    ([(header::SET_COOKIE, cookie)], Redirect::to(&url)).into_response()
}

/// What Zoho sends the user back with: a code, or an error if the user does not agree.
#[derive(Deserialize)]
struct Callback {
    state: String,
    code: Option<String>,
    /// The accounts server of the user, which may be of another data centre than the client.
    #[serde(rename = "accounts-server")]
    accounts_server: Option<String>,
}

/// Zoho sends the user back.
async fn callback(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Result<Redirect, Problem> {
    let session = session(&headers).ok_or(Problem::NotLoggedIn)?;
    // Removed at once: a callback counts once.
    match app.sessions().remove(&session) {
        Some(Session::LoggingIn { state }) if state == callback.state => {}
        _ => return Err(Problem::NotLoggedIn),
    }
    let code = callback.code.ok_or(Problem::Denied)?;
    // The code is valid there only. No other server than Zoho's gets the client secret.
    let own = callback.accounts_server.as_deref();
    let own = own.and_then(DataCenter::of_accounts_url);
    let provider = provider(
        &app.store,
        own.as_ref().unwrap_or(&app.data_center),
        &app.client,
    )?;
    let record = provider.login(code, Some(&app.redirect_url)).await?;
    let user_name = record.user_name().ok_or("Zoho tells no user")?.to_owned();
    app.sessions()
        .insert(session, Session::LoggedIn { user_name });
    Ok(Redirect::to("/"))
}

/// Calls the API as the user. If Zoho refuses the access token, `call` does it again with a new one.
async fn contacts(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<axum::Json<Value>, Problem> {
    let user = app.user(&headers).ok_or(Problem::NotLoggedIn)?;
    let call = app.provider.call(&user, async |token| {
        let url = format!("{}/crm/v8/Contacts?fields=Last_Name", token.api_domain());
        http_get::get(&url, token.authorization_header()).await
    });
    let (status, body) = call.await?;
    match status.is_success() {
        true => Ok(axum::Json(body)),
        false => Err(format!("Zoho's API returned {status}").into()),
    }
}

/// Revokes the user's tokens at Zoho, and deletes the record.
async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Redirect, Problem> {
    let user = app.user(&headers).ok_or(Problem::NotLoggedIn)?;
    app.provider.revoke(&user).await?;
    session(&headers).map(|session| app.sessions().remove(&session));
    Ok(Redirect::to("/"))
}

impl App {
    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().expect("no request panics")
    }

    /// The user of this browser, as the provider is asked for them.
    fn user(&self, headers: &HeaderMap) -> Option<OAuthToken> {
        match self.sessions().get(&session(headers)?)? {
            Session::LoggedIn { user_name } => {
                OAuthToken::builder().user_name(user_name).build().ok()
            }
            Session::LoggingIn { .. } => None,
        }
    }
}

fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let mut cookies = cookies.split("; ");
    cookies.find_map(|cookie| Some(cookie.strip_prefix("session=")?.to_owned()))
}

/// Why a request fails.
enum Problem {
    NotLoggedIn,
    /// The user does not let this program use their account.
    Denied,
    Other(Failure),
}

impl<E: Into<Failure>> From<E> for Problem {
    fn from(error: E) -> Self {
        let error = error.into();
        // Zoho takes the user's tokens no more, for example because they removed this program.
        let store = error.downcast_ref::<zoho_token_store::Error>();
        match store.is_some_and(|error| error.kind() == ErrorKind::NeedsLogin) {
            true => Problem::NotLoggedIn,
            false => Problem::Other(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Problem::NotLoggedIn => Redirect::to("/login").into_response(),
            Problem::Denied => {
                let page = "Zoho has not let you in. <a href=/login>Try again</a>";
                (StatusCode::FORBIDDEN, Html(page)).into_response()
            }
            // The store's errors hold no token, and no user name.
            Problem::Other(error) => {
                eprintln!("{error}");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}
