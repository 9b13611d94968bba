//! Uploads that are too large, broken or cut off: each is told apart, and none leaves anything.

use prompthub_dto::{
    problem::{FieldCode, ProblemCode},
    projects::Project,
};
use prompthub_tests::{
    Answer, Client, TestApp, client::path, eventually, raw::Multipart, spawn_app,
    upstream::PATIENCE,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::transfer::export;

async fn send(client: &Client, project: &Project, content_type: &str, body: Vec<u8>) -> Answer {
    let request = client.post(&format!("{}/files", path(project)));
    request
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_and_leaves_nothing() {
    let app = TestApp::with(|config| config.max_upload_bytes = 100_000).await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "fits.bin", &vec![1; 100_000]).await;
    let answer = ada
        .send_files(
            &project,
            Multipart::new().file("large.bin", &vec![1; 100_001]),
        )
        .await;
    answer.assert_problem(ProblemCode::PayloadTooLarge);
    let huge = ada
        .send_files(
            &project,
            Multipart::new().file("huge.bin", &vec![1; 3_000_000]),
        )
        .await;
    huge.assert_problem(ProblemCode::PayloadTooLarge);
    // The first of the two would have fitted, but one request is done whole or not at all.
    let mixed = Multipart::new()
        .file("small.bin", b"x")
        .file("large.bin", &vec![1; 100_001]);
    ada.send_files(&project, mixed)
        .await
        .assert_problem(ProblemCode::PayloadTooLarge);
    assert_eq!(ada.files(&project).await.len(), 1);
    app.expect_blobs(1).await;
}

#[tokio::test]
async fn two_parts_of_one_name_are_refused_even_where_one_may_be_replaced() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"old").await;
    let body = Multipart::new()
        .file("a.txt", b"one")
        .file("a.txt", b"two")
        .finish();
    let twice = ada
        .post(&format!("{}/files?replace=true", path(&project)))
        .header("content-type", &Multipart::content_type())
        .body(body)
        .send()
        .await;
    twice.assert_problem(ProblemCode::FileExists);
    assert_eq!(ada.files(&project).await[0].size, 3);
    app.expect_blobs(1).await;
}

#[tokio::test]
async fn a_body_that_is_no_upload_is_refused() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let body = Multipart::new().file("a.txt", b"a").finish();
    for content_type in [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=prompthub-test-boundary",
        "nonsense",
    ] {
        let answer = send(&ada, &project, content_type, body.clone()).await;
        answer.assert_problem(ProblemCode::UnsupportedMediaType);
    }
    for content_type in ["multipart/form-data", "multipart/form-data; boundary="] {
        let answer = send(&ada, &project, content_type, body.clone()).await;
        answer.assert_problem(ProblemCode::BadRequest);
    }
    let right = Multipart::content_type();
    for body in [
        &b"no multipart at all"[..],
        b"",
        b"--",
        b"--prompthub-test-boundary\r\n\r\n",
    ] {
        send(&ada, &project, &right, body.to_vec())
            .await
            .assert_problem(ProblemCode::BadRequest);
    }
    app.expect_blobs(0).await;
}

