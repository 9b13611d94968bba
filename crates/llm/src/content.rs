//! What a message says: text, and images beside it.
//!
//! Owns the images that providers take and how bytes are known to be one. Must not fetch anything:
//! an image is here or it is not sent.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text alone, as nearly all messages are.
    Text(String),
    /// In the order in which the model sees them. Text before images is understood best.
    Parts(Vec<Part>),
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Image(Image),
}

impl Content {
    /// The text without the images; parts are separated by a blank line.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Parts(parts) => {
                let texts: Vec<_> = parts.iter().filter_map(Part::as_text).collect();
                Cow::Owned(texts.join("\n\n"))
            }
        }
    }

    /// Adds what follows: texts that meet are separated by a blank line.
    pub fn append(&mut self, more: Content) {
        let mut parts = match std::mem::replace(self, Self::Parts(Vec::new())) {
            Self::Text(text) => vec![Part::Text(text)],
            Self::Parts(parts) => parts,
        };
        let more = match more {
            Self::Text(text) => vec![Part::Text(text)],
            Self::Parts(more) => more,
        };
        for part in more {
            match (parts.last_mut(), part) {
                (Some(Part::Text(text)), Part::Text(more)) => {
                    text.push_str("\n\n");
                    text.push_str(&more);
                }
                (_, part) => parts.push(part),
            }
        }
        *self = match parts.as_mut_slice() {
            [Part::Text(text)] => Self::Text(std::mem::take(text)),
            _ => Self::Parts(parts),
        };
    }

    /// The images in it, in their order.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        let parts = match self {
            Self::Text(_) => &[],
            Self::Parts(parts) => parts.as_slice(),
        };
        parts.iter().filter_map(Part::as_image)
    }
}

impl Part {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Image(_) => None,
        }
    }

    fn as_image(&self) -> Option<&Image> {
        match self {
            Self::Text(_) => None,
            Self::Image(image) => Some(image),
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// An image of a kind that every provider of images takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    kind: ImageKind,
    bytes: Bytes,
}

/// The kinds of images that OpenRouter and Anthropic both take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    Png,
    Jpeg,
    Webp,
    Gif,
}

/// The bytes are no image that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImage {
    #[error("the image is not a PNG, JPEG, WebP or GIF")]
    Kind,
    #[error("the data URL is not one of a base64 image")]
    DataUrl,
}

impl Image {
    /// An image from a file's bytes. What kind it is, its first bytes tell: a name or a label may lie.
    ///
    /// # Errors
    ///
    /// The bytes are of no kind that providers take.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, InvalidImage> {
        let bytes = bytes.into();
        let kind = ImageKind::of(&bytes).ok_or(InvalidImage::Kind)?;
        Ok(Self { kind, bytes })
    }

    /// An image from `data:image/png;base64,…`.
    ///
    /// # Errors
    ///
    /// It is no such URL, or what is in it is no image that providers take.
    pub fn from_data_url(url: &str) -> Result<Self, InvalidImage> {
        let (scheme, rest) = url.split_once(':').ok_or(InvalidImage::DataUrl)?;
        let (label, data) = rest.split_once(',').ok_or(InvalidImage::DataUrl)?;
        let is_base64 = label.to_ascii_lowercase().ends_with(";base64");
        if !scheme.eq_ignore_ascii_case("data") || !is_base64 {
            return Err(InvalidImage::DataUrl);
        }
        let bytes = STANDARD.decode(data).map_err(|_| InvalidImage::DataUrl)?;
        Self::new(bytes)
    }

    #[must_use]
    pub fn kind(&self) -> ImageKind {
        self.kind
    }

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes in base64, as JSON carries them.
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// As a data URL.
    pub(crate) fn data_url(&self) -> String {
        let mut url = format!("data:{};base64,", self.kind.media_type());
        STANDARD.encode_string(&self.bytes, &mut url);
        url
    }
}

/// Says the size rather than the bytes: an image in a log helps nobody.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.bytes.len())
    }
}

impl ImageKind {
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xFF\xD8\xFF") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// E.g. `image/png`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    #[test]
    fn what_is_appended_follows_a_blank_line() {
        let text = |text: &str| Part::Text(text.to_owned());
        let image = || Part::Image(Image::new(PNG).unwrap());
        for (content, more, expected) in [
            ("a".into(), "b".into(), Content::Text("a\n\nb".to_owned())),
            (
                "a".into(),
                Content::Parts(vec![text("b"), image(), text("c")]),
                Content::Parts(vec![text("a\n\nb"), image(), text("c")]),
            ),
            (
                Content::Parts(vec![image()]),
                Content::Parts(vec![image(), text("b")]),
                Content::Parts(vec![image(), image(), text("b")]),
            ),
            (
                Content::Parts(vec![text("a"), image()]),
                "b".into(),
                Content::Parts(vec![text("a"), image(), text("b")]),
            ),
        ] {
            let mut appended: Content = content;
            appended.append(more);
            assert_eq!(appended, expected);
        }
    }

    #[test]
    fn the_first_bytes_tell_the_kind() {
        for (bytes, kind) in [
            (PNG, Some(ImageKind::Png)),
            (b"\xFF\xD8\xFF\xE0", Some(ImageKind::Jpeg)),
            (b"GIF89a", Some(ImageKind::Gif)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(ImageKind::Webp)),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg xmlns=", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            let image = Image::new(bytes);
            assert_eq!(
                image.as_ref().map(Image::kind).ok(),
                kind,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn data_urls_are_read_and_written() {
        let image = Image::new(PNG).unwrap();
        assert_eq!(Image::from_data_url(&image.data_url()), Ok(image.clone()));
        // The label does not count; the bytes do.
        let url = format!("DATA:image/jpeg;charset=x;BASE64,{}", image.base64());
        assert_eq!(Image::from_data_url(&url), Ok(image));
        for url in [
            "",
            "data:",
            "data:image/png;base64",
            "data:image/png,abc",
            "https://example.com/a.png",
            "data:image/png;base64,%%%",
        ] {
            assert_eq!(
                Image::from_data_url(url),
                Err(InvalidImage::DataUrl),
                "{url}"
            );
        }
        assert_eq!(
            Image::from_data_url("data:image/png;base64,aGVsbG8="),
            Err(InvalidImage::Kind)
        );
    }

    #[test]
    fn debug_shows_no_bytes() {
        let image = Image::new(PNG).unwrap();
        assert_eq!(format!("{image:?}"), "Png of 12 bytes");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(url in ".{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Image::from_data_url(&url);
            if let Ok(image) = Image::new(bytes.clone()) {
                prop_assert_eq!(image.bytes().as_ref(), bytes.as_slice());
            }
        }
    }
}
