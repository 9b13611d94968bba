//! What counts as a word of a search: every character is only text.

use prompthub_dto::{Page, problem::FieldCode, search::SearchHit};

use crate::search::{ask, converse, found, search, start};

#[tokio::test]
async fn all_words_must_occur_and_the_last_may_be_a_beginning() {
    let (app, ada, project) = start().await;
    let text = "Crème brûlée costs 3.14 at O'Hara's; e-mail user@example.com, STRASSE 5, ñandú";
    converse(&app, &ada, &project, "T", &[(text, "No")]).await;
    for words in [
        "costs",
        "cost",
        "c",
        "COSTS Crème",
        "creme brulee",
        "BRÛLÉE creme",
        "cre\u{300}me",
        "straße",
        "strasse 5",
        "nandu",
        "ÑANDÚ",
        "3.14",
        "user@example.com",
        "example.com",
        "o'hara's",
        "O’Hara",
        "e-mail",
        "mail user",
        "at    o'h",
        "ｃｏｓｔｓ",
        "costs creme costs creme",
    ] {
        assert_eq!(search(&ada, words).await.len(), 1, "{words}");
    }
    for words in [
        "cost creme",
        "osts",
        "costs cherries",
        "14.3",
        "example@user.com",
        "brulee-creme",
        "costsx",
        "creme NOT brulee",
        "creme OR cherries",
    ] {
        assert_eq!(search(&ada, words).await.len(), 0, "{words}");
    }
}

#[tokio::test]
async fn scripts_without_spaces_are_searched_too() {
    let (app, ada, project) = start().await;
    let texts = [
        ("東京タワーへの行き方を教えて", "電車で行けます。"),
        ("สวัสดีครับ ผมชื่อสมชาย", "你好，世界！很高兴认识你"),
        ("안녕하세요 세계", "नमस्ते दुनिया"),
        ("Привет, мир", "שָׁלוֹם עולם"),
    ];
    converse(&app, &ada, &project, "T", &texts).await;
    for (words, snippet) in [
        ("東京", "[東京]タワーへの行き方を教えて"),
        ("タワー", "東京[タワー]への行き方を教えて"),
        ("ﾀﾜｰ", "東京[タワー]への行き方を教えて"),
        ("行き方 東京", "[東京]タワーへの[行き方]を教えて"),
        ("世界！", "你好，[世界]！很高兴认识你"),
        ("ครับ", "สวัสดี[ครับ] ผมชื่อสมชาย"),
        ("안녕", "[안녕하세요] 세계"),
        ("दुनिया", "नमस्ते [दुनिया]"),
        ("ПРИВЕТ МИР", "[Привет], [мир]"),
        ("שלום", "[שָׁלוֹם] עולם"),
    ] {
        assert_eq!(found(&ada, words).await, [snippet], "{words}");
    }
    for words in ["京東", "世好", "東京 大阪"] {
        assert_eq!(found(&ada, words).await, [""; 0], "{words}");
    }
}

