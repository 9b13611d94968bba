//! Files that mean harm by their name or by what a browser would make of them.

use prompthub_dto::{files::UploadedFiles, problem::ProblemCode};
use prompthub_tests::{raw::Multipart, spawn_app};

use crate::files::{download, download_path};

/// Whatever a name looks like, it is either refused or kept as data: it comes back in the list, in
/// the header and as an address, and nothing appears outside the storage folder.
#[tokio::test]
async fn names_are_data_and_never_paths() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let long = format!("{}.txt", "n".repeat(300));
    let names = [
        "a.txt",
        "no extension",
        "späße 🦀.txt",
        "日本語.md",
        "con",
        "aux.txt",
        "trailing. ",
        "-rf",
        "semi;colon=1",
        "per%cent%2f.txt",
        "plus+and&.txt",
        "back\\slash",
        "quote\".txt",
        "it's.txt",
        "../escape.txt",
        "a/b.txt",
        "/etc/passwd",
        "..",
        ".",
        "",
        " ",
        "C:\\x.txt",
        "new\nline",
        "cr\r\nlf: x",
        "nul\u{0}.txt",
        "\u{202e}txt.exe",
        "\u{7f}",
        long.as_str(),
    ];
    for name in names {
        let project = ada.create_project("Notes").await;
        let answer = ada
            .send_files(&project, Multipart::new().file(name, b"data"))
            .await;
        if answer.status == 400 && name.contains(['\0', '\u{7f}']) {
            // Such a name ends the head of its part, as RFC 9110 (5.5) wants it.
            answer.assert_problem(ProblemCode::BadRequest);
            continue;
        }
        if answer.status == 422 {
            let problem = answer.assert_problem(ProblemCode::ValidationFailed);
            assert_eq!(problem.errors[0].field, "file", "{name:?}: {answer}");
            continue;
        }
        let kept = answer
            .expect_status(201)
            .json::<UploadedFiles>()
            .items
            .remove(0)
            .name;
        assert!(
            !kept.is_empty() && kept != "." && kept != "..",
            "{name:?} became {kept:?}"
        );
        assert!(
            !kept.contains(['/', '\\', '\0', '\r', '\n']),
            "{name:?} became {kept:?}"
        );
        let listed: Vec<_> = ada
            .files(&project)
            .await
            .into_iter()
            .map(|file| file.name)
            .collect();
        assert_eq!(listed, [kept.as_str()]);
        let answer = download(&ada, &project, &kept).await;
        assert_eq!(answer.expect_status(200).body, "data", "{kept:?}");
        let disposition = answer.header("content-disposition").expect("a disposition");
        assert!(disposition.starts_with("attachment"), "{disposition}");
        ada.delete(&download_path(&project, &kept))
            .send()
            .await
            .expect_status(204);
    }
    // Plain names must not be among those refused.
    let project = ada.create_project("Notes").await;
    for name in [
        "a.txt",
        "no extension",
        "späße 🦀.txt",
        "日本語.md",
        "semi;colon=1",
        "it's.txt",
        "per%cent.txt",
    ] {
        assert_eq!(ada.upload(&project, name, b"data").await.name, name);
    }
    assert!(!app.data_dir.join("escape.txt").exists());
    assert!(!app.data_dir.parent().unwrap().join("escape.txt").exists());
}

/// Names that would end a header line or a quoted string, as only a script would send them.
#[tokio::test]
async fn no_name_breaks_out_of_a_header() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let dispositions = [
        "form-data; name=\"file\"; filename=\"a\\\"b.txt\"",
        "form-data; name=\"file\"; filename=\"x\\\r\\\ny.txt\"",
        "form-data; name=\"file\"; filename*=UTF-8''x%0D%0Aset-cookie%3A%20a%3Db.txt",
        "form-data; name=\"file\"; filename*=UTF-8''..%2F..%2Fescape.txt",
        "form-data; name=\"file\"; filename*=UTF-8''%FF%FE.txt",
    ];
    for disposition in dispositions {
        let answer = ada
            .send_files(&project, Multipart::new().part(disposition, b"data"))
            .await;
        if answer.status == 201 {
            let kept = answer.json::<UploadedFiles>().items.remove(0).name;
            let download = download(&ada, &project, &kept).await;
            download.expect_status(200);
            assert_eq!(download.header("set-cookie"), None);
        } else {
            assert!(
                matches!(answer.status.as_u16(), 400 | 422),
                "{disposition}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_download_cannot_run_in_our_origin() {
    let app = spawn_app().await;
    let ada = app.register("ada@example.com").await;
    let project = ada.create_project("Notes").await;
    let page = b"<script>alert(document.cookie)</script>";
    for name in ["page.html", "image.svg", "script.js", "x.xhtml"] {
        ada.upload(&project, name, page).await;
        let answer = download(&ada, &project, name).await;
        let disposition = answer.header("content-disposition").expect("a disposition");
        assert!(disposition.starts_with("attachment"), "{disposition}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("sandbox"), "{policy}");
    }
}
