//! The list of models: OpenRouter's with all that it says, other servers' with the little that they do.
//!
//! Owns the names that providers have for the same facts. Reads leniently: a model that cannot be
//! read is left out, and the others stay.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    CatalogueEntry, Pricing, ProviderError,
    catalogue::{self, MAX_MODELS, Page},
    decimal,
};

/// Where servers keep a model's context: OpenRouter and many others, vLLM, LM Studio and Mistral,
/// Groq, llama.cpp. Only vLLM's is documented in our sources; the rest are what the servers send.
const CONTEXT_LENGTH: [&str; 5] = [
    "/context_length",
    "/max_model_len",
    "/max_context_length",
    "/context_window",
    "/meta/n_ctx_train",
];

pub(super) fn read(json: &[u8]) -> Result<Vec<CatalogueEntry>, ProviderError> {
    let page = Page::read(json)?;
    let models = page.data.into_iter().filter_map(entry);
    Ok(models.take(MAX_MODELS).collect())
}

fn entry(json: &RawValue) -> Option<CatalogueEntry> {
    let model: &Value = &serde_json::from_str(json.get()).ok()?;
    let id = catalogue::id(&model["id"])?;
    let (architecture, top) = (&model["architecture"], &model["top_provider"]);
    let context_length = CONTEXT_LENGTH
        .iter()
        .find_map(|place| catalogue::tokens(model.pointer(place)?));
    Some(CatalogueEntry {
        name: catalogue::name(&model["name"], &id),
        id,
        context_length,
        max_output_tokens: catalogue::tokens(&top["max_completion_tokens"])
            // Groq's.
            .or_else(|| catalogue::tokens(&model["max_completion_tokens"])),
        input_modalities: catalogue::words(&architecture["input_modalities"]),
        output_modalities: catalogue::words(&architecture["output_modalities"]),
        supported_parameters: catalogue::words(&model["supported_parameters"]),
        pricing: pricing(json),
        demo: false,
    })
}

/// Prices are read as the digits that were sent, never through a float. A price below zero is
/// OpenRouter's word for one that depends on the model that is chosen: it is unknown. Its
/// `overrides` for long contexts are not read, so that an estimate may be below what is billed.
fn pricing(json: &RawValue) -> Option<Pricing> {
    let model: Priced<'_> = serde_json::from_str(json.get()).ok()?;
    let fields: PricingFields<'_> = serde_json::from_str(model.pricing?.get()).ok()?;
    let price = |field: Option<&RawValue>| decimal::plain(field?.get());
    let pricing = Pricing {
        prompt: price(fields.prompt),
        completion: price(fields.completion),
        cache_read: price(fields.input_cache_read),
        cache_write: price(fields.input_cache_write),
        request: price(fields.request),
        image: price(fields.image),
    };
    (pricing != Pricing::default()).then_some(pricing)
}

#[derive(Debug, Deserialize)]
struct Priced<'a> {
    #[serde(borrow)]
    pricing: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct PricingFields<'a> {
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    completion: Option<&'a RawValue>,
    #[serde(borrow)]
    input_cache_read: Option<&'a RawValue>,
    #[serde(borrow)]
    input_cache_write: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    image: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read_json(json: &Value) -> Vec<CatalogueEntry> {
        read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn openrouters_list_is_read_whole() {
        let json = br#"{"data":[{"id":"acme/m1","canonical_slug":"acme/m1-1","name":"Acme: M1","created":1760000000,
            "description":"d","context_length":131072,
            "architecture":{"input_modalities":["text","image"],"output_modalities":["text"],"tokenizer":"Other"},
            "pricing":{"prompt":"0.00000015","completion":"0.0000006","request":"0","image":"0.0001","input_cache_read":"0.000000075","web_search":"0.01"},
            "top_provider":{"context_length":131072,"max_completion_tokens":16384,"is_moderated":false},
            "supported_parameters":["temperature","seed"]},
            {"id":"openrouter/auto","name":"","pricing":{"prompt":"-1","completion":"-1"},"top_provider":null}]}"#;
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let price = |text: &str| Some(text.to_owned());
        let expected = [
            CatalogueEntry {
                id: "acme/m1".to_owned(),
                name: "Acme: M1".to_owned(),
                context_length: Some(131_072),
                max_output_tokens: Some(16384),
                input_modalities: words(&["text", "image"]),
                output_modalities: words(&["text"]),
                supported_parameters: words(&["temperature", "seed"]),
                pricing: Some(Pricing {
                    prompt: price("0.00000015"),
                    completion: price("0.0000006"),
                    cache_read: price("0.000000075"),
                    cache_write: None,
                    request: price("0"),
                    image: price("0.0001"),
                }),
                demo: false,
            },
            CatalogueEntry {
                id: "openrouter/auto".to_owned(),
                name: "openrouter/auto".to_owned(),
                ..CatalogueEntry::default()
            },
        ];
        assert_eq!(read(json).unwrap(), expected);
    }

    #[test]
    fn sparse_lists_say_what_they_can() {
        for (model, context) in [
            (
                json!({"id": "m", "object": "model", "owned_by": "library"}),
                None,
            ),
            (json!({"id": "m", "max_model_len": 4096}), Some(4096)),
            (json!({"id": "m", "max_context_length": 8192}), Some(8192)),
            (json!({"id": "m", "context_window": 9}), Some(9)),
            (json!({"id": "m", "meta": {"n_ctx_train": 10}}), Some(10)),
            (
                json!({"id": "m", "context_length": "many", "architecture": 1, "pricing": []}),
                None,
            ),
            (json!({"id": "m", "context_length": 0}), None),
            (json!({"id": "m", "context_length": 1u64 << 40}), None),
        ] {
            for list in [json!({"object": "list", "data": [model]}), json!([model])] {
                let models = read_json(&list);
                assert_eq!(models.len(), 1, "{list}");
                assert_eq!(models[0].name, "m");
                assert_eq!(models[0].context_length, context, "{list}");
                assert_eq!(models[0].pricing, None);
            }
        }
    }

    #[test]
    fn what_is_no_model_is_left_out() {
        let long = "x".repeat(300);
        let list = json!({"data": [{"id": "a"}, null, 3, {}, {"id": ""}, {"id": 1}, {"id": "b c"}, {"id": " b"}, {"id": "b\u{a0}c"}, {"id": "b\nc"}, {"id": long}, {"id": "d"}]});
        let ids: Vec<_> = read_json(&list).into_iter().map(|model| model.id).collect();
        assert_eq!(ids, ["a", "b c", "d"]);
        assert_eq!(read_json(&json!({"data": null})), []);
        for json in ["", "{}", "null", "<html>", r#"{"data":{}}"#] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn prices_that_are_numbers_keep_their_digits() {
        let json =
            br#"[{"id":"m","pricing":{"prompt":1.5e-7,"completion":0.30000000000000000001}}]"#;
        let pricing = read(json).unwrap()[0].pricing.clone().unwrap();
        assert_eq!(pricing.prompt.as_deref(), Some("0.00000015"));
        assert_eq!(
            pricing.completion.as_deref(),
            Some("0.30000000000000000001")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_cut_is_no_list(at in 0_usize..60) {
            let json = r#"{"data":[{"id":"m","pricing":{"prompt":"1"}},{"id":"n","x":1}]}"#;
            prop_assert!(read(&json.as_bytes()[..at]).is_err());
        }
    }
}
