//! Which models a list offers, and in what words: filtered, grouped by provider, cut where it is long;
//! and which of them is the active one.
//!
//! Pure data; must not know signals or views.

use prompthub_dto::{models::Model, providers::Provider};

use super::{model_name, provider_words, time::LocalMoment, words::has_words};

/// How many models of one provider are offered where there are several, and where there is one. More
/// are found by typing.
const SHOWN: (usize, usize) = (25, 80);

/// One provider's part of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The provider's name; empty for what belongs to none.
    pub name: String,
    /// What is the matter with the provider.
    pub note: Option<String>,
    pub offers: Vec<Offer>,
    /// How many more there are that fit.
    pub more: usize,
}

/// One model to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: String,
    pub name: String,
    /// Context length and price.
    pub detail: String,
    /// What it can do besides answering in text.
    pub marks: Vec<&'static str>,
}

/// What fits the words of `filter`, which is what a person has typed. The model `current` is offered
/// wherever its provider is, however long that list.
#[must_use]
pub fn offered(
    models: &[Model],
    providers: &[Provider],
    filter: &str,
    current: &str,
    now: &LocalMoment,
) -> Vec<Group> {
    let mut groups: Vec<(&str, Group)> = providers
        .iter()
        .map(|provider| {
            let group = Group {
                name: provider.name.clone(),
                note: provider_words::trouble(&provider.state, now),
                ..Group::default()
            };
            (provider.slug.as_str(), group)
        })
        .collect();
    let most = if groups.len() > 1 { SHOWN.0 } else { SHOWN.1 };
    let fits = |model: &&Model| {
        let text = [&*model.id, &*model.name, &*model.provider_name].join(" ");
        has_words(&text, filter)
    };
    for model in models.iter().filter(fits) {
        let place = groups.iter().position(|(slug, _)| *slug == model.provider);
        let place = place.unwrap_or_else(|| {
            let group = Group {
                name: model.provider_name.clone(),
                ..Group::default()
            };
            groups.push((&model.provider, group));
            groups.len().saturating_sub(1)
        });
        if let Some((_, group)) = groups.get_mut(place) {
            if model.id == current {
                group.offers.insert(0, offer(model));
            } else if group.offers.len() < most {
                group.offers.push(offer(model));
            } else {
                group.more = group.more.saturating_add(1);
            }
        }
    }
    // Without words, a provider that has nothing to offer says why.
    let says =
        |group: &Group| !group.offers.is_empty() || (filter.is_empty() && group.note.is_some());
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|(_, group)| group)
        .filter(says)
        .collect();
    groups.extend(as_typed(models, filter));
    groups
}

/// The way to a model that is in no list: its id as it was typed.
fn as_typed(models: &[Model], filter: &str) -> Option<Group> {
    let id = filter.trim();
    let is_id = id.contains('/') && !id.contains(char::is_whitespace);
    (is_id && models.iter().all(|model| model.id != id)).then(|| Group {
        offers: vec![Offer {
            id: id.to_owned(),
            name: format!("Use {id}"),
            detail: "Not in the list; it is asked for as you typed it".to_owned(),
            marks: Vec::new(),
        }],
        ..Group::default()
    })
}

/// Where the arrows and their like lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    First,
    Last,
    /// So many options on, and around the ends.
    By(i32),
}

fn ids(groups: &[Group]) -> impl Iterator<Item = &str> {
    let offers = groups.iter().flat_map(|group| &group.offers);
    offers.map(|offer| offer.id.as_str())
}

/// How many options are before that of this model, if it is offered.
#[must_use]
pub fn place(groups: &[Group], id: &str) -> Option<usize> {
    ids(groups).position(|other| other == id)
}

/// The model that Enter would choose: what keys or words have led to, for as long as it is offered,
/// and else, with words, the first.
#[must_use]
pub fn active(groups: &[Group], led_to: Option<String>, has_words: bool) -> Option<String> {
    let offered = led_to.filter(|id| place(groups, id).is_some());
    offered.or_else(|| ids(groups).next().filter(|_| has_words).map(str::to_owned))
}

/// The model that a step leads to from another.
#[must_use]
pub fn step(groups: &[Group], from: Option<&str>, step: Step) -> Option<String> {
    let all: Vec<&str> = ids(groups).collect();
    let last = i32::try_from(all.len().checked_sub(1)?).ok()?;
    let at = from.and_then(|from| all.iter().position(|id| *id == from));
    let at = at.and_then(|at| i32::try_from(at).ok());
    let to = match (step, at) {
        (Step::First, _) | (Step::By(1..), None) => 0,
        (Step::Last, _) | (Step::By(_), None) => last,
        (Step::By(by), Some(at)) if by.abs() > 1 => at.saturating_add(by).clamp(0, last),
        (Step::By(by), Some(at)) => at.saturating_add(by).rem_euclid(last.saturating_add(1)),
    };
    let to = all.get(usize::try_from(to).ok()?)?;
    Some((*to).to_owned())
}

