//! Exports: documents that are written while they are read.
//!
//! What an export promises: each conversation is as it was when the export came to it, and what came in while
//! it was being read may be there or not. The conversations are those of the project that were there
//! when the export passed their place in the order in which they were begun. Nothing is held meanwhile, neither a
//! transaction nor the writer; a slow reader keeps one page in memory. What is deleted in the middle of its own
//! export breaks the stream off, so that a document that ends is whole.

mod conversation;
mod project;

use std::{fmt::Display, panic::AssertUnwindSafe};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use prompthub_dto::{
    ids::{ConversationId, ProjectId, UserId},
    transfer::ExportFormat,
};
use prompthub_store::{conversations, projects};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    domain::{conversations::no_conversation, projects::no_project, title::UNTITLED},
    error::{ApiError, log_fault},
    state::App,
};

/// Text that is read, and bytes that are sent, at a time.
const PAGE_BYTES: usize = 512 * 1024;
/// Bytes of a file name without its extension.
const NAME_BYTES: usize = 120;

/// A document that is being made.
pub struct Export {
    /// Made from the title; with an extension.
    pub file_name: String,
    pub content_type: &'static str,
    /// Breaks off with an error where the document cannot be completed.
    pub body: BoxStream<'static, Result<Bytes, ApiError>>,
}

/// Exports a conversation.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn export_conversation(
    app: &App,
    owner: UserId,
    id: ConversationId,
    format: ExportFormat,
    request_id: String,
) -> Result<Export, ApiError> {
    let row = app
        .store
        .read(move |conn| conversations::find(conn, owner, id))
        .await?
        .ok_or_else(no_conversation)?;
    let app = app.clone();
    Ok(match format {
        ExportFormat::Json => Export {
            file_name: file_name(&row.title, "json"),
            content_type: "application/json",
            body: stream(request_id, |mut out| async move {
                if !conversation::write(&app, &mut out, row).await? {
                    return Err(no_conversation().into());
                }
                out.flush().await
            }),
        },
        ExportFormat::Markdown => Export {
            file_name: file_name(&row.title, "md"),
            content_type: "text/markdown; charset=utf-8",
            body: stream(request_id, |mut out| async move {
                conversation::write_markdown(&app, &mut out, row).await?;
                out.flush().await
            }),
        },
    })
}

/// Exports a project; with `files`, the bytes of its files too.
///
/// # Errors
/// `not_found`, also where it is another's.
pub async fn export_project(
    app: &App,
    owner: UserId,
    id: ProjectId,
    files: bool,
    request_id: String,
) -> Result<Export, ApiError> {
    let (row, _) = app
        .store
        .read(move |conn| projects::find(conn, owner, id))
        .await?
        .ok_or_else(no_project)?;
    let app = app.clone();
    Ok(Export {
        file_name: file_name(&row.name, "json"),
        content_type: "application/json",
        body: stream(request_id, |mut out| async move {
            project::write(&app, &mut out, row, files).await?;
            out.flush().await
        }),
    })
}

/// Why a document is not written to its end.
enum Stop {
    /// Nobody reads it any more.
    Unread,
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Where a document is written. What has been written waits until the one before is taken.
struct Out {
    pages: mpsc::Sender<Result<Bytes, ApiError>>,
    page: Vec<u8>,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.page.extend_from_slice(text.as_bytes());
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        serde_json::to_writer(&mut self.page, value).map_err(ApiError::internal)?;
        Ok(())
    }

    /// A document up to the lists at its end, which are empty in `value`, as `end` has them.
    fn json_up_to(&mut self, value: &impl Serialize, end: &str) -> Result<(), Stop> {
        let text = serde_json::to_string(value).map_err(ApiError::internal)?;
        let Some(head) = text.strip_suffix(end) else {
            return Err(
                ApiError::internal(anyhow::anyhow!("a document does not end in {end}")).into(),
            );
        };
        self.text(head);
        Ok(())
    }

    /// Sends what there is once it is enough.
    async fn pass_on(&mut self) -> Result<(), Stop> {
        if self.page.len() < PAGE_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        let page = std::mem::take(&mut self.page);
        if page.is_empty() {
            return Ok(());
        }
        let sent = self.pages.send(Ok(page.into())).await;
        sent.map_err(|_unread| Stop::Unread)
    }
}

/// The pages that `write` makes, each when the one before has been taken.
fn stream<W>(
    request_id: String,
    write: impl FnOnce(Out) -> W,
) -> BoxStream<'static, Result<Bytes, ApiError>>
where
    W: Future<Output = Result<(), Stop>> + Send + 'static,
{
    let (pages, mut taken) = mpsc::channel(1);
    let written = write(Out {
        pages: pages.clone(),
        page: Vec::new(),
    });
    tokio::spawn(async move {
        let outcome = AssertUnwindSafe(written).catch_unwind().await;
        // Without an error the stream would end as if the document were whole.
        let panicked = || Err(ApiError::internal(anyhow::anyhow!("an export panicked")).into());
        if let Err(Stop::Failed(error)) = outcome.unwrap_or_else(|_| panicked()) {
            log_fault(&error, &request_id);
            // Fails only when nobody reads any more.
            let _ = pages.send(Err(error)).await;
        }
    });
    futures_util::stream::poll_fn(move |context| taken.poll_recv(context)).boxed()
}

/// A name that every file system takes and that shows where it ends.
fn file_name(title: &str, extension: impl Display) -> String {
    let mut name = String::new();
    for c in title.chars() {
        let c = match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c if crate::domain::files::is_invisible(c) => continue,
            c => c,
        };
        if name.len().saturating_add(c.len_utf8()) > NAME_BYTES {
            break;
        }
        name.push(c);
    }
    let name = match name.trim_matches(|c: char| c.is_whitespace() || c == '.') {
        "" => UNTITLED,
        name => name,
    };
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_document_whose_making_panics_does_not_end_well() {
        let mut body = stream("r".to_owned(), |mut out| async move {
            out.text("the beginning");
            out.flush().await?;
            panic!("on purpose")
        });
        let first = body.next().await.unwrap().unwrap();
        assert_eq!(first, "the beginning");
        assert!(body.next().await.unwrap().is_err());
        assert!(body.next().await.is_none());
    }

    #[test]
    fn names_are_fit_for_file_systems() {
        for (title, name) in [
            ("Notes for 2.4", "Notes for 2.4.md"),
            ("a/b\\c: \"d\"?", "a-b-c- -d--.md"),
            ("../../etc", "-..-etc.md"),
            (" . ", "New chat.md"),
            ("\u{202e}gnp.exe", "gnp.exe.md"),
            ("Café ☕", "Café ☕.md"),
        ] {
            assert_eq!(file_name(title, "md"), name, "{title:?}");
        }
        let long = file_name(&"é".repeat(200), "json");
        assert_eq!(long, format!("{}.json", "é".repeat(60)));
    }
}
