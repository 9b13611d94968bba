//! Refuses writes that a browser sends from another site (CSRF).
//!
//! Decides as Go's `http.CrossOriginProtection` does: `Sec-Fetch-Site` where the browser sends it,
//! else `Origin` against our own host; with neither, the caller is no browser and carries no
//! ambient authority.

use actix_web::http::{Method, header::HeaderMap};
use url::Url;

/// Whether a request may go on. `host` is what the client asked for, `public_url` what the operator
/// says that browsers use.
#[must_use]
pub fn allows(method: &Method, headers: &HeaderMap, host: &str, public_url: Option<&Url>) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get("origin") else {
        return true;
    };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else {
        return false;
    };
    let origin = authority(&origin);
    origin.is_some()
        && (origin.as_deref() == Some(host) || origin == public_url.and_then(authority))
}

/// `host` or `host:port`, as a `Host` header has it.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn decides(method: &Method, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let public = Url::parse("https://chat.example").unwrap();
        allows(method, &map, "hub.internal:8080", Some(&public))
    }

    #[test]
    fn the_matrix() {
        let cases: &[(&[(&'static str, &'static str)], bool)] = &[
            (&[], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "nonsense")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://chat.example"),
                ],
                false,
            ),
            (&[("origin", "http://hub.internal:8080")], true),
            (&[("origin", "https://chat.example")], true),
            (&[("origin", "https://chat.example:444")], false),
            (&[("origin", "https://chat.example.evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
        ];
        for (headers, expected) in cases {
            assert_eq!(decides(&Method::POST, headers), *expected, "{headers:?}");
            assert!(decides(&Method::GET, headers), "{headers:?}");
        }
    }
}
