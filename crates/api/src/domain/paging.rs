//! Pages of lists: the limit, and cursors that name the last item seen.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDateTime};
use prompthub_dto::{
    Page,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
    problem::FieldCode,
};
use prompthub_store::search::SearchPlace;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::ApiError;

/// What page of a list is asked for. `K` is the place in the list's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<K> {
    pub limit: u32,
    pub after: Option<K>,
}

impl<K: Cursor> PageRequest<K> {
    /// # Errors
    /// With a complaint about `limit` or `cursor`.
    pub fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, ApiError> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(ApiError::field(
                "limit",
                FieldCode::OutOfRange,
                format!("Must be 1 to {MAX_LIMIT}."),
            ));
        }
        let after = match cursor {
            None => None,
            Some(text) => Some(K::decode(text).ok_or_else(|| {
                ApiError::field(
                    "cursor",
                    FieldCode::Invalid,
                    "Is not a cursor of this list.",
                )
            })?),
        };
        Ok(Self { limit, after })
    }

    /// How many rows to ask for: one more than is shown tells whether there is a next page.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit).saturating_add(1)
    }

    /// The page that `rows` make, with `place` saying where a row is in the order.
    pub fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> K,
        show: impl FnMut(R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        page_of(rows, more, place, show)
    }
}

/// The page of these rows, where it is known whether more follow.
pub fn page_of<R, T, K: Cursor>(
    rows: Vec<R>,
    more: bool,
    place: impl Fn(&R) -> K,
    show: impl FnMut(R) -> T,
) -> Page<T> {
    let next_cursor = rows.last().filter(|_| more).map(|row| place(row).encode());
    Page {
        items: rows.into_iter().map(show).collect(),
        next_cursor,
    }
}

/// A place in a list's order, as opaque text.
pub trait Cursor: Sized {
    fn encode(&self) -> String;
    fn decode(text: &str) -> Option<Self>;
}

fn seal(value: &impl Serialize) -> String {
    // Tuples of numbers and text always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn open<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// By time, then by id.
impl<I: Serialize + DeserializeOwned> Cursor for (NaiveDateTime, I) {
    fn encode(&self) -> String {
        seal(&(self.0.and_utc().timestamp_micros(), &self.1))
    }

    fn decode(text: &str) -> Option<Self> {
        let (micros, id) = open::<(i64, I)>(text)?;
        let at = DateTime::from_timestamp_micros(micros)?.naive_utc();
        // Beyond these years not every database can compare times.
        let year = chrono::Datelike::year(&at);
        (1970..=9999).contains(&year).then_some((at, id))
    }
}

/// By how well it matched. A cursor of another search is a place among these hits all the same.
impl Cursor for SearchPlace {
    fn encode(&self) -> String {
        seal(&(self.newest, self.score.to_bits(), self.entry))
    }

    fn decode(text: &str) -> Option<Self> {
        let (newest, score, entry) = open(text)?;
        Some(Self {
            newest,
            score: f64::from_bits(score),
            entry,
        })
    }
}

/// By number.
impl Cursor for i32 {
    fn encode(&self) -> String {
        seal(self)
    }

    fn decode(text: &str) -> Option<Self> {
        open(text)
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::ids::ProjectId;

    use super::*;

    #[test]
    fn cursors_come_back() {
        let place = (prompthub_store::now(), ProjectId::new());
        assert_eq!(
            <(NaiveDateTime, ProjectId)>::decode(&place.encode()),
            Some(place)
        );
        assert_eq!(i32::decode(&7.encode()), Some(7));
    }

    #[test]
    fn foreign_text_is_no_cursor() {
        for text in ["", "x", "AAAA", "WzEsMl0", "!", &"A".repeat(100_000)] {
            assert_eq!(<(NaiveDateTime, ProjectId)>::decode(text), None);
        }
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let request = PageRequest::<i32> {
            limit: 2,
            after: None,
        };
        assert_eq!(request.page(vec![1, 2], |n| *n, |n| n).next_cursor, None);
        let page = request.page(vec![1, 2, 3], |n| *n, |n| n);
        assert_eq!(
            (
                page.items,
                page.next_cursor.as_deref().and_then(i32::decode)
            ),
            (vec![1, 2], Some(2))
        );
    }
}
