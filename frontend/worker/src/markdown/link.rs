//! Which addresses a model's text may lead a reader to.

/// The address as a link may have it, or `None` when it must not be one.
///
/// Only absolute `http`, `https` and `mailto` addresses pass. The scheme must stand at the very
/// beginning and the rest must have no control characters or spaces, so nothing is left to how a
/// browser repairs an address.
#[must_use]
pub fn safe_href(address: &str) -> Option<&str> {
    let clean = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    let allowed = has_scheme(address, "http://")
        || has_scheme(address, "https://")
        || has_scheme(address, "mailto:");
    (clean && allowed).then_some(address)
}

/// The host of a picture that may be offered for loading, or `None` when it must not be. Only `https`
/// passes: the page's policy lets nothing else be loaded.
#[must_use]
pub fn image_host(address: &str) -> Option<&str> {
    let address = safe_href(address)?;
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    // A backslash ends the authority for browsers too.
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

fn has_scheme(address: &str, scheme: &str) -> bool {
    address
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_and_mail_addresses_pass() {
        for address in [
            "https://example.com/a?b#c",
            "HTTP://EXAMPLE.COM",
            "mailto:a@b.c",
        ] {
            assert_eq!(safe_href(address), Some(address));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for address in [
            "",
            "/settings",
            "//example.com",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://example.com/x",
            "https://exa\tmple.com",
            "http:example.com",
            "é",
        ] {
            assert_eq!(safe_href(address), None, "{address}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_would_be_asked() {
        assert_eq!(
            image_host("https://example.com:8080/a.png"),
            Some("example.com:8080")
        );
        assert_eq!(
            image_host("https://good.example@evil.example/a"),
            Some("evil.example")
        );
        assert_eq!(
            image_host("https://evil.example\\@good.example/a"),
            Some("evil.example")
        );
        assert_eq!(image_host("HTTPS://a.example/b"), Some("a.example"));
        assert_eq!(image_host("http://a.example/b"), None);
        assert_eq!(image_host("https:///a"), None);
        assert_eq!(image_host("mailto:a@b.c"), None);
        assert_eq!(image_host("data:image/png;base64,AA"), None);
    }
}
