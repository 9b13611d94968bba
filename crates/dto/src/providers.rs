//! Accounts with providers of models: the operator's, which are shared, and one's own.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, ids::ProviderId};

/// An account with a provider. Its key is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// `null` for the operator's, which nobody changes through the API.
    pub id: Option<ProviderId>,
    /// The name before the first `/` of a model. It never changes.
    #[cfg_attr(feature = "openapi", schema(examples("my-groq")))]
    pub slug: String,
    /// The name of the preset.
    #[cfg_attr(feature = "openapi", schema(examples("groq")))]
    pub preset: String,
    #[cfg_attr(feature = "openapi", schema(examples("My Groq")))]
    pub name: String,
    /// What calls go below; `null` for the operator's, who alone need know it.
    #[cfg_attr(
        feature = "openapi",
        schema(examples("https://api.groq.com/openai/v1"))
    )]
    pub base_url: Option<String>,
    /// The last four characters of the key; `null` without a key, with one that is too short to
    /// show any of it, and for the operator's.
    #[cfg_attr(feature = "openapi", schema(examples("x7Qf")))]
    pub key_hint: Option<String>,
    /// Whether it is the operator's.
    pub shared: bool,
    pub state: ProviderState,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// How a provider's list of models is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderState {
    pub status: ProviderStatus,
    /// How many models are known, if only from an earlier list.
    #[cfg_attr(feature = "openapi", schema(examples(42)))]
    pub model_count: u32,
    /// When the list was last asked for, with whatever outcome; `null` before the first time.
    pub checked_at: Option<Timestamp>,
    /// What is wrong, in words for a person.
    pub problem: Option<String>,
}

/// Whether a provider's models are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderStatus {
    /// The list is there.
    Ready,
    /// It is being asked for, for the first time.
    Loading,
    /// The provider refused to give it, or the account cannot be used. Models of an earlier list stay.
    Failed,
    /// The provider did not answer. Models of an earlier list stay.
    Unreachable,
    /// A state that a newer server knows.
    #[serde(other)]
    Other,
}

/// A new account of one's own.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"preset": "groq", "name": "My Groq", "api_key": "gsk_…"})))]
pub struct CreateProvider {
    /// The name of one of the presets.
    pub preset: String,
    /// 1 to 60 characters. The slug is made from it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 60))]
    pub name: String,
    /// What calls go below, http or https, where the preset leaves it open; the preset's own unless sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2000))]
    pub base_url: Option<String>,
    /// At most 4,096 characters. Write-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = Password, max_length = 4096))]
    pub api_key: Option<String>,
}

/// Changes to an account of one's own; what is not sent, or `null`, stays. The slug stays too, since
/// projects name models by it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"api_key": "gsk_…"})))]
pub struct UpdateProvider {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 60))]
    pub name: Option<String>,
    /// Empty for the preset's own. An account that has a key needs `api_key` with it: a key is sent
    /// only where it was entered for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2000))]
    pub base_url: Option<String>,
    /// Empty to take the key away, where the preset needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = Password, max_length = 4096))]
    pub api_key: Option<String>,
}

macro_rules! hide_keys {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )*};
}
hide_keys!(CreateProvider UpdateProvider);

/// What one cheap call of a provider came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderTest {
    /// Whether the provider can be used.
    pub ok: bool,
    /// What was found, in words for a person.
    #[cfg_attr(
        feature = "openapi",
        schema(examples("The key works. The provider lists 42 models."))
    )]
    pub message: String,
    /// How long the provider took, in milliseconds; `null` where it was not reached.
    #[cfg_attr(feature = "openapi", schema(examples(180)))]
    pub latency_ms: Option<u32>,
}

/// A kind of provider that an account can be made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderPreset {
    #[cfg_attr(feature = "openapi", schema(examples("groq")))]
    pub name: String,
    /// What a person calls it.
    #[cfg_attr(feature = "openapi", schema(examples("Groq")))]
    pub title: String,
    /// Where it usually is; an example where the account must say.
    #[cfg_attr(
        feature = "openapi",
        schema(examples("https://api.groq.com/openai/v1"))
    )]
    pub base_url: String,
    pub base_url_rule: BaseUrlRule,
    pub key_rule: KeyRule,
}

/// Who says where a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BaseUrlRule {
    /// The preset; another URL is refused.
    Fixed,
    /// The preset, unless the account has a URL of its own.
    Changeable,
    /// The account.
    Required,
}

/// Whether an account has an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum KeyRule {
    Required,
    Optional,
}
