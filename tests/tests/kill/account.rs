//! A signed-in client of the server that is killed.

use prompthub_dto::{ids::ProjectId, projects::Project};
use prompthub_tests::app::PASSWORD;
use reqwest::{Method, RequestBuilder, Response, header};
use serde::de::DeserializeOwned;
use serde_json::json;

/// A signed-in client.
#[derive(Debug, Clone)]
pub struct Account {
    http: reqwest::Client,
    pub base_url: String,
    cookie: String,
}

impl Account {
    pub async fn register(base_url: &str, email: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client without options that could fail");
        let registered = http
            .post(format!("{base_url}/api/auth/register"))
            .json(&json!({"email": email, "password": PASSWORD}))
            .send()
            .await
            .expect("the server answers");
        assert_eq!(registered.status(), 201);
        let cookie = registered.headers()[header::SET_COOKIE]
            .to_str()
            .expect("ASCII");
        Self {
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            base_url: base_url.to_owned(),
            http,
        }
    }

    /// A request of this account's.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
            .header(header::COOKIE, &self.cookie)
    }

    /// Reads something from a server that is well.
    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.request(Method::GET, path).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), 200, "{path}");
        body(response).await.expect("the server answers")
    }

    pub async fn create_project(&self) -> ProjectId {
        let request = self.request(Method::POST, "/api/projects");
        let made = request.json(&json!({"name": "Notes"})).send().await;
        let project: Project = body(made.expect("the server answers"))
            .await
            .expect("the server answers");
        project.id
    }
}

/// The body of an answer as JSON; an error when the connection breaks before its end.
pub async fn body<T: DeserializeOwned>(response: Response) -> reqwest::Result<T> {
    // An error of the JSON itself is a fault of the server's, not of the connection.
    let bytes = response.bytes().await?;
    Ok(serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes))))
}