#[tokio::test]
async fn every_character_is_only_text() {
    let (app, ada, project) = start().await;
    let bob = app.register("bob@example.com").await;
    let theirs = bob.create_project("Theirs").await;
    converse(&app, &ada, &project, "T", &[("A needle in the hay", "Yes")]).await;
    converse(&app, &bob, &theirs, "needle", &[("needle hay", "needle")]).await;
    let signs = [
        "\"",
        "'",
        "''",
        "\"\"",
        "`",
        "%",
        "_",
        "*",
        "?",
        "\\",
        "\\'",
        "\0",
        "(",
        ")",
        "((",
        "{",
        "}",
        "[",
        "]",
        ":",
        "^",
        "+",
        "-",
        "--",
        "!",
        "&",
        "|",
        "<->",
        "<2>",
        ":*",
        ":A",
        "~",
        "#",
        "$1",
        ";",
        "🎉",
        "👩\u{200D}🚀",
        "\u{FEFF}",
        "\u{202E}",
        "\u{301}",
        "{title}:",
        "/*",
        "*/",
        "\n",
        "\t",
    ];
    for sign in signs {
        for query in [
            format!("{sign}needle"),
            format!("needle{sign}"),
            format!("{sign} needle {sign}"),
            format!("hay {sign}{sign} needle"),
        ] {
            let hits = found(&ada, &query).await;
            // `title`, `2`, `A` and `1` are words like any other, and not in the text.
            let expected = match sign.chars().any(|c| c.is_ascii_alphanumeric()) {
                true => hits.clone(),
                false if query.contains("hay") => vec!["A [needle] in the [hay]".to_owned()],
                false => vec!["A [needle] in the hay".to_owned()],
            };
            assert_eq!(hits, expected, "{query:?}");
            assert!(hits.len() <= 1, "{query:?}: {hits:?}");
        }
        let alone = search(&ada, sign).await;
        assert!(
            alone.is_empty() || sign.contains(char::is_alphanumeric),
            "{sign:?}"
        );
    }
    for query in [
        "needle <-> hay",
        "needle & !hay",
        "(needle) | -hay",
        "\"hay\" + needle*",
    ] {
        assert_eq!(search(&ada, query).await.len(), 1, "{query}");
    }
    for query in [
        "needle AND",
        "AND needle",
        "needle OR hay",
        "NOT needle",
        "needle NEAR hay",
        "NEAR(needle hay)",
        "NEAR(needle hay, 2)",
        "title:needle",
        "body : needle",
        "rowid:1",
        "needle\" OR \"a",
        "needle') OR 1=1 --",
        "' UNION SELECT 1 --",
        "{title body}: needle",
        "p*",
        "search_index",
    ] {
        let hits = search(&ada, query).await;
        assert!(
            hits.iter().all(|hit| hit.project_id == project.id),
            "{query}"
        );
        assert!(
            hits.is_empty(),
            "{query}: its words are not all in the text"
        );
    }
}

#[tokio::test]
async fn no_jumble_of_signs_is_an_error() {
    let (app, ada, project) = start().await;
    converse(&app, &ada, &project, "T", &[("a b é 東 n", "1 x")]).await;
    let alphabet: Vec<char> = "ab é東\u{301}\0\"'*%_()[]{}:;&|!<>-+^~\\/,.🎉\u{200D}\n NEAR"
        .chars()
        .collect();
    // A linear congruential generator: the same jumbles each time.
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below
    };
    for _ in 0..300 {
        let length = 1 + random(40);
        let query: String = (0..length)
            .map(|_| alphabet[random(alphabet.len())])
            .collect();
        ask(&ada, &[("q", &query)]).await.expect_status(200);
    }
    // As many words, and as long ones, as a query can have.
    for query in [
        "a ".repeat(100),
        "東".repeat(200),
        "a-".repeat(100),
        "é".repeat(200),
        "ﷺ".repeat(200),
    ] {
        ask(&ada, &[("q", &query)]).await.expect_status(200);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_said() {
    let (_app, ada, project) = start().await;
    ada.get("/api/search")
        .send()
        .await
        .assert_invalid(&[("q", FieldCode::Required)]);
    ask(&ada, &[("q", "")])
        .await
        .assert_invalid(&[("q", FieldCode::Required)]);
    let long = "x".repeat(201);
    ask(&ada, &[("q", &long)])
        .await
        .assert_invalid(&[("q", FieldCode::TooLong)]);
    let with = async |name: &str, value: &str| ask(&ada, &[("q", "x"), (name, value)]).await;
    with("limit", "0")
        .await
        .assert_invalid(&[("limit", FieldCode::OutOfRange)]);
    with("limit", "201")
        .await
        .assert_invalid(&[("limit", FieldCode::OutOfRange)]);
    with("cursor", "nonsense")
        .await
        .assert_invalid(&[("cursor", FieldCode::Invalid)]);
    with("project_id", "x")
        .await
        .assert_invalid(&[("project_id", FieldCode::Invalid)]);
    with("owner_id", "x")
        .await
        .assert_invalid(&[("owner_id", FieldCode::Unknown)]);
    with("project_id", project.id.as_str())
        .await
        .expect_status(200);
    for blank in [" ", "\n", "...", "🎉🎉"] {
        let page: Page<SearchHit> = ask(&ada, &[("q", blank)]).await.expect_status(200).json();
        assert_eq!((page.items.len(), page.next_cursor), (0, None), "{blank:?}");
    }
}
