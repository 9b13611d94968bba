//! The models that can be chosen.

use prompthub_tests::{TestApp, spawn_app};

#[tokio::test]
async fn what_is_set_up_is_listed() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let answer = ada.get("/api/models").send().await;
    answer.expect_status(200);
    insta::assert_json_snapshot!(answer.redacted(), @r#"
    {
      "items": [
        {
          "context_length": null,
          "demo": false,
          "id": "openrouter/openrouter/auto",
          "name": "OpenRouter: Auto",
          "pricing": null,
          "provider": "openrouter"
        },
        {
          "context_length": null,
          "demo": true,
          "id": "demo/echo",
          "name": "Demo: Echo (offline)",
          "pricing": null,
          "provider": "demo"
        }
      ],
      "next_cursor": null
    }
    "#);
}

#[tokio::test]
async fn without_a_key_there_is_the_demo() {
    let app = TestApp::with(|config| config.openrouter_api_key = None).await;
    let ada = app.register("ada@example.com").await;
    let answer = ada.get("/api/models").send().await;
    insta::assert_json_snapshot!(answer.redacted(), @r#"
    {
      "items": [
        {
          "context_length": null,
          "demo": true,
          "id": "demo/echo",
          "name": "Demo: Echo (offline)",
          "pricing": null,
          "provider": "demo"
        }
      ],
      "next_cursor": null
    }
    "#);
}
