//! The outermost middleware: what every answer has, whoever made it.
//!
//! Gives the request its id, refuses writes from other sites, turns every error into a problem
//! document, sets the security headers, and writes one line to the log.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Instant,
};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
            HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, UPGRADE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web::Data,
};
use prompthub_dto::{ids::GenerationId, problem::ProblemCode};

use super::{
    connection::{ServedBody, Serving},
    extract::RequestId,
    problem::{self, PROBLEM_JSON},
};
use crate::{
    auth::{cross_origin, sessions},
    error::{ApiError, log_fault},
    state::App,
};

/// Bytes of path and query: more than any cursor or file name needs.
const MAX_URI_BYTES: usize = 8 * 1024;
/// API answers load nothing and are shown nowhere.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Wraps every request.
///
/// # Errors
/// Only with an answer inside that is already complete.
pub async fn shell(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<ServedBody>, Error> {
    let serving = request.conn_data::<Rc<Serving>>().cloned();
    let served = serving.map(|serving| serving.begin(&request));
    let response = answer(request, next).await?;
    Ok(response.map_body(|_, body| ServedBody::new(body, served)))
}

async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let finish = Finish::of(&request);
    let id = finish.id.clone();
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Some(error) = refuse(&request) {
        let mut response = request.into_response(problem::response(&error, &id));
        finish.apply(response.response_mut());
        return Ok(response);
    }
    let (served, failure) = sessions::telling_failure(next.call(request)).await;
    match served {
        Ok(response) => {
            let mut response = explain(response.map_into_boxed_body(), &id);
            finish.apply(response.response_mut());
            Ok(response)
        }
        // The request is gone with the middleware that failed, but its answer can still be whole.
        Err(error) => {
            let failure = failure.map(ApiError::from);
            let mut response = match error.as_error().or(failure.as_ref()) {
                Some(error) => {
                    log_fault(error, &id);
                    problem::response(error, &id)
                }
                None => {
                    tracing::error!(request_id = %id, cause = %error, "a middleware failed");
                    let status = error.as_response_error().status_code();
                    problem::response(&problem::of_status(status), &id)
                }
            };
            finish.apply(&mut response);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// The answer to what never became a request, in place of a bare one with this status.
pub(super) fn refusal(status: StatusCode, https: bool) -> HttpResponse {
    let id = GenerationId::new().to_string();
    let mut response = problem::response(&problem::of_status(status), &id);
    set_headers(response.headers_mut(), &id, https);
    response
}

/// Why a request is not even looked at.
fn refuse(request: &ServiceRequest) -> Option<ApiError> {
    if !is_same_origin(request) {
        return Some(ApiError::new(
            ProblemCode::CrossOrigin,
            "Browsers may send this only from the page of this server.",
        ));
    }
    // actix would take all that ever follows for the body.
    let mut offers = request.headers().get_all(UPGRADE);
    if offers.any(|offer| {
        offer
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"websocket")
    }) {
        return Some(ApiError::new(
            ProblemCode::BadRequest,
            "There are no WebSockets here: answers are streamed as server-sent events.",
        ));
    }
    let uri = request.uri().path_and_query();
    let is_too_long = uri.is_some_and(|uri| uri.as_str().len() > MAX_URI_BYTES);
    is_too_long.then(|| problem::of_status(StatusCode::URI_TOO_LONG))
}

/// What every answer gets before it goes out.
struct Finish {
    id: String,
    https: bool,
    /// Made only when somebody reads it.
    line: Option<Line>,
}

impl Finish {
    fn of(request: &ServiceRequest) -> Self {
        let https = request
            .app_data::<Data<App>>()
            .is_some_and(|app| app.config.is_https());
        let is_read = tracing::enabled!(target: "prompthub::request", tracing::Level::DEBUG);
        Self {
            id: GenerationId::new().to_string(),
            https,
            line: is_read.then(|| Line::of(request)),
        }
    }

    fn apply<B>(self, response: &mut HttpResponse<B>) {
        set_headers(response.headers_mut(), &self.id, self.https);
        if let Some(line) = self.line {
            line.log(&self.id, response.status());
        }
    }
}

fn is_same_origin(request: &ServiceRequest) -> bool {
    let public_url = request
        .app_data::<Data<App>>()
        .and_then(|app| app.config.public_url.clone());
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    cross_origin::allows(
        request.method(),
        request.headers(),
        host,
        public_url.as_ref(),
    )
}

/// An error's answer with its problem document; any other answer as it is.
fn explain(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let explained = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|content_type| content_type.as_bytes() == PROBLEM_JSON.as_bytes());
    if explained {
        return response;
    }
    let known = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>());
    let mut explained = match known {
        Some(error) => {
            log_fault(error, id);
            problem::response(error, id)
        }
        None => problem::response(&problem::of_status(status), id),
    };
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE && name == ALLOW {
            explained.headers_mut().insert(name.clone(), value.clone());
        }
    }
    response.into_response(explained)
}

fn set_headers(headers: &mut HeaderMap, id: &str, https: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(CONTENT_SECURITY_POLICY, API_CSP);
    default(CACHE_CONTROL, "no-store");
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(REFERRER_POLICY, "no-referrer");
    default(COOP, "same-origin");
    default(CORP, "same-origin");
    if https {
        default(
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// What the log says of a request. Queries stay out: people search for private things.
struct Line {
    method: String,
    path: String,
    started: Instant,
}

impl Line {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            method: request.method().to_string(),
            path: request.path().to_owned(),
            started: Instant::now(),
        }
    }

    fn log(self, id: &str, status: StatusCode) {
        let ms = self.started.elapsed().as_millis();
        tracing::debug!(target: "prompthub::request", request_id = %id, method = %self.method,
            path = %self.path, status = status.as_u16(), ms, "answered");
    }
}

/// The address of an entry that a proxy has written: some add the port, and then IPv6 is in brackets.
fn address_in(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || Some(entry.parse::<SocketAddr>().ok()?.ip());
    bare.unwrap_or(entry).parse().ok().or_else(with_port)
}

/// The nearest address that no trusted proxy has.
pub(super) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = request
        .app_data::<Data<App>>()
        .map(|app| app.config.trusted_proxies.as_slice());
    let trusted = trusted.unwrap_or_default();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    // From the right: each proxy appends whom it heard from, and what a client wrote stands left.
    forwarded
        .into_iter()
        .rev()
        .map_while(|part| address_in(part.trim()))
        .map(|address| address.to_canonical())
        .find(|address| !is_trusted(address))
        .or(Some(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_have_a_port() {
        for (entry, address) in [
            ("203.0.113.1", Some("203.0.113.1")),
            ("203.0.113.1:567", Some("203.0.113.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:567", Some("2001:db8::1")),
            ("203.0.113.1:", None),
            ("203.0.113.1:99999", None),
            ("[2001:db8::1", None),
            ("unknown", None),
            ("", None),
        ] {
            let expected = address.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(address_in(entry), expected, "{entry}");
        }
    }
}
