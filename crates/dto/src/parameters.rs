//! How a model is to answer: what a project says of it, and what a question changes of that.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::present;

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
    /// At most 5 models that are asked, in this order, where the one before cannot be asked or gave no answer. Once
    /// the first word of an answer is there, no other model is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 5))]
    pub fallback_models: Vec<String>,
}

/// What a question changes of its project's parameters, for its answer alone. What is absent is as the project has it;
/// what is `null`, or an empty list, is not set, whatever the project says, and left to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"temperature": null, "max_tokens": 2000})))]
pub struct ParameterOverrides {
    /// 0 to 2.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, minimum = 0, maximum = 2))]
    pub temperature: Option<Option<f64>>,
    /// 0 to 1.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, minimum = 0, maximum = 1))]
    pub top_p: Option<Option<f64>>,
    /// The most tokens that the answer may have, 1 to 1,000,000.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000))]
    pub max_tokens: Option<Option<u32>>,
    /// At most 4 texts, each 1 to 200 characters, that end the answer.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 4))]
    pub stop: Option<Option<Vec<String>>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub seed: Option<Option<i64>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ReasoningEffort>))]
    pub reasoning_effort: Option<Option<ReasoningEffort>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ResponseFormat>))]
    pub response_format: Option<Option<ResponseFormat>>,
    /// At most 5 models that are asked, in this order, where the one before cannot be asked or gave no answer.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 5))]
    pub fallback_models: Option<Option<Vec<String>>>,
}

/// What serde derives would also read an array as the fields in order; these are read from an object alone.
macro_rules! only_from_an_object {
    ($($parameters:ident),+) => {$(
        impl Serialize for $parameters {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $parameters {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> Visitor<'de> for Object {
                    type Value = $parameters;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$parameters, A::Error> {
                        $parameters::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
    )+};
}

only_from_an_object!(Parameters, ParameterOverrides);

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
    fn what_is_null_is_told_from_what_is_absent() {
        let json = json!({"temperature": null, "seed": 7, "stop": [], "response_format": null, "fallback_models": null});
        let overrides: ParameterOverrides = serde_json::from_value(json.clone()).unwrap();
        let expected = ParameterOverrides {
            temperature: Some(None),
            seed: Some(Some(7)),
            stop: Some(Some(Vec::new())),
            response_format: Some(None),
            fallback_models: Some(None),
            ..ParameterOverrides::default()
        };
        assert_eq!(overrides, expected);
        assert_eq!(serde_json::to_value(&overrides).unwrap(), json);
        for json in [json!([0.5]), json!({"heat": 1})] {
            assert!(serde_json::from_value::<ParameterOverrides>(json).is_err());
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
