//! Health checks, and how the server fares when what it needs is gone.

use prompthub_dto::problem::ProblemCode;
use prompthub_tests::{raw::Multipart, spawn_app};

#[tokio::test]
async fn a_well_server_says_so_to_anyone() {
    let app = spawn_app().await;
    let stranger = app.client();
    let live = stranger.get("/api/health/live").send().await;
    insta::assert_json_snapshot!(live.expect_status(200).redacted(), @r#"
    {
      "checks": [],
      "status": "ok"
    }
    "#);
    let ready = stranger.get("/api/health/ready").send().await;
    insta::assert_json_snapshot!(ready.expect_status(200).redacted(), @r#"
    {
      "checks": [
        {
          "name": "database",
          "status": "ok"
        },
        {
          "name": "storage",
          "status": "ok"
        }
      ],
      "status": "ok"
    }
    "#);
}

/// The folder of the uploads has become a file, as after a broken mount.
#[tokio::test]
async fn broken_storage_is_told_and_breaks_nothing_else() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let folder = app.data_dir.join("files");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, b"not a folder").unwrap();

    let upload = ada
        .send_files(&project, Multipart::new().file("a.txt", b"a"))
        .await;
    let problem = upload.assert_problem(ProblemCode::Unavailable);
    assert!(
        !problem.detail.contains('/'),
        "a path of the server: {problem:?}"
    );
    assert_eq!(ada.files(&project).await, []);
    ada.chat(&project, "Hello").await;
    app.client()
        .get("/api/health/live")
        .send()
        .await
        .expect_status(200);
}
