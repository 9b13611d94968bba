//! As much of an HTTP client as signing in and setting up takes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Somebody who is signed in.
#[derive(Debug)]
pub(crate) struct Session {
    server: SocketAddr,
    cookie: String,
}

/// Registers or signs in, and keeps the session's cookie.
pub(crate) fn sign_in(
    server: SocketAddr,
    path: &str,
    email: &str,
    password: &str,
) -> Result<Session> {
    let body = json!({ "email": email, "password": password });
    let head = post(server, path, None, &body)?;
    let cookie = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .and_then(|(_, value)| value.trim().split(';').next())
        .with_context(|| format!("{path} set no cookie"))?;
    Ok(Session {
        server,
        cookie: cookie.to_owned(),
    })
}

impl Session {
    /// Makes a project of that name.
    pub(crate) fn create_project(&self, name: &str) -> Result<()> {
        post(
            self.server,
            "/api/projects",
            Some(&self.cookie),
            &json!({ "name": name }),
        )
        .map(drop)
    }

    /// The bytes of a request, to be sent over and over.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
            self.server, self.cookie
        )
        .into_bytes()
    }
}

/// Posts JSON on a connection of its own and returns the head of the answer.
///
/// # Errors
/// Anything but a 2xx answer.
fn post(server: SocketAddr, path: &str, cookie: Option<&str>, body: &Value) -> Result<String> {
    let body = body.to_string();
    let cookie = cookie
        .map(|cookie| format!("Cookie: {cookie}\r\n"))
        .unwrap_or_default();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\n{cookie}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{path} sent no answer"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{path} answered {status}: {body}");
    }
    Ok(head.to_owned())
}
