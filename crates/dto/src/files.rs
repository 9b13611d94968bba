//! Files of a project.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, ids::FileId};

/// A file of a project. Its name is unique within the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct File {
    pub id: FileId,
    #[cfg_attr(feature = "openapi", schema(examples("style-guide.pdf")))]
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Guessed from the name; downloads are always attachments.
    #[cfg_attr(feature = "openapi", schema(examples("application/pdf")))]
    pub content_type: String,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub created_at: Timestamp,
}

/// What an upload made, in the order in which the parts were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadedFiles {
    pub items: Vec<File>,
}

/// The query of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct UploadQuery {
    /// Whether a file of the same name is replaced; otherwise the answer is 409.
    #[serde(default)]
    pub replace: bool,
}
