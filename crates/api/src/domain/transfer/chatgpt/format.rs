//! The fields of `conversations.json`, as far as they are read, and the text within a message's content.

use serde::{
    Deserialize,
    de::{MapAccess, value::MapAccessDeserializer},
};

use crate::domain::transfer::{
    draft::{Skipped, quoted},
    loose::{Expected, Loose, expect_objects},
};

/// The whole file.
pub(in crate::domain::transfer) type Conversations = Vec<Loose<Conversation>>;

#[derive(Debug, Deserialize)]
pub(in crate::domain::transfer) struct Conversation {
    #[serde(default)]
    pub(super) title: Loose<String>,
    #[serde(default)]
    pub(super) create_time: Loose<f64>,
    #[serde(default)]
    pub(super) update_time: Loose<f64>,
    #[serde(default)]
    pub(super) is_archived: Loose<bool>,
    #[serde(default)]
    pub(super) current_node: Loose<String>,
    #[serde(default)]
    pub(super) mapping: Loose<Mapping>,
}

/// The nodes in the document's order, a key that is there twice included.
#[derive(Debug)]
pub(super) struct Mapping(pub(super) Vec<(String, Loose<Entry>)>);

#[derive(Debug, Default, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) parent: Loose<String>,
    #[serde(default)]
    pub(super) children: Loose<Vec<Loose<String>>>,
    #[serde(default)]
    pub(super) message: Loose<Message>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) author: Loose<Author>,
    #[serde(default)]
    pub(super) content: Loose<Content>,
    #[serde(default)]
    pub(super) create_time: Loose<f64>,
    #[serde(default)]
    pub(super) metadata: Loose<Metadata>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Author {
    #[serde(default)]
    pub(super) role: Loose<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) model_slug: Loose<String>,
    #[serde(default)]
    pub(super) is_visually_hidden_from_conversation: Loose<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Content {
    #[serde(default)]
    content_type: Loose<String>,
    #[serde(default)]
    parts: Loose<Vec<Part>>,
    #[serde(default)]
    text: Loose<String>,
    #[serde(default)]
    language: Loose<String>,
    #[serde(default)]
    thoughts: Loose<Vec<Loose<Thought>>>,
}

#[derive(Debug, Deserialize)]
struct Thought {
    #[serde(default)]
    summary: Loose<String>,
    #[serde(default)]
    content: Loose<String>,
}

/// A part of a message: text, or something that is not taken.
#[derive(Debug, Deserialize)]
#[serde(from = "Loose<PartValue>")]
enum Part {
    Text(String),
    /// Names what it is.
    Other(String),
}

/// What stands for a part.
#[derive(Debug)]
enum PartValue {
    Text(String),
    Object(PartObject),
}

#[derive(Debug, Deserialize)]
struct PartObject {
    #[serde(default)]
    content_type: Loose<String>,
    /// Of speech, what was understood.
    #[serde(default)]
    text: Loose<String>,
}

expect_objects!(
    Conversation,
    Entry,
    Message,
    Author,
    Metadata,
    Content,
    Thought
);

impl Expected for PartValue {
    fn of_text(text: String) -> Option<Self> {
        Some(Self::Text(text))
    }

    fn of_object<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        let object = PartObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(Self::Object(object)))
    }
}

impl From<Loose<PartValue>> for Part {
    fn from(value: Loose<PartValue>) -> Self {
        match value.0 {
            Some(PartValue::Text(text)) => Self::Text(text),
            Some(PartValue::Object(PartObject {
                text: Loose(Some(text)),
                ..
            })) => Self::Text(text),
            Some(PartValue::Object(object)) => {
                Self::Other(object.content_type.0.unwrap_or_default())
            }
            None => Self::Other(String::new()),
        }
    }
}

impl Expected for Mapping {
    fn of_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = map.next_entry()? {
            nodes.push(node);
        }
        Ok(Some(Self(nodes)))
    }
}

impl Content {
    /// Whether leaving it out leaves nothing out.
    pub(super) fn is_empty(&self) -> bool {
        let has_part = |part: &Part| match part {
            Part::Text(text) => !text.trim().is_empty(),
            Part::Other(_) => true,
        };
        !self.parts.0.iter().flatten().any(has_part)
            && self
                .text
                .0
                .as_ref()
                .is_none_or(|text| text.trim().is_empty())
    }

    /// The text, and what was thought before it.
    pub(super) fn read(self, pointer: &str, skipped: &mut Skipped) -> (String, Option<String>) {
        let kind = self.content_type.0.unwrap_or_default();
        if let Some(thoughts) = self.thoughts.0 {
            let reasoning = thoughts
                .into_iter()
                .filter_map(|thought| thought.0)
                .flat_map(|thought| [thought.summary.0, thought.content.0])
                .flatten()
                .filter(|text| !text.trim().is_empty())
                .collect::<Vec<_>>()
                .join("\n\n");
            return (String::new(), (!reasoning.is_empty()).then_some(reasoning));
        }
        if let Some(parts) = self.parts.0 {
            return (join_parts(parts, pointer, skipped), None);
        }
        match self.text.0 {
            Some(text) if kind == "code" => {
                let language = self.language.0.unwrap_or_default();
                (fenced(&text, &language), None)
            }
            Some(text) => (text, None),
            None => {
                let name = format!(
                    "content of the type {:?}; only text is taken",
                    quoted(&kind)
                );
                skipped.add(&format!("{pointer}/content"), name);
                (String::new(), None)
            }
        }
    }
}

fn join_parts(parts: Vec<Part>, pointer: &str, skipped: &mut Skipped) -> String {
    let mut texts = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        match part {
            Part::Text(text) if !text.is_empty() => texts.push(text),
            Part::Text(_) => {}
            Part::Other(kind) => {
                let name = match kind.as_str() {
                    "image_asset_pointer" => "an image; only text is taken".to_owned(),
                    "" => "a part that is no text".to_owned(),
                    other => format!("a part of the type {:?}; only text is taken", quoted(other)),
                };
                skipped.add(&format!("{pointer}/content/parts/{index}"), name);
            }
        }
    }
    texts.join("\n\n")
}

/// `code` as a fenced block that nothing in it can end.
fn fenced(code: &str, language: &str) -> String {
    let longest = code
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1).max(3));
    let language: String = language
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#'))
        .take(30)
        .collect();
    let language = if language == "unknown" { "" } else { &language };
    let end = if code.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{code}{end}{fence}")
}
