//! The page's addresses, in one place: what they look like and how they are read.

use prompthub_dto::ids::{ConversationId, ProjectId};

pub const HOME: &str = "/";
pub const LOGIN: &str = "/login";
pub const REGISTER: &str = "/register";
pub const SETTINGS: &str = "/settings";

/// A project, on one of its conversations or on a new one.
#[must_use]
pub fn project(id: ProjectId, conversation: Option<ConversationId>) -> String {
    match conversation {
        Some(conversation) => format!("/projects/{id}/c/{conversation}"),
        None => format!("/projects/{id}"),
    }
}

/// The conversation in what follows `/projects/{id}/`. The error is an address that means nothing.
///
/// # Errors
/// The text is neither empty nor `c/{conversation}`.
pub fn parse_place(rest: &str) -> Result<Option<ConversationId>, ()> {
    match rest.trim_end_matches('/') {
        "" => Ok(None),
        rest => rest
            .strip_prefix("c/")
            .ok_or(())?
            .parse()
            .map(Some)
            .map_err(|_| ()),
    }
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
        assert_eq!(parse_place(""), Ok(None));
        assert_eq!(
            parse_place(&format!("c/{ID}")),
            Ok(Some(ID.parse().unwrap()))
        );
        assert_eq!(
            parse_place(&format!("c/{ID}/")),
            Ok(Some(ID.parse().unwrap()))
        );
        for rest in ["c", "c/x", "files", "c/"] {
            assert_eq!(parse_place(rest), Err(()), "{rest}");
        }
    }
}
