//! The start and the end of the process: what is wrong is said in one line, and nothing is lost.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use prompthub_tests::{
    Installation, Upstream,
    app::PASSWORD,
    binary::{self, Ended, Served, run},
};
use serde_json::{Value, json};
use tokio::process::Command;

/// Starts the server in `data_dir` with more environment; it must not come up.
async fn start_fails(data_dir: &Path, environment: &[(&str, &str)]) -> Ended {
    let data_dir = data_dir.to_str().expect("text");
    let mut all = vec![
        ("PROMPTHUB_DATA_DIR", data_dir),
        ("PROMPTHUB_BIND", "127.0.0.1:0"),
    ];
    all.retain(|(name, _)| !environment.iter().any(|(other, _)| other == name));
    all.extend(environment);
    let ended = run(&["serve"], &all).await;
    assert!(
        ended.code.is_some_and(|code| code != 0),
        "{environment:?}: {ended:?}"
    );
    assert!(
        !ended.stdout.contains("listening"),
        "{environment:?}: {ended:?}"
    );
    assert!(
        !ended.stderr.contains("panicked"),
        "{environment:?}: {ended:?}"
    );
    ended
}

/// The last line says what is wrong; before it there is at most the log of what went well.
#[track_caller]
fn assert_one_line(ended: &Ended, mentions: &str) {
    let (log, last) = match ended.stderr.trim_end().rsplit_once('\n') {
        Some((log, last)) => (log, last),
        None => ("", ended.stderr.trim_end()),
    };
    assert!(last.starts_with("prompthub: "), "{ended:?}");
    assert!(
        last.to_lowercase().contains(mentions),
        "{mentions:?} is not mentioned: {ended:?}"
    );
    assert!(log.lines().all(|line| line.contains(" INFO ")), "{ended:?}");
    assert!(
        !log.contains('\u{1b}'),
        "colours in a log that is no terminal's: {ended:?}"
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_used_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let text_file = folder.path().join("text.db");
    std::fs::write(
        &text_file,
        "this is no database, however long one looks at it".repeat(100),
    )
    .unwrap();
    let not_a_database = format!("sqlite://{}", text_file.display());
    let below_a_file = format!("sqlite://{}/below/x.db", text_file.display());
    let a_folder = format!("sqlite://{}", folder.path().display());
    let cases = [
        ("nonsense", "database"),
        ("", "database"),
        ("mysql://localhost/x", "mysql"),
        ("redis://localhost/0", "redis"),
        ("postgres://user:hunter22@127.0.0.1:1/prompthub", "database"),
        (not_a_database.as_str(), "database"),
        (below_a_file.as_str(), "database"),
        (a_folder.as_str(), "database"),
    ];
    for (url, mentions) in cases {
        let data_dir = tempfile::tempdir().unwrap();
        let ended = start_fails(data_dir.path(), &[("DATABASE_URL", url)]).await;
        assert_one_line(&ended, mentions);
        assert!(
            !ended.stderr.contains("hunter22"),
            "a password in the log: {ended:?}"
        );
    }
}

#[tokio::test]
async fn storage_that_cannot_be_used_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let a_file = format!("file://{}", file.display());
    let below_a_file = format!("file://{}/below", file.display());
    for url in [
        "nonsense",
        "ftp://example.com/files",
        a_file.as_str(),
        below_a_file.as_str(),
    ] {
        let data_dir = tempfile::tempdir().unwrap();
        let ended = start_fails(data_dir.path(), &[("PROMPTHUB_STORAGE_URL", url)]).await;
        assert_one_line(&ended, "storage");
    }
    let unreachable = [
        ("PROMPTHUB_STORAGE_URL", "s3://bucket/prefix"),
        ("AWS_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hunter22"),
    ];
    let data_dir = tempfile::tempdir().unwrap();
    let ended = start_fails(data_dir.path(), &unreachable).await;
    assert_one_line(&ended, "storage");
    assert!(!ended.stderr.contains("hunter22"), "{ended:?}");
}

#[tokio::test]
async fn what_else_is_wrong_ends_the_start() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"x").unwrap();
    let cases = [
        (("PROMPTHUB_BIND", address.as_str()), address.as_str()),
        (("PROMPTHUB_BIND", "nonsense"), "nonsense"),
        (("PROMPTHUB_DATA_DIR", file.to_str().unwrap()), "file"),
        (("PROMPTHUB_SECRET_KEY", "short"), "(prompthub_secret_key"),
        (("OPENROUTER_API_KEY", "two\nlines"), "openrouter_api_key"),
    ];
    for (variable, mentions) in cases {
        let data_dir = tempfile::tempdir().unwrap();
        let ended = start_fails(data_dir.path(), &[variable]).await;
        assert_one_line(&ended, mentions);
    }
}

/// Values that cannot even be read are reported with the option's name, as every command does.
#[tokio::test]
async fn a_value_that_cannot_be_read_names_its_variable() {
    let cases = [
        ("PROMPTHUB_MAX_UPLOAD_BYTES", "lots", "--max-upload-bytes"),
        ("PROMPTHUB_REGISTRATION", "maybe", "--registration"),
        ("PROMPTHUB_PUBLIC_URL", "chat.example", "--public-url"),
        ("PROMPTHUB_TRUSTED_PROXIES", "everyone", "--trusted-proxies"),
        ("OPENROUTER_BASE_URL", "nowhere", "--openrouter-base-url"),
    ];
    for (name, value, mentions) in cases {
        let data_dir = tempfile::tempdir().unwrap();
        let ended = start_fails(data_dir.path(), &[(name, value)]).await;
        assert!(ended.stderr.contains(mentions), "{ended:?}");
    }
}

