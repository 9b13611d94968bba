//! The server itself.

use serde::{Deserialize, Serialize};

/// Whether strangers may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Registration {
    Open,
    Closed,
}

/// What anyone may know of this server before signing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    #[cfg_attr(feature = "openapi", schema(examples("0.1.0")))]
    pub version: String,
    pub registration: Registration,
    /// Whether nobody has registered yet: the first account becomes the administrator.
    pub first_account: bool,
    /// The model of new projects.
    #[cfg_attr(feature = "openapi", schema(examples("demo/echo")))]
    pub default_model: String,
    /// Bytes that one uploaded file may have.
    pub max_upload_bytes: u64,
}

/// The state of the server or of one thing that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HealthState {
    Ok,
    Failing,
}

/// Answer of the health checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    pub status: HealthState,
    /// Empty for the liveness check.
    #[serde(default)]
    pub checks: Vec<HealthCheck>,
}

/// The state of one thing that the server needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    #[cfg_attr(feature = "openapi", schema(examples("database")))]
    pub name: String,
    pub status: HealthState,
}
