//! Files: uploading, listing, downloading whole and in ranges, names that mean harm.

use prompthub_dto::{
    Page,
    files::{File, UploadedFiles},
    problem::ProblemCode,
};
use prompthub_tests::{Answer, Client, client::path, raw::Multipart, spawn_app};
use sha2::{Digest, Sha256};

/// The download address of a file, its name encoded as one path segment.
pub(crate) fn download_path(project: &prompthub_dto::projects::Project, name: &str) -> String {
    let mut url = url::Url::parse("http://host/").unwrap();
    url.path_segments_mut()
        .unwrap()
        .clear()
        .push("api")
        .push("projects")
        .push(project.id.as_str())
        .push("files");
    // `push` drops "." and ".." as a browser would; they must arrive as data.
    let segment: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{}/{segment}", url.path())
}

pub(crate) async fn download(
    client: &Client,
    project: &prompthub_dto::projects::Project,
    name: &str,
) -> Answer {
    client.get(&download_path(project, name)).send().await
}

#[tokio::test]
async fn a_file_comes_back_as_it_went() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let answer = ada
        .send_files(&project, Multipart::new().file("data.bin", &bytes))
        .await;
    answer.expect_status(201);
    insta::assert_json_snapshot!(answer.redacted(), @r#"
    {
      "items": [
        {
          "content_type": "application/octet-stream",
          "created_at": "[time]",
          "id": "[id]",
          "name": "data.bin",
          "sha256": "[sha256]",
          "size": 300000
        }
      ]
    }
    "#);
    let file = answer.json::<UploadedFiles>().items.remove(0);
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(file.sha256, hash);

    let downloaded = download(&ada, &project, "data.bin").await;
    downloaded.expect_status(200);
    assert!(downloaded.body == bytes, "the bytes differ");
    assert_eq!(ada.files(&project).await, [file]);
    assert_eq!(
        ada.get(&path(&project))
            .send()
            .await
            .json::<prompthub_dto::projects::Project>()
            .file_count,
        1
    );
    app.expect_blobs(1).await;
}

#[tokio::test]
async fn one_request_takes_many_files() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let body = Multipart::new()
        .file("b.txt", b"B")
        .file("a.txt", b"AA")
        .file("empty.txt", b"");
    let uploaded: UploadedFiles = ada
        .send_files(&project, body)
        .await
        .expect_status(201)
        .json();
    let made: Vec<_> = uploaded
        .items
        .iter()
        .map(|file| (file.name.as_str(), file.size))
        .collect();
    assert_eq!(made, [("b.txt", 1), ("a.txt", 2), ("empty.txt", 0)]);
    assert_eq!(
        download(&ada, &project, "empty.txt")
            .await
            .expect_status(200)
            .body
            .len(),
        0
    );
    assert_eq!(ada.files(&project).await.len(), 3);
}

#[tokio::test]
async fn files_are_listed_page_by_page() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    for number in 0..5 {
        ada.upload(&project, &format!("{number}.txt"), b"x").await;
    }
    let mut names = Vec::new();
    let mut query = vec![("limit", "2".to_owned())];
    loop {
        let pairs: Vec<_> = query
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let page: Page<File> = ada
            .get(&format!("{}/files", path(&project)))
            .query(&pairs)
            .send()
            .await
            .json();
        names.extend(page.items.into_iter().map(|file| file.name));
        let Some(next) = page.next_cursor else { break };
        query.truncate(1);
        query.push(("cursor", next));
    }
    names.sort();
    assert_eq!(names, ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]);
}

#[tokio::test]
async fn a_taken_name_is_refused_unless_replaced() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"old").await;
    let again = ada
        .send_files(&project, Multipart::new().file("a.txt", b"new"))
        .await;
    again.assert_problem(ProblemCode::FileExists);
    assert_eq!(download(&ada, &project, "a.txt").await.body, "old");
    app.expect_blobs(1).await;

    let replaced = ada
        .post(&format!("{}/files?replace=true", path(&project)))
        .header("content-type", &Multipart::content_type())
        .body(Multipart::new().file("a.txt", b"new").finish())
        .send()
        .await;
    replaced.expect_status(201);
    assert_eq!(download(&ada, &project, "a.txt").await.body, "new");
    assert_eq!(ada.files(&project).await.len(), 1);
    app.expect_blobs(1).await;
}

