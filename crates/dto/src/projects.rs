//! Projects and the versions of their prompts.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::{
    Timestamp,
    ids::{ProjectId, PromptVersionId, UserId},
};

/// A project (agent): a system prompt, a model and what belongs to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    pub id: ProjectId,
    #[cfg_attr(feature = "openapi", schema(examples("Release notes writer")))]
    pub name: String,
    /// Empty unless set.
    pub description: String,
    /// Empty unless set.
    pub system_prompt: String,
    /// `<provider slug>/<the provider's own id>`.
    #[cfg_attr(
        feature = "openapi",
        schema(examples("openrouter/anthropic/claude-sonnet-4"))
    )]
    pub model: String,
    pub parameters: Parameters,
    /// The number of the current prompt version; the first is 1.
    pub prompt_version: i32,
    pub file_count: i64,
    /// The last message or change.
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How the model is to answer. What is `null` or absent is left to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"temperature": 0.7, "max_tokens": 2000})))]
pub struct Parameters {
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub top_p: Option<f64>,
    /// The most tokens that the answer may have, 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    pub max_tokens: Option<u32>,
    /// At most 4 texts, each 1 to 200 characters, that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 4))]
    pub stop: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// At most 5 models that are asked, in this order, where the one before gave no answer. Once the first
    /// word of an answer is there, no other model is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 5))]
    pub fallback_models: Vec<String>,
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    /// Only from an object: what serde derives would also read an array as the fields in order.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Parameters;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parameters, A::Error> {
                Parameters::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// How much a reasoning model is to think before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
}

/// What form an answer must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "AnyFormat")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponseFormat {
    /// Any JSON object. Most models want to be told of it in the prompt, too.
    JsonObject,
    /// JSON that obeys a schema.
    JsonSchema {
        /// 1 to 64 letters, digits, `_` and `-`.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
        name: String,
        /// A JSON schema: an object of at most 20,000 bytes, nested at most 20 deep. Each provider knows a part of
        /// the language.
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        schema: Value,
        /// Whether the provider is to keep to it rather than to try.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        strict: bool,
    },
}

/// The fields of every response format, for reading: the page would have to download the buffer through which
/// serde reads a tagged enum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyFormat {
    #[serde(rename = "type")]
    kind: FormatType,
    name: Option<String>,
    schema: Option<Value>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatType {
    JsonObject,
    JsonSchema,
}

impl TryFrom<AnyFormat> for ResponseFormat {
    type Error = &'static str;

    fn try_from(format: AnyFormat) -> Result<Self, &'static str> {
        match (format.kind, format.name, format.schema) {
            (FormatType::JsonObject, None, None) if format.strict.is_none() => Ok(Self::JsonObject),
            (FormatType::JsonObject, ..) => Err("json_object has no other fields"),
            (FormatType::JsonSchema, Some(name), Some(schema)) => Ok(Self::JsonSchema {
                name,
                schema,
                strict: format.strict.unwrap_or_default(),
            }),
            (FormatType::JsonSchema, ..) => Err("json_schema needs a name and a schema"),
        }
    }
}

/// A new project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "Latin tutor", "system_prompt": "You are patient and Socratic."})))]
pub struct CreateProject {
    /// 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// At most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: Option<String>,
    /// At most 100,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100_000))]
    pub system_prompt: Option<String>,
    /// The server's default model unless sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

/// Changes to a project; what is not sent, or `null`, stays. `parameters` is replaced whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"system_prompt": "You answer in Latin."})))]
pub struct UpdateProject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100_000))]
    pub system_prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

/// One numbered state of what a project tells its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptVersion {
    pub id: PromptVersionId,
    /// Counts up from 1 within the project.
    pub number: i32,
    pub system_prompt: String,
    pub model: String,
    pub parameters: Parameters,
    /// Who made it; `null` when that account is gone.
    pub author_id: Option<UserId>,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_are_read_as_they_are_written() {
        for json in [
            json!({"type": "json_object"}),
            json!({"type": "json_schema", "name": "a", "schema": {"type": "object"}}),
            json!({"type": "json_schema", "name": "a", "schema": {}, "strict": true}),
        ] {
            let format: ResponseFormat = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&format).unwrap(), json);
        }
    }

    #[test]
    fn a_format_has_the_fields_of_its_type_and_no_others() {
        for json in [
            json!({"type": "json_object", "name": "a"}),
            json!({"type": "json_object", "strict": false}),
            json!({"type": "json_schema", "name": "a"}),
            json!({"type": "json_schema", "schema": {}}),
            json!({"type": "json_schema", "name": "a", "schema": {}, "more": 1}),
            json!({"type": "text"}),
            json!({}),
        ] {
            assert!(
                serde_json::from_value::<ResponseFormat>(json.clone()).is_err(),
                "{json}"
            );
        }
    }
}
