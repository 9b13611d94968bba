//! Where answers come from, and how the server is given a provider of models.

use std::collections::BTreeMap;

use leptos::prelude::*;
use prompthub_dto::models::Model;

use super::Section;
use crate::{
    api,
    components::{list_end::ListEnd, size},
    state::loaded::{LoadedList, Progress},
};

/// What each provider offers, but for the offline demo.
fn offers(models: &[Model]) -> Vec<String> {
    let mut counts = BTreeMap::<&str, i64>::new();
    for model in models.iter().filter(|model| !model.demo) {
        let count = counts.entry(&model.provider).or_default();
        *count = count.saturating_add(1);
    }
    counts
        .into_iter()
        .map(|(provider, count)| format!("{provider}: {}", size::count(count, "model", "models")))
        .collect()
}

#[component]
pub fn ProvidersSection() -> impl IntoView {
    let models = LoadedList::new(|_| api::system::list_models());
    let offers = Memo::new(move |_| models.items().with(|models| offers(models)));
    let none = move || models.progress().get() == Progress::Complete && offers.with(Vec::is_empty);
    view! {
        <Section id="providers" title="Providers">
            <ul aria-label="Providers" hidden=move || offers.with(Vec::is_empty)>
                {move || offers.get().into_iter().map(|offer| view! { <li>{offer}</li> }).collect_view()}
            </ul>
            <Show when=none>
                <p>"No provider is set up yet, so only the offline demo model answers."</p>
            </Show>
            <ListEnd end=models.end() lines=1/>
            <p class="ph-hint">
                "Whoever runs this server sets up a provider by starting it with a key, for instance one of "
                <a href="https://openrouter.ai/keys" target="_blank" rel="noopener noreferrer">"OpenRouter"</a>
                ", which reaches the models of many:"
            </p>
            <p class="ph-command"><code>"OPENROUTER_API_KEY=sk-or-… prompthub serve"</code></p>
            <p class="ph-hint">
                "Its models are then in the list of every project's settings, under Model. "
                <code>"prompthub serve --help"</code>
                " names all that can be set."
            </p>
        </Section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_of_each_provider_are_counted() {
        let model = |provider: &str| Model {
            id: format!("{provider}/m"),
            name: "M".to_owned(),
            provider: provider.to_owned(),
            context_length: None,
            pricing: None,
            demo: provider == "demo",
        };
        let models = ["openrouter", "demo", "anthropic", "openrouter"].map(model);
        assert_eq!(
            offers(&models),
            ["anthropic: 1 model", "openrouter: 2 models"]
        );
    }
}
