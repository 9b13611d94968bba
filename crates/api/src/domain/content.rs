//! What a person says in a message: its text, and the images in it by their files' names.

use prompthub_dto::{
    chat::{ContentPart, MessageContent},
    problem::FieldCode,
};

use super::text::{Bounds, bounded, is_blank};
use crate::error::ApiError;

const TEXT: Bounds = Bounds {
    min: 0,
    max: 200_000,
};
/// Parts of one message.
const MAX_PARTS: usize = 20;
/// What stands between the texts of two parts.
pub(super) const BETWEEN: &str = "\n\n";

/// A message in parts, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The texts, with a blank line between two; empty where there are images alone.
    pub(super) text: String,
    /// In their order.
    pub(super) images: Vec<NamedImage>,
}

/// An image that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedImage {
    /// The name of a file of the project.
    pub(super) file: String,
    /// After how many characters of the text it stands.
    pub(super) offset: u64,
    /// Where in the request it is named, for complaints about it.
    pub(super) field: String,
}

impl Said {
    /// # Errors
    /// Complaints about `field`.
    pub(super) fn parse(field: &str, content: MessageContent) -> Result<Self, ApiError> {
        let said = match content {
            MessageContent::Text(text) => Self {
                text,
                images: Vec::new(),
            },
            MessageContent::Parts(parts) => Self::of_parts(field, parts)?,
        };
        if said.images.is_empty() && is_blank(&said.text) {
            return Err(ApiError::field(
                field,
                FieldCode::Required,
                "Must not be empty.",
            ));
        }
        Ok(Self {
            text: bounded(field, said.text, TEXT)?,
            ..said
        })
    }

    fn of_parts(field: &str, parts: Vec<ContentPart>) -> Result<Self, ApiError> {
        if parts.len() > MAX_PARTS {
            return Err(ApiError::field(
                field,
                FieldCode::TooLong,
                format!("Use at most {MAX_PARTS} parts."),
            ));
        }
        let mut said = Self::default();
        let mut chars = 0_usize;
        for (index, part) in parts.into_iter().enumerate() {
            match part {
                ContentPart::Text { text } if text.is_empty() => {}
                ContentPart::Text { text } => {
                    if !said.text.is_empty() {
                        said.text.push_str(BETWEEN);
                        chars = chars.saturating_add(BETWEEN.len());
                    }
                    chars = chars.saturating_add(text.chars().count());
                    said.text.push_str(&text);
                }
                ContentPart::Image { file } => said.images.push(NamedImage {
                    file,
                    offset: u64::try_from(chars).unwrap_or(u64::MAX),
                    field: format!("{field}.{index}.file"),
                }),
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ContentPart {
        ContentPart::Text {
            text: text.to_owned(),
        }
    }

    fn image(file: &str) -> ContentPart {
        ContentPart::Image {
            file: file.to_owned(),
        }
    }

    #[test]
    fn parts_are_taken_apart() {
        let parts = vec![
            image("a"),
            text("é"),
            text(""),
            image("b"),
            text("y"),
            image("c"),
        ];
        let said = Said::parse("content", MessageContent::Parts(parts)).unwrap();
        assert_eq!(said.text, "é\n\ny");
        let images: Vec<_> = said
            .images
            .iter()
            .map(|image| (image.file.as_str(), image.offset, image.field.as_str()))
            .collect();
        assert_eq!(
            images,
            [
                ("a", 0, "content.0.file"),
                ("b", 1, "content.3.file"),
                ("c", 4, "content.5.file")
            ]
        );
    }

    #[test]
    fn a_message_says_something() {
        for (content, is_something) in [
            (MessageContent::from(" "), false),
            (MessageContent::from("a"), true),
            (MessageContent::Parts(Vec::new()), false),
            (MessageContent::Parts(vec![text("")]), false),
            (MessageContent::Parts(vec![text("a")]), true),
            (MessageContent::Parts(vec![image("a")]), true),
            (
                MessageContent::Parts(vec![image("a"); MAX_PARTS + 1]),
                false,
            ),
            (MessageContent::from("a".repeat(200_001)), false),
        ] {
            assert_eq!(Said::parse("message", content).is_ok(), is_something);
        }
    }
}
