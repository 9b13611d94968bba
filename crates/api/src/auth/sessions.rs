//! Sessions: what a signed-in browser's cookie stands for.
//!
//! Rows of our own database behind actix-session's middleware, so that signing out, a new password
//! and a deleted account end them at once. The cookie carries a random key, signed; the database
//! only its SHA-256, so that a stolen copy of it opens no session.

use std::{cell::RefCell, collections::HashMap, future::Future};

use actix_session::{
    Session, SessionExt, SessionMiddleware,
    config::PersistentSession,
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError},
};
use actix_web::{
    HttpRequest,
    cookie::{Key, SameSite, time::Duration},
};
use anyhow::anyhow;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use prompthub_dto::ids::{SessionId, UserId};
use prompthub_store::{Store, StoreError, now, sessions, users};
use sha2::{Digest, Sha256};

use super::passwords;
use crate::error::ApiError;

/// A session that is not used for so long ends.
const LIFETIME: Duration = Duration::days(30);
/// Sessions of one person. With one more, the one that was seen longest ago ends: a script that signs in anew each time
/// must not make a list without an end.
const MAX_SESSIONS: i64 = 1000;
/// How often a used session's life is extended.
const RENEWAL: chrono::TimeDelta = chrono::TimeDelta::hours(1);

const SESSION_ID: &str = "session_id";
const USER_ID: &str = "user_id";
const PROOF: &str = "proof";
const USER_AGENT: &str = "user_agent";
const IP_ADDRESS: &str = "ip_address";
const RENEWED_AT: &str = "renewed_at";

type State = HashMap<String, String>;

tokio::task_local! {
    /// What kept the session of this task's request from being read or written: the middleware makes
    /// an error of its own of it, which no longer tells.
    static FAILURE: RefCell<Option<StoreError>>;
}

/// Serves a request, and says what the database had against its session.
pub async fn telling_failure<F: Future>(serving: F) -> (F::Output, Option<StoreError>) {
    let serving = async { (serving.await, FAILURE.with(RefCell::take)) };
    FAILURE.scope(RefCell::default(), serving).await
}

fn failed(error: StoreError) -> anyhow::Error {
    let told = anyhow!("{error}");
    let _ = FAILURE.try_with(|failure| failure.replace(Some(error)));
    told
}

/// The middleware that reads and sets the cookie.
#[must_use]
pub fn middleware(store: Store, key: Key, https: bool) -> SessionMiddleware<DatabaseSessions> {
    // `__Host-` makes browsers insist on Secure, no Domain and path `/`.
    let name = if https {
        "__Host-prompthub"
    } else {
        "prompthub"
    };
    SessionMiddleware::builder(DatabaseSessions { store }, key)
        .cookie_name(name.to_owned())
        .cookie_secure(https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(actix_session::config::CookieContentSecurity::Signed)
        .session_lifecycle(PersistentSession::default().session_ttl(LIFETIME))
        .build()
}

/// The session of a request, its keys hidden.
pub struct TypedSession(Session);

impl TypedSession {
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.get_session())
    }

    /// Signs `user` in under a new session id, whatever session the browser had before.
    pub fn sign_in(
        &self,
        user: UserId,
        proof: &str,
        user_agent: Option<&str>,
        ip_address: Option<&str>,
    ) -> Result<(), ApiError> {
        let insert = |key: &str, value: &str| self.0.insert(key, value).map_err(ApiError::internal);
        self.0.clear();
        self.0.renew();
        insert(SESSION_ID, SessionId::new().as_str())?;
        insert(USER_ID, user.as_str())?;
        insert(PROOF, proof)?;
        if let Some(user_agent) = user_agent {
            insert(USER_AGENT, user_agent)?;
        }
        if let Some(ip_address) = ip_address {
            insert(IP_ADDRESS, ip_address)?;
        }
        self.mark_renewed()
    }

    /// Ends the session, in the database too.
    pub fn sign_out(&self) {
        self.0.purge();
    }

    /// Who is signed in, and under which session.
    pub fn current(&self) -> Option<(UserId, SessionId)> {
        let user = self.0.get::<UserId>(USER_ID).ok().flatten()?;
        let session = self.0.get::<SessionId>(SESSION_ID).ok().flatten()?;
        Some((user, session))
    }

    /// Extends the session's life when that has not been done for a while; a change of its state
    /// makes the middleware write it and send the cookie anew.
    pub fn keep_alive(&self) -> Result<(), ApiError> {
        let renewed = self.0.get::<i64>(RENEWED_AT).ok().flatten().unwrap_or(0);
        if now().and_utc().timestamp().saturating_sub(renewed) > RENEWAL.num_seconds() {
            self.mark_renewed()?;
        }
        Ok(())
    }

    fn mark_renewed(&self) -> Result<(), ApiError> {
        self.0
            .insert(RENEWED_AT, now().and_utc().timestamp())
            .map_err(ApiError::internal)
    }
}