#[tokio::test]
async fn one_taken_name_refuses_the_whole_request() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "b.txt", b"old").await;
    let body = Multipart::new().file("a.txt", b"a").file("b.txt", b"b");
    ada.send_files(&project, body)
        .await
        .assert_problem(ProblemCode::FileExists);
    let twice = Multipart::new().file("c.txt", b"1").file("c.txt", b"2");
    ada.send_files(&project, twice)
        .await
        .assert_problem(ProblemCode::FileExists);
    let names: Vec<_> = ada
        .files(&project)
        .await
        .into_iter()
        .map(|file| file.name)
        .collect();
    assert_eq!(names, ["b.txt"]);
    app.expect_blobs(1).await;
}

#[tokio::test]
async fn downloads_answer_ranges() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"0123456789").await;
    let ranges = [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-4", "4", "bytes 4-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=-100", "0123456789", "bytes 0-9/10"),
        ("bytes=5-1000", "56789", "bytes 5-9/10"),
    ];
    for (range, text, content_range) in ranges {
        let answer = ada
            .get(&download_path(&project, "a.txt"))
            .header("range", range)
            .send()
            .await;
        answer.expect_status(206);
        assert_eq!(answer.text(), text, "{range}");
        assert_eq!(answer.header("content-range"), Some(content_range));
        assert_eq!(
            answer.header("content-length"),
            Some(text.len().to_string().as_str())
        );
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
        let answer = ada
            .get(&download_path(&project, "a.txt"))
            .header("range", range)
            .send()
            .await;
        answer.assert_problem(ProblemCode::RangeNotSatisfiable);
        assert_eq!(
            answer.header("content-range"),
            Some("bytes */10"),
            "{range}"
        );
    }
    // RFC 9110: what cannot be read as a range, or asks for another unit, is ignored.
    for range in [
        "bytes=x-y",
        "lines=1-2",
        "bytes",
        "bytes=3-1",
        "bytes=99999999999999999999-",
    ] {
        let answer = ada
            .get(&download_path(&project, "a.txt"))
            .header("range", range)
            .send()
            .await;
        assert!(
            matches!(answer.status.as_u16(), 200 | 416),
            "{range}: {answer}"
        );
    }
    let whole = download(&ada, &project, "a.txt").await;
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
}

#[tokio::test]
async fn a_download_that_has_not_changed_is_not_sent_again() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"0123456789").await;
    let tag = download(&ada, &project, "a.txt")
        .await
        .header("etag")
        .expect("an ETag")
        .to_owned();
    let again = ada
        .get(&download_path(&project, "a.txt"))
        .header("if-none-match", &tag)
        .send()
        .await;
    again.expect_status(304);
    assert!(again.body.is_empty());
    // A range of what has changed meanwhile would mix two files.
    let matching = ada
        .get(&download_path(&project, "a.txt"))
        .header("range", "bytes=0-1");
    matching
        .header("if-range", &tag)
        .send()
        .await
        .expect_status(206);
    let stale = ada
        .get(&download_path(&project, "a.txt"))
        .header("range", "bytes=0-1");
    stale
        .header("if-range", "\"other\"")
        .send()
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_deleted_file_is_gone() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    ada.upload(&project, "a.txt", b"a").await;
    ada.delete(&download_path(&project, "a.txt"))
        .send()
        .await
        .expect_status(204);
    download(&ada, &project, "a.txt")
        .await
        .assert_problem(ProblemCode::NotFound);
    ada.delete(&download_path(&project, "a.txt"))
        .send()
        .await
        .assert_problem(ProblemCode::NotFound);
    app.expect_blobs(0).await;
}

/// A download that finds no bytes looks once more, and then says that there is nothing.
#[tokio::test]
async fn a_file_whose_bytes_are_lost_is_not_found() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let file = ada.upload(&project, "a.txt", b"a").await;
    std::fs::remove_file(app.data_dir.join("files").join(file.id.as_str())).unwrap();
    download(&ada, &project, "a.txt")
        .await
        .assert_problem(ProblemCode::NotFound);
}
