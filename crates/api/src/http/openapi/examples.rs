//! What answers look like: an example for each type that an operation answers with.
//!
//! They stand in `examples.json` by the type's name, as a server has really answered but for the model's words and prices. A
//! test holds each against its schema, and finds the types that have none. Examples of what is sent stand with its types.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{
    Modify,
    openapi::{OpenApi, RefOr, schema::Schema},
};

const EXAMPLES: &str = include_str!("examples.json");

/// Gives answers their examples.
pub(super) struct Examples;

impl Modify for Examples {
    fn modify(&self, description: &mut OpenApi) {
        let Some(components) = &mut description.components else {
            return;
        };
        let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
        for (name, example) in examples {
            if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(&name) {
                schema.example = Some(example);
            }
        }
    }
}