/// Sessions in the database.
pub struct DatabaseSessions {
    store: Store,
}

impl SessionStore for DatabaseSessions {
    fn load(&self, key: &SessionKey) -> impl Future<Output = Result<Option<State>, LoadError>> {
        let hash = hash_of(key);
        let store = self.store.clone();
        async move {
            let found = store
                .look_up(move |conn| sessions::find_by_key_hash(conn, &hash, now()))
                .await
                .map_err(|error| LoadError::Other(failed(error)))?;
            found
                .map(|row| serde_json::from_str(&row.state))
                .transpose()
                .map_err(|error| LoadError::Deserialization(error.into()))
        }
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = new_key().map_err(SaveError::Other)?;
        let row = new_row(&key, &state, ttl).map_err(SaveError::Serialization)?;
        let proof = value(&state, PROOF);
        self.store
            .write(move |conn| {
                users::lock(conn, row.user_id)?;
                let user = users::find(conn, row.user_id)?;
                // The password may have been changed, or the account deleted, since it was checked.
                // Then the session is over before it begins: its cookie opens nothing.
                if user.is_some_and(|user| Some(passwords::proof(&user.password_hash)) == proof) {
                    sessions::insert(conn, &row)?;
                    sessions::end_beyond(conn, row.user_id, MAX_SESSIONS)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .map_err(|error| SaveError::Other(failed(error)))?;
        Ok(key)
    }

    /// A session that was ended meanwhile stays ended: nothing is written then.
    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let hash = hash_of(&key);
        let state = serde_json::to_string(&state)
            .map_err(|error| UpdateError::Serialization(error.into()))?;
        let expires_at = now() + lifetime(ttl);
        self.store
            .write(move |conn| sessions::update(conn, &hash, &state, now(), expires_at))
            .await
            .map_err(|error| UpdateError::Other(failed(error)))?;
        Ok(key)
    }

    async fn update_ttl(&self, _key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        // Only called under a policy that we do not choose; `keep_alive` extends sessions.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = hash_of(key);
        self.store
            .write(move |conn| sessions::delete_by_key_hash(conn, &hash))
            .await
            .map(|_deleted| ())
            .map_err(failed)
    }
}

fn lifetime(ttl: &Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::seconds(ttl.whole_seconds())
}

/// 256 random bits.
fn new_key() -> Result<SessionKey, anyhow::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    URL_SAFE_NO_PAD
        .encode(bytes)
        .try_into()
        .map_err(|error| anyhow!("session key: {error}"))
}

fn hash_of(key: &SessionKey) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(key.as_ref().as_bytes()))
}

/// A text of the state; actix-session keeps each value as JSON.
fn value(state: &State, name: &str) -> Option<String> {
    serde_json::from_str(state.get(name)?).ok()
}

fn new_row(
    key: &SessionKey,
    state: &State,
    ttl: &Duration,
) -> Result<sessions::NewSession, anyhow::Error> {
    let id = value(state, SESSION_ID).and_then(|text| text.parse().ok());
    let user_id = value(state, USER_ID).and_then(|text| text.parse().ok());
    let created_at = now();
    Ok(sessions::NewSession {
        id: id.ok_or_else(|| anyhow!("a session without an id"))?,
        key_hash: hash_of(key),
        user_id: user_id.ok_or_else(|| anyhow!("a session without a user"))?,
        state: serde_json::to_string(state)?,
        user_agent: value(state, USER_AGENT),
        ip_address: value(state, IP_ADDRESS),
        now: created_at,
        expires_at: created_at + lifetime(ttl),
    })
}