fn offer(model: &Model) -> Offer {
    let takes_images = model.input_modalities.iter().any(|kind| kind == "image");
    let reasons = model
        .supported_parameters
        .iter()
        .any(|name| name == "reasoning_effort");
    let marks = [(takes_images, "images"), (reasons, "reasoning")];
    Offer {
        id: model.id.clone(),
        name: model.name.clone(),
        detail: model_name::details(model),
        marks: marks
            .into_iter()
            .filter_map(|(has, mark)| has.then_some(mark))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::providers::{ProviderState, ProviderStatus};

    use super::*;

    fn model(provider: &str, number: usize) -> Model {
        Model {
            id: format!("{provider}/m{number}"),
            name: format!("Model {number}"),
            provider: provider.to_owned(),
            provider_name: provider.to_uppercase(),
            ..Model::default()
        }
    }

    fn provider(slug: &str, status: ProviderStatus) -> Provider {
        Provider {
            id: None,
            slug: slug.to_owned(),
            preset: "ollama".to_owned(),
            name: slug.to_uppercase(),
            base_url: None,
            key_hint: None,
            shared: false,
            state: ProviderState {
                status,
                model_count: 0,
                checked_at: None,
                problem: Some("It is off.".to_owned()),
            },
            created_at: None,
            updated_at: None,
        }
    }

    fn now() -> LocalMoment {
        LocalMoment {
            epoch_ms: 0.0,
            year: 2026,
            month: 10,
            day: 22,
            hour: 8,
            minute: 30,
        }
    }

    fn sizes(groups: &[Group]) -> Vec<(&str, usize, usize)> {
        groups
            .iter()
            .map(|group| (group.name.as_str(), group.offers.len(), group.more))
            .collect()
    }

    #[test]
    fn long_lists_are_cut_and_counted_and_none_hides_another() {
        let mut models: Vec<_> = (0..400).map(|number| model("a", number)).collect();
        models.extend((0..3).map(|number| model("b", number)));
        let providers = ["a", "b"].map(|slug| provider(slug, ProviderStatus::Ready));
        let all = offered(&models, &providers, "", "a/m399", &now());
        assert_eq!(sizes(&all), [("A", 26, 374), ("B", 3, 0)]);
        assert_eq!(all[0].offers[0].id, "a/m399");
        let few = offered(&models, &providers, "model 399", "", &now());
        assert_eq!(sizes(&few), [("A", 1, 0)]);
        let by_provider = offered(&models, &providers, "b model", "", &now());
        assert_eq!(sizes(&by_provider), [("B", 3, 0)]);
    }

    #[test]
    fn a_provider_without_models_says_why() {
        let groups = offered(
            &[],
            &[provider("a", ProviderStatus::Unreachable)],
            "",
            "",
            &now(),
        );
        assert_eq!(sizes(&groups), [("A", 0, 0)]);
        assert!(groups[0].note.as_deref().unwrap().contains("It is off."));
        assert_eq!(
            offered(
                &[],
                &[provider("a", ProviderStatus::Unreachable)],
                "x",
                "",
                &now()
            ),
            []
        );
    }

    #[test]
    fn an_id_that_is_in_no_list_can_be_used() {
        let models = [model("a", 1)];
        let ids = |filter: &str| -> Vec<String> {
            let groups = offered(&models, &[], filter, "", &now());
            let offers = groups.into_iter().flat_map(|group| group.offers);
            offers.map(|offer| offer.id).collect()
        };
        assert_eq!(ids("a/m2"), ["a/m2"]);
        assert_eq!(ids("a/m1"), ["a/m1"]);
        assert_eq!(ids("nothing such"), [""; 0]);
    }

    #[test]
    fn steps_go_around_single_and_stop_at_the_ends_by_pages() {
        let models: Vec<_> = (0..20).map(|number| model("a", number)).collect();
        let groups = offered(&models, &[], "", "", &now());
        let go = |from: Option<&str>, by| step(&groups, from, by).unwrap();
        for (from, by, to) in [
            (None, Step::By(1), "a/m0"),
            (None, Step::By(-1), "a/m19"),
            (Some("a/m19"), Step::By(1), "a/m0"),
            (Some("a/m0"), Step::By(-1), "a/m19"),
            (Some("a/m15"), Step::By(8), "a/m19"),
            (Some("a/m3"), Step::By(-8), "a/m0"),
            (Some("a/m3"), Step::Last, "a/m19"),
            (Some("a/m3"), Step::First, "a/m0"),
            (Some("gone"), Step::By(1), "a/m0"),
        ] {
            assert_eq!(go(from, by), to, "{from:?} {by:?}");
        }
        assert_eq!(step(&[], None, Step::By(1)), None);
    }

    #[test]
    fn the_active_model_stays_while_the_list_changes_around_it() {
        let list = |numbers: &[usize]| {
            let models: Vec<_> = numbers.iter().map(|number| model("a", *number)).collect();
            offered(&models, &[], "model", "", &now())
        };
        let led_to = |id: &str| Some(id.to_owned());
        assert_eq!(active(&list(&[1, 2]), None, true), led_to("a/m1"));
        assert_eq!(active(&list(&[1, 2]), None, false), None);
        // Another model comes before it.
        assert_eq!(
            active(&list(&[0, 1, 2]), led_to("a/m1"), true),
            led_to("a/m1")
        );
        assert_eq!(place(&list(&[0, 1, 2]), "a/m1"), Some(1));
        // It is no longer offered.
        assert_eq!(active(&list(&[2]), led_to("a/m1"), true), led_to("a/m2"));
        assert_eq!(active(&list(&[2]), led_to("a/m1"), false), None);
    }
}
