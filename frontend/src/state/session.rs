//! Who is signed in.

use leptos::{prelude::*, task::spawn_local};
use prompthub_dto::{account::User, problem::ProblemCode};

use super::{
    drafts,
    lasting::{Lasting, use_lasting},
    toasts::{Toasts, use_toasts},
};
use crate::api::{self, ApiError};

/// What is known of who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// The server is being asked.
    Unknown,
    /// Nobody is, or no longer: whoever comes is led back to this place.
    Anonymous,
    /// The person has chosen to leave.
    SignedOut,
    SignedIn(User),
    /// The server could not say.
    Failed(ApiError),
}

/// The browser's session.
#[derive(Clone, Copy)]
pub struct Session {
    presence: RwSignal<Presence>,
    lasting: Lasting,
    toasts: Toasts,
}

impl Session {
    /// Provides the session to everything below, and asks the server whose it is.
    pub fn provide() -> Self {
        let session = Self {
            presence: RwSignal::new(Presence::Unknown),
            lasting: use_lasting(),
            toasts: use_toasts(),
        };
        provide_context(session);
        api::on_unauthenticated(move || {
            let was_in = session.is_signed_in();
            session.presence.set(Presence::Anonymous);
            session.end_what_lasts();
            if was_in {
                session
                    .toasts
                    .problem("Your session has ended. Sign in to go on.");
            }
        });
        session.load();
        session
    }

    /// Asks the server again.
    pub fn load(self) {
        self.presence.set(Presence::Unknown);
        spawn_local(async move {
            self.presence.set(match api::account::me().await {
                Ok(user) => Self::of(user),
                Err(error) if error.is(ProblemCode::Unauthenticated) => Presence::Anonymous,
                Err(error) => Presence::Failed(error),
            });
        });
    }

    #[must_use]
    pub fn presence(self) -> ReadSignal<Presence> {
        self.presence.read_only()
    }

    fn is_signed_in(self) -> bool {
        self.presence
            .with_untracked(|presence| matches!(presence, Presence::SignedIn(_)))
    }

    /// The account, while somebody is signed in.
    #[must_use]
    pub fn user(self) -> Option<User> {
        match self.presence.get() {
            Presence::SignedIn(user) => Some(user),
            Presence::Unknown | Presence::Anonymous | Presence::SignedOut | Presence::Failed(_) => {
                None
            }
        }
    }

    pub fn sign_in(self, user: User) {
        self.presence.set(Self::of(user));
    }

    /// A session that has expired leaves the drafts for whoever comes back, who may be another person.
    fn of(user: User) -> Presence {
        drafts::keep_for(user.id);
        Presence::SignedIn(user)
    }

    /// The session has ended on the server by the person's own doing: everything that this tab
    /// keeps of it is forgotten.
    pub fn leave(self) {
        drafts::clear_all();
        self.presence.set(Presence::SignedOut);
        self.end_what_lasts();
    }

    /// Whoever comes next may be another person.
    fn end_what_lasts(self) {
        self.lasting.end();
        self.toasts.forget_problems();
    }

    /// Ends the session on the server, then here.
    ///
    /// # Errors
    /// What the server or the network said; the session then still stands.
    pub async fn sign_out(self) -> Result<(), ApiError> {
        match api::account::logout().await {
            Err(error) if !error.is(ProblemCode::Unauthenticated) => Err(error),
            Ok(_) | Err(_) => {
                self.leave();
                Ok(())
            }
        }
    }
}

/// The session that `app` provides.
#[must_use]
pub fn use_session() -> Session {
    expect_context()
}
