//! Ids: a UUIDv7 as lower-case hyphenated text, one newtype for each kind of thing.
//!
//! They are stored and sent as the same 36 characters, so no database needs a UUID type, and
//! their text order is the order in which they were made.

use std::{fmt, str::FromStr};

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid id")
    }
}

impl std::error::Error for InvalidId {}

fn canonical(text: &str) -> Result<ArrayString<36>, InvalidId> {
    if text.len() != 36 {
        return Err(InvalidId);
    }
    let id = uuid::Uuid::try_parse(text).map_err(|_| InvalidId)?;
    let mut buffer = uuid::Uuid::encode_buffer();
    ArrayString::from(id.hyphenated().encode_lower(&mut buffer)).map_err(|_| InvalidId)
}

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
        #[cfg_attr(feature = "diesel", diesel(sql_type = diesel::sql_types::Text))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid", examples("019aa9f5-8c00-7cc3-98c4-dc0c0c07398f")))]
        pub struct $name(ArrayString<36>);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A new id, later in order than every id made before by this process.
            #[cfg(feature = "generate")]
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default id would differ at each call")]
            pub fn new() -> Self {
                let mut buffer = uuid::Uuid::encode_buffer();
                let text = uuid::Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
                // 36 characters always fit into 36.
                Self(ArrayString::from(text).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                canonical(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "diesel")]
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        #[cfg(feature = "diesel")]
        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<
                    diesel::sql_types::Text,
                    DB,
                >>::from_sql(bytes)?;
                Ok(text.parse()?)
            }
        }
    )*};
}

id! {
    /// A registered person.
    UserId
    /// One signed-in browser or script of a person.
    SessionId
    /// A project (agent).
    ProjectId
    /// One numbered state of a project's system prompt, model and parameters.
    PromptVersionId
    /// A file of a project; its bytes are stored under this id.
    FileId
    /// A conversation within a project.
    ConversationId
    /// One message of a conversation.
    MessageId
    /// One running or finished answer.
    GenerationId
    /// A person's own account with a provider of models.
    ProviderId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_is_read_and_written_lower() {
        let id: ProjectId = "019AA9F5-8C00-7CC3-98C4-DC0C0C07398F".parse().unwrap();
        assert_eq!(id.as_str(), "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f");
    }

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        for text in [
            "",
            "x",
            "019aa9f58c007cc398c4dc0c0c07398f",
            "{019aa9f5-8c00-7cc3-98c4-dc0c0c07398f}",
            "urn:uuid:019aa9f5-8c00-7cc3-98c4-dc0c0c07398f",
            "019aa9f5-8c00-7cc3-98c4-dc0c0c07398g",
        ] {
            assert_eq!(text.parse::<ProjectId>(), Err(InvalidId), "{text}");
        }
    }
}
