//! Points in time as the wire has them.

use serde::{Deserialize, Serialize};

/// RFC 3339 in UTC with microseconds and `Z`, e.g. `2026-11-22T08:30:00.123456Z`.
///
/// The fixed width makes text order the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime, examples("2026-11-22T08:30:00.123456Z")))]
pub struct Timestamp(String);

impl Timestamp {
    /// `text` must already have the form above; the server is the only one that makes these.
    #[must_use]
    pub fn from_rfc3339(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
