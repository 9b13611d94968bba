//! How the page is served: its address, its headers, its policy.

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{Answer, TestApp, spawn_app};

/// The addresses that the page's document loads.
fn assets_of(html: &str) -> Vec<String> {
    let mut assets = Vec::new();
    for attribute in ["href=", "src="] {
        for (at, _) in html.match_indices(attribute) {
            // Minified, an attribute has quotes only where it needs them.
            let rest = html[at + attribute.len()..].trim_start_matches('"');
            let end = rest.find(['"', ' ', '>']).expect("a closed attribute");
            let address = &rest[..end];
            // The rest are links to pages.
            if address.contains('.') {
                assets.push(address.to_owned());
            }
        }
    }
    assets
}

async fn document(app: &TestApp) -> Answer {
    let answer = app.client().get("/").send().await;
    assert_eq!(
        answer.status, 200,
        "the page is not built: run `trunk build` first. {answer}"
    );
    answer
}

#[tokio::test]
async fn every_address_of_the_page_is_the_page() {
    let app = spawn_app().await;
    let home = document(&app).await;
    assert!(
        home.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{home}"
    );
    for path in [
        "/login",
        "/settings",
        "/projects/019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
        "/nowhere/at/all",
    ] {
        let answer = app.client().get(path).send().await;
        assert_eq!(answer.expect_status(200).body, home.body, "{path}");
    }
    // What looks like a file and is none, and what belongs to the API, is not the page.
    app.client()
        .get("/nothing.js")
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    app.client()
        .get("/api/nothing")
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    app.client().post("/login").send().await.expect_status(405);
}

#[tokio::test]
async fn the_pages_policy_allows_only_its_own_scripts() {
    let app = spawn_app().await;
    let home = document(&app).await;
    let policy = home.header("content-security-policy").expect("a policy");
    let scripts = policy
        .split(';')
        .find(|part| part.trim().starts_with("script-src"))
        .expect("script-src");
    assert!(
        scripts.contains("'self'") && scripts.contains("'wasm-unsafe-eval'"),
        "{policy}"
    );
    assert!(
        scripts.contains("'sha256-"),
        "trunk's loader is allowed by its hash: {policy}"
    );
    // Pictures from elsewhere are loaded when the reader asks for them; nothing else ever is.
    let others = policy
        .split(';')
        .filter(|part| !part.trim().starts_with("img-src"));
    for directive in others {
        for word in ["unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"] {
            assert!(!directive.contains(word), "{word} in {policy}");
        }
    }
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
        "{policy}"
    );
    assert!(
        !home.text().contains(" style=\""),
        "an inline style that the policy refuses"
    );
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_the_document_is_not() {
    let app = spawn_app().await;
    let home = document(&app).await;
    let cache = home.header("cache-control").expect("a cache control");
    assert!(
        cache.contains("no-cache") || cache.contains("no-store"),
        "{cache}"
    );
    let assets = assets_of(&home.text());
    assert!(
        assets.iter().any(|asset| asset.ends_with(".wasm")),
        "{assets:?}"
    );
    for asset in assets {
        assert!(
            asset.starts_with('/') && !asset.starts_with("//"),
            "from another host: {asset}"
        );
        let answer = app.client().get(&asset).send().await;
        let cache = answer
            .expect_status(200)
            .header("cache-control")
            .expect("a cache control");
        assert!(
            cache.contains("immutable") && cache.contains("max-age=31536000"),
            "{asset}: {cache}"
        );
    }
}

#[tokio::test]
async fn nothing_outside_the_page_can_be_read() {
    let app = spawn_app().await;
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/....//Cargo.toml",
        "/%5c..%5cCargo.toml",
    ] {
        let answer = app.client().get(path).send().await;
        assert!(
            !answer.text().contains("[package]") && !answer.text().contains("[workspace]"),
            "{path}: {answer}"
        );
    }
}
