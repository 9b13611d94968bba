//! The page's addresses, in one place: what they look like and how they are read.

use prompthub_dto::ids::{ConversationId, MessageId, ProjectId};

pub const HOME: &str = "/";
pub const LOGIN: &str = "/login";
pub const REGISTER: &str = "/register";
pub const SETTINGS: &str = "/settings";
pub const USAGE: &str = "/usage";
/// Where providers of models are set up.
pub const PROVIDERS: &str = "/settings#providers";

/// A project, on one of its conversations or on a new one.
#[must_use]
pub fn project(id: ProjectId, conversation: Option<ConversationId>) -> String {
    place(id, conversation, None)
}

/// A project, on one of its conversations, at a message of that.
#[must_use]
pub fn place(
    id: ProjectId,
    conversation: Option<ConversationId>,
    message: Option<MessageId>,
) -> String {
    match (conversation, message) {
        (Some(conversation), Some(message)) => {
            format!("/projects/{id}/c/{conversation}/m/{message}")
        }
        (Some(conversation), None) => format!("/projects/{id}/c/{conversation}"),
        (None, _) => format!("/projects/{id}"),
    }
}

/// What an address shows of a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// `None` for one that is yet to begin.
    pub conversation: Option<ConversationId>,
    /// The message to go to.
    pub message: Option<MessageId>,
}

/// The place in what follows `/projects/{id}/`. The error is an address that means nothing.
///
/// # Errors
/// The text is neither empty nor `c/{conversation}` nor `c/{conversation}/m/{message}`.
pub fn parse_place(rest: &str) -> Result<Place, ()> {
    let rest = rest.trim_end_matches('/');
    if rest.is_empty() {
        return Ok(Place::default());
    }
    let rest = rest.strip_prefix("c/").ok_or(())?;
    let (conversation, message) = match rest.split_once("/m/") {
        Some((conversation, message)) => (conversation, Some(message)),
        None => (rest, None),
    };
    Ok(Place {
        conversation: Some(conversation.parse().map_err(|_| ())?),
        message: message.map(str::parse).transpose().map_err(|_| ())?,
    })
}

/// The project that a path is in.
#[must_use]
pub fn project_of(path: &str) -> Option<ProjectId> {
    let rest = path.strip_prefix("/projects/")?;
    rest.split('/').next()?.parse().ok()
}

/// The way to sign in that leads back to `here`.
#[must_use]
pub fn login_then(here: &str) -> String {
    match safe_next(here) {
        HOME => LOGIN.to_owned(),
        next => format!("{LOGIN}?next={}", js_sys::encode_uri_component(next)),
    }
}

/// Where to go after signing in. Only addresses of this page count: what another site put into
/// `next` must not lead there.
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let mut characters = next.chars();
    let local = characters.next() == Some('/')
        && !matches!(characters.next(), Some('/' | '\\'))
        && !next.contains(char::is_control);
    let doors = [LOGIN, REGISTER];
    if local && !doors.iter().any(|door| next.starts_with(door)) {
        next
    } else {
        HOME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f";

    #[test]
    fn only_own_addresses_are_followed_after_signing_in() {
        for next in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/x",
            "/login?next=/",
        ] {
            assert_eq!(safe_next(next), HOME, "{next}");
        }
        assert_eq!(safe_next("/settings?a=1"), "/settings?a=1");
    }

    #[test]
    fn a_place_in_a_project_is_read_back() {
        let (project, conversation, message) =
            (ID.parse().unwrap(), ID.parse().ok(), ID.parse().ok());
        let places = [
            Place::default(),
            Place {
                conversation,
                message: None,
            },
            Place {
                conversation,
                message,
            },
        ];
        for shown in places {
            let path = place(project, shown.conversation, shown.message);
            let rest = path.strip_prefix(&format!("/projects/{ID}")).unwrap();
            assert_eq!(parse_place(rest.trim_start_matches('/')), Ok(shown));
            assert_eq!(
                parse_place(&format!("{}/", rest.trim_start_matches('/'))),
                Ok(shown)
            );
            assert_eq!(project_of(&path), Some(project));
        }
        for rest in [
            "c",
            "c/x",
            "files",
            "c/",
            &format!("c/{ID}/m/x"),
            &format!("m/{ID}"),
        ] {
            assert_eq!(parse_place(rest), Err(()), "{rest}");
        }
        assert_eq!(project_of("/settings"), None);
    }
}