#[tokio::test]
async fn a_stopped_server_comes_back_with_everything() {
    let data_dir = tempfile::tempdir().unwrap();
    let environment = [
        ("PROMPTHUB_DATA_DIR", data_dir.path().to_str().unwrap()),
        ("PROMPTHUB_BIND", "127.0.0.1:0"),
        ("PROMPTHUB_PASSWORD_COST", "10"),
        ("PROMPTHUB_DEMO_DELAY_MS", "200"),
    ];
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .cookie_store(true)
        .no_proxy()
        .build()
        .unwrap();

    let server = Served::start(&environment).await;
    let account = json!({"email": "ada@example.com", "password": "correct horse"});
    let registered = http.post(format!(
        "{}/api/auth/register",
        server.base_url.trim_end_matches('/')
    ));
    assert_eq!(
        registered.json(&account).send().await.unwrap().status(),
        201
    );
    let base = server.base_url.trim_end_matches('/').to_owned();
    let project = http
        .post(format!("{base}/api/projects"))
        .json(&json!({"name": "Notes"}))
        .send()
        .await
        .unwrap();
    let project: Value = project.json().await.unwrap();
    let chat = format!(
        "{base}/api/projects/{}/chat",
        project["id"].as_str().unwrap()
    );
    // An answer is under way when the server is told to stop.
    let mut stream = http
        .post(chat)
        .json(&json!({"message": "Hello", "stream": true}))
        .send()
        .await
        .unwrap();
    stream.chunk().await.unwrap().expect("the first event");
    server.signal("TERM").await;
    let ended = server.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    let mut rest = Vec::new();
    while let Ok(Some(chunk)) = stream.chunk().await {
        rest.extend_from_slice(&chunk);
    }
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(
        rest.contains("\"type\":\"done\"") && rest.contains("interrupted"),
        "{rest}"
    );

    for private in ["secret.key", "prompthub.db"] {
        let mode = std::fs::metadata(data_dir.path().join(private))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{private} can be read by others");
    }

    let again = Served::start(&environment).await;
    let base = again.base_url.trim_end_matches('/').to_owned();
    // The cookie still signs in: the key that signs it has been kept.
    let projects = http
        .get(format!("{base}/api/projects"))
        .send()
        .await
        .unwrap();
    let projects: Value = projects.json().await.unwrap();
    assert_eq!(projects["items"][0]["name"], "Notes");
    let conversations = format!(
        "{base}/api/projects/{}/conversations",
        project["id"].as_str().unwrap()
    );
    let conversations: Value = http
        .get(conversations)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let conversation = conversations["items"][0]["id"].as_str().unwrap().to_owned();
    let messages = http
        .get(format!("{base}/api/conversations/{conversation}/messages"))
        .send()
        .await
        .unwrap();
    let messages: Value = messages.json().await.unwrap();
    assert_eq!(messages["items"][0]["content"], "Hello");
    assert_eq!(messages["items"][1]["status"], "interrupted");
    again.signal("INT").await;
    assert_eq!(again.ended().await.code, Some(0));
}

/// What a backup that knows nothing of the database's log would copy.
#[tokio::test]
async fn a_clean_stop_leaves_the_whole_database_in_its_file() {
    let installation = Installation::new(Upstream::start().await, &[]).await;
    if installation.database_url().is_some() {
        return; // A database server keeps its files to itself.
    }
    let served = installation.start().await;
    let ada = served.client();
    ada.register("ada@example.com", PASSWORD).await;
    let project = ada.create_project("Kept").await;
    ada.chat(&project, "Hello").await;
    served.signal("TERM").await;
    assert_eq!(served.ended().await.code, Some(0));
    let log = std::fs::metadata(installation.data_dir().join("prompthub.db-wal"));
    assert_eq!(log.map_or(0, |log| log.len()), 0);

    let copy = Installation::new(Upstream::start().await, &[]).await;
    std::fs::create_dir_all(copy.data_dir()).unwrap();
    let file = |of: &Installation| of.data_dir().join("prompthub.db");
    std::fs::copy(file(&installation), file(&copy)).unwrap();
    let restored = copy.start().await;
    let ada = restored.client();
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(ada.projects().await[0].name, "Kept");
    assert_eq!(ada.conversations(&project).await.len(), 1);
}

/// Other accounts of the machine have no business with what people upload.
#[tokio::test]
async fn the_folders_that_the_server_makes_are_its_own() {
    let installation = Installation::new(Upstream::start().await, &[]).await;
    let data_dir = installation.data_dir();
    assert!(!data_dir.exists());
    let served = installation.start().await;
    let mode = |folder: &Path| std::fs::metadata(folder).unwrap().permissions().mode() & 0o777;
    for folder in [data_dir.clone(), data_dir.join("files")] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    served.kill().await;
    // Whoever has opened them means it.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&data_dir, open).unwrap();
    let _again = installation.start().await;
    assert_eq!(mode(&data_dir), 0o755);
}

/// A shell's soft limit of 1,024 open files would end at some hundred streams.
#[tokio::test]
async fn the_server_takes_as_many_open_files_as_it_may() {
    let installation = Installation::new(Upstream::start().await, &[]).await;
    let serve = installation.command();
    let mut limited = Command::new("/bin/sh");
    limited
        .args(["-c", "ulimit -S -n 256 && exec \"$0\" serve"])
        .arg(binary::path())
        .env_clear()
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    for (name, value) in serve.as_std().get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    let served = Served::spawn(limited).await;
    let limits = format!("/proc/{}/limits", served.process_id());
    let limits = std::fs::read_to_string(limits).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let [soft, hard, ..] = line.unwrap().split_whitespace().skip(3).collect::<Vec<_>>()[..] else {
        panic!("{limits}")
    };
    assert_eq!(soft, hard);
    assert_ne!(soft, "256");
}
