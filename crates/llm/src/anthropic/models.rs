//! The list of models.
//!
//! Owns the names of its fields. Reads leniently: what is not said stays unknown.

use serde_json::{Value, value::RawValue};

use super::capabilities::{Capabilities, Thinking};
use crate::{CatalogueEntry, catalogue};

/// One model; `None` if it cannot be read. The list tells no prices.
pub(super) fn read(json: &RawValue) -> Option<(CatalogueEntry, Capabilities)> {
    let model: &Value = &serde_json::from_str(json.get()).ok()?;
    let id = catalogue::id(&model["id"])?;
    let told = &model["capabilities"];
    let thinking = thinking(told).unwrap_or_else(|| Capabilities::by_name(&id).thinking);
    let entry = CatalogueEntry {
        name: catalogue::name(&model["display_name"], &id),
        context_length: catalogue::tokens(&model["max_input_tokens"]),
        max_output_tokens: catalogue::tokens(&model["max_tokens"]),
        input_modalities: input_modalities(told),
        output_modalities: vec!["text".to_owned()],
        supported_parameters: parameters(told, thinking),
        id,
        ..CatalogueEntry::default()
    };
    let is_known = |path: &str| told.pointer(path).and_then(is_supported);
    let capabilities = Capabilities {
        thinking,
        takes_effort: is_known("/effort").unwrap_or(thinking == Thinking::Adaptive),
        can_be_told_not_to: is_known("/thinking/types/disabled").unwrap_or(true),
    };
    Some((entry, capabilities))
}

/// Whether a capability is there; `None` if it is not said.
fn is_supported(capability: &Value) -> Option<bool> {
    capability["supported"].as_bool()
}

fn thinking(told: &Value) -> Option<Thinking> {
    let thinking = &told["thinking"];
    let types = &thinking["types"];
    if is_supported(&types["adaptive"]) == Some(true) {
        Some(Thinking::Adaptive)
    } else if is_supported(&types["enabled"]) == Some(true) {
        Some(Thinking::Budget)
    } else if is_supported(thinking) == Some(false) {
        Some(Thinking::No)
    } else {
        None
    }
}

fn input_modalities(told: &Value) -> Vec<String> {
    // Without a word about images, nothing is known but that text is taken.
    let Some(takes_images) = is_supported(&told["image_input"]) else {
        return Vec::new();
    };
    let takes_files = is_supported(&told["pdf_input"]) == Some(true);
    [
        ("text", true),
        ("image", takes_images),
        ("file", takes_files),
    ]
    .into_iter()
    .filter(|(_, takes)| *takes)
    .map(|(modality, _)| modality.to_owned())
    .collect()
}

/// In OpenRouter's names. The models that take no thinking budget any more refuse `temperature` and
/// `top_p`, too; the list does not say so itself, so that it is concluded from the budget.
fn parameters(told: &Value, thinking: Thinking) -> Vec<String> {
    if told.is_null() {
        return Vec::new();
    }
    let budget = told.pointer("/thinking/types/enabled");
    let takes_budget = budget.and_then(is_supported) != Some(false);
    let is_sampled = thinking != Thinking::Adaptive || takes_budget;
    let has_schema = is_supported(&told["structured_outputs"]) == Some(true);
    [
        ("max_tokens", true),
        ("stop", true),
        ("temperature", is_sampled),
        ("top_p", is_sampled),
        ("reasoning", thinking != Thinking::No),
        ("structured_outputs", has_schema),
    ]
    .into_iter()
    .filter(|(_, takes)| *takes)
    .map(|(parameter, _)| parameter.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(json: &Value) -> Option<(CatalogueEntry, Capabilities)> {
        read(&RawValue::from_string(json.to_string()).unwrap())
    }

    fn types(adaptive: bool, enabled: bool) -> Value {
        json!({"supported": true, "types": {"adaptive": {"supported": adaptive}, "enabled": {"supported": enabled}}})
    }

    #[test]
    fn a_model_is_read_with_all_that_it_can() {
        let (entry, capabilities) = read_json(&json!({
            "type": "model", "id": "claude-x", "display_name": "Claude X", "created_at": "2026-01-01T00:00:00Z",
            "max_input_tokens": 200000, "max_tokens": 64000,
            "capabilities": {
                "image_input": {"supported": true}, "pdf_input": {"supported": true},
                "structured_outputs": {"supported": true},
                "thinking": {"supported": true, "types": {"adaptive": {"supported": true}, "enabled": {"supported": false}, "disabled": {"supported": false}}},
            },
        }))
        .unwrap();
        assert_eq!(entry.name, "Claude X");
        assert_eq!(entry.context_length, Some(200_000));
        assert_eq!(entry.max_output_tokens, Some(64000));
        assert_eq!(entry.input_modalities, ["text", "image", "file"]);
        assert_eq!(
            entry.supported_parameters,
            ["max_tokens", "stop", "reasoning", "structured_outputs"]
        );
        assert_eq!(
            capabilities,
            Capabilities {
                thinking: Thinking::Adaptive,
                takes_effort: true,
                can_be_told_not_to: false,
            }
        );
    }

    #[test]
    fn what_is_not_said_is_unknown() {
        let (entry, capabilities) = read_json(&json!({"id": "claude-3-haiku"})).unwrap();
        assert_eq!(entry.name, "claude-3-haiku");
        assert_eq!(entry.context_length, None);
        assert!(entry.supported_parameters.is_empty());
        assert!(entry.input_modalities.is_empty());
        assert_eq!(capabilities.thinking, Thinking::No);
        assert_eq!(read_json(&json!({"display_name": "x"})), None);
        assert_eq!(read_json(&json!(null)), None);
    }

    #[test]
    fn thinking_is_as_the_list_says_rather_than_the_name() {
        for (told, thinking) in [
            (types(true, true), Thinking::Adaptive),
            (types(false, true), Thinking::Budget),
            (json!({"supported": false}), Thinking::No),
        ] {
            let model = json!({"id": "claude-x", "capabilities": {"thinking": told}});
            assert_eq!(read_json(&model).unwrap().1.thinking, thinking, "{model}");
        }
    }
}