/// Also a client that reads only when it has sent everything comes to read it.
#[tokio::test]
async fn an_upload_to_nowhere_is_told_so() {
    let app = spawn_app().await;
    let ada = app.client();
    let registered = ada
        .register("ada@example.com", prompthub_tests::app::PASSWORD)
        .await;
    let cookie = registered.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().unwrap();
    let body = Multipart::new()
        .file("a.bin", &vec![1; 20_000_000])
        .finish();
    let mut request = format!(
        "POST /api/projects/{}/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        prompthub_dto::ids::ProjectId::new(),
        Multipart::content_type(),
        body.len(),
    )
    .into_bytes();
    request.extend(body);
    let answer = prompthub_tests::raw::exchange(app.address(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer:?}");
    app.expect_blobs(0).await;
}

#[tokio::test]
async fn an_upload_says_what_is_wrong_with_its_parts() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let nothing = ada.send_files(&project, Multipart::new()).await;
    nothing.assert_invalid(&[("file", FieldCode::Required)]);
    let other = Multipart::new().part("form-data; name=\"document\"; filename=\"a.txt\"", b"a");
    ada.send_files(&project, other)
        .await
        .assert_invalid(&[("document", FieldCode::Unknown)]);
    let unnamed = Multipart::new().part("form-data; name=\"file\"", b"a");
    ada.send_files(&project, unnamed)
        .await
        .assert_invalid(&[("file", FieldCode::Required)]);
    let anonymous = Multipart::new().part("form-data", b"a");
    let answer = ada.send_files(&project, anonymous).await;
    assert!(matches!(answer.status.as_u16(), 400 | 422), "{answer}");
    let query = ada.post(&format!("{}/files?replace=perhaps", path(&project)));
    let query = query
        .header("content-type", &Multipart::content_type())
        .body(Multipart::new().file("a", b"").finish());
    query
        .send()
        .await
        .assert_invalid(&[("replace", FieldCode::Invalid)]);
    app.expect_blobs(0).await;
}

#[tokio::test]
async fn an_upload_without_its_end_leaves_nothing() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let body = Multipart::new()
        .file("whole.txt", b"whole")
        .file("half.txt", &vec![1; 50_000])
        .unfinished();
    let answer = send(&ada, &project, &Multipart::content_type(), body).await;
    answer.assert_problem(ProblemCode::BadRequest);
    assert_eq!(ada.files(&project).await, []);
    app.expect_blobs(0).await;
}

#[tokio::test]
async fn an_upload_cut_off_in_the_middle_leaves_nothing() {
    let app = spawn_app().await;
    let ada = app.client();
    let registered = ada
        .register("ada@example.com", prompthub_tests::app::PASSWORD)
        .await;
    let cookie = registered
        .header("set-cookie")
        .expect("a cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let project = ada.create_project("Notes").await;
    let body = Multipart::new()
        .file("half.bin", &vec![7; 400_000])
        .unfinished();
    let head = format!(
        "POST {}/files HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Type: {}\r\nContent-Length: 1000000\r\n\r\n",
        path(&project),
        Multipart::content_type(),
    );
    let mut socket = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&body).await.unwrap();
    // The bytes are on their way into the storage before the sender dies.
    eventually(async || match app.blob_count() {
        0 => Err("no blob"),
        _ => Ok(()),
    })
    .await;
    drop(socket);
    app.expect_blobs(0).await;
    assert_eq!(ada.files(&project).await, []);
    ada.upload(&project, "half.bin", b"whole").await;
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let app = TestApp::with(|config| config.body_timeout_seconds = 1).await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let mut socket = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(5 * PATIENCE, async {
        let mut buffer = [0; 4096];
        while !answer.contains("request_id") {
            let length = socket.read(&mut buffer).await.unwrap();
            assert!(length > 0, "the server hung up: {answer}");
            answer.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
    read.await.expect("the server waits forever for a body");
    let code = ProblemCode::RequestTimeout.as_str();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains(code),
        "{answer}"
    );
}

#[tokio::test]
async fn an_imported_file_may_be_as_large_as_an_upload_and_no_larger() {
    let generous = spawn_app().await;
    let strict = TestApp::with(|config| config.max_upload_bytes = 100_000).await;
    let ada = generous.register("ada@example.com").await;
    let bob = strict.register("bob@example.com").await;
    for (size, fits) in [(100_000, true), (100_001, false), (100_002, false)] {
        let project = ada.create_project("Notes").await;
        ada.upload(&project, "data.bin", &vec![1; size]).await;
        let document = export(&ada, project.id.as_str()).await;
        let answer = bob.post("/api/projects/import").json(&document).send();
        let answer = answer.await;
        match fits {
            true => {
                answer.expect_status(201);
            }
            false => {
                answer.assert_invalid(&[("/files/0/data", FieldCode::TooLong)]);
            }
        }
    }
    strict.expect_blobs(1).await;
}
