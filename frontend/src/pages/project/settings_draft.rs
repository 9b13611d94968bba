//! What is typed in a project's settings: text until it is saved, kept over reloads.

use leptos::prelude::*;
use prompthub_dto::{
    ids::ProjectId,
    projects::{Project, UpdateProject},
};
use serde::{Deserialize, Serialize};

use super::parameter_text::{self, Wrong};
use crate::{api::Versioned, state::drafts};

macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident)*) => {
        /// The settings as text, right or wrong.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct SettingsText {
            $($(#[$doc])* pub $field: String,)*
        }

        impl SettingsText {
            // As lists the fields are handled in loops, which is a fraction of the code.
            fn fields(&self) -> Vec<&String> {
                vec![$(&self.$field),*]
            }

            fn from_fields(fields: impl Iterator<Item = String>) -> Self {
                let mut fields = fields;
                Self { $($field: fields.next().unwrap_or_default(),)* }
            }
        }

        /// A field's signal each, for the form.
        #[derive(Clone, Copy)]
        pub struct SettingsDraft {
            $(pub $field: RwSignal<String>,)*
        }

        impl SettingsDraft {
            fn of(text: &SettingsText) -> Self {
                let mut signals = text.fields().into_iter().map(|text| RwSignal::new(text.clone()));
                let mut next = || signals.next().unwrap_or_default();
                Self { $($field: next(),)* }
            }

            fn signals(self) -> Vec<RwSignal<String>> {
                vec![$(self.$field),*]
            }
        }
    };
}

settings! {
    name
    description
    system_prompt
    model
    temperature
    top_p
    max_tokens
    seed
    /// A text in each line.
    stop
    /// A name of an effort, or nothing.
    reasoning_effort
    /// The `type` of a format, or nothing.
    response_format
    /// The rest of a format of type `json_schema`, as JSON.
    json_schema
    /// A model in each line.
    fallback_models
}

impl SettingsText {
    /// This text, with `after` in every field where it said what `before` says.
    #[must_use]
    pub fn rebased(&self, before: &Self, after: &Self) -> Self {
        let theirs = before.fields().into_iter().zip(after.fields());
        let fields = self.fields().into_iter().zip(theirs);
        Self::from_fields(fields.map(|(mine, (before, after))| {
            let kept = if mine == before { after } else { mine };
            kept.clone()
        }))
    }

    #[must_use]
    pub fn of(project: &Project) -> Self {
        Self {
            name: project.name.clone(),
            description: project.description.clone(),
            system_prompt: project.system_prompt.clone(),
            model: project.model.clone(),
            ..parameter_text::of(&project.parameters)
        }
    }

    /// What has to be sent so that `project` becomes this; what is the same is not sent.
    ///
    /// # Errors
    /// The parameters that cannot be read. Whether a value is allowed is the server's to say.
    pub fn changes(&self, project: &Project) -> Result<UpdateProject, Wrong> {
        let was = Self::of(project);
        let changed = |now: &String, was: &String| (now != was).then(|| now.clone());
        // With everything else as it was, whatever differs is a parameter.
        let rest = Self {
            name: was.name.clone(),
            description: was.description.clone(),
            system_prompt: was.system_prompt.clone(),
            model: was.model.clone(),
            ..self.clone()
        };
        Ok(UpdateProject {
            name: changed(&self.name, &was.name),
            description: changed(&self.description, &was.description),
            system_prompt: changed(&self.system_prompt, &was.system_prompt),
            model: changed(&self.model, &was.model),
            parameters: if rest == was {
                None
            } else {
                Some(parameter_text::parse(self)?)
            },
        })
    }
}

/// What is typed, and what the project said meanwhile. Without that, every field would look like a wish
/// on the next reload, also those that only others have changed since.
#[derive(Serialize, Deserialize)]
struct Kept {
    base: SettingsText,
    text: SettingsText,
}

impl Kept {
    /// What is typed, over what the project says now.
    fn over(&self, now: &SettingsText) -> SettingsText {
        self.text.rebased(&self.base, now)
    }
}

impl SettingsDraft {
    /// What was typed before a reload, or else what the project says. Keeps what is typed, while it
    /// differs from that.
    pub fn new(project: RwSignal<Versioned<Project>>) -> Self {
        let (key, now) = project
            .with_untracked(|project| (key(project.value.id), SettingsText::of(&project.value)));
        let kept = drafts::load::<Kept>(&key);
        let draft = Self::of(&kept.map_or_else(|| now.clone(), |kept| kept.over(&now)));
        Effect::new(move |_| {
            let text = draft.text();
            let base = project.with(|project| SettingsText::of(&project.value));
            if text == base {
                drafts::clear(&key);
            } else {
                drafts::save(&key, &Kept { base, text });
            }
        });
        draft
    }

    /// What is typed; tracks.
    #[must_use]
    pub fn text(self) -> SettingsText {
        SettingsText::from_fields(self.signals().into_iter().map(|signal| signal.get()))
    }

    pub fn set(self, text: &SettingsText) {
        for (signal, text) in self.signals().into_iter().zip(text.fields()) {
            signal.set(text.clone());
        }
    }

    /// Follows the project to its next state, without touching what is typed since it said `before`, or was
    /// sent `before` to save.
    pub fn rebase(self, before: &SettingsText, after: &Project) {
        let text = untrack(|| self.text());
        self.set(&text.rebased(before, &SettingsText::of(after)));
    }

    /// Forgets the draft of a project that is gone.
    pub fn forget(id: ProjectId) {
        drafts::clear(&key(id));
    }
}

fn key(id: ProjectId) -> String {
    format!("settings.{id}")
}

#[cfg(test)]
mod tests {
    use prompthub_dto::{Timestamp, projects::Parameters};

    use super::*;

    fn project() -> Project {
        let time = Timestamp::from_rfc3339("2026-11-22T08:30:00.000000Z".to_owned());
        Project {
            id: "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
            name: "Latin".to_owned(),
            description: String::new(),
            system_prompt: "Be patient.".to_owned(),
            model: "demo/echo".to_owned(),
            parameters: Parameters {
                temperature: Some(0.7),
                seed: Some(4),
                ..Parameters::default()
            },
            prompt_version: 1,
            file_count: 0,
            last_activity_at: time.clone(),
            created_at: time.clone(),
            updated_at: time,
        }
    }

    #[test]
    fn what_is_the_same_is_not_sent() {
        let project = project();
        let text = SettingsText::of(&project);
        assert_eq!(text.changes(&project), Ok(UpdateProject::default()));
    }

    #[test]
    fn parameters_are_sent_whole() {
        let project = project();
        let text = SettingsText {
            temperature: " ".to_owned(),
            max_tokens: "500".to_owned(),
            name: "Latin tutor".to_owned(),
            ..SettingsText::of(&project)
        };
        let changes = text.changes(&project).unwrap();
        assert_eq!(changes.name.as_deref(), Some("Latin tutor"));
        assert_eq!(
            changes.parameters,
            Some(Parameters {
                max_tokens: Some(500),
                seed: Some(4),
                ..Parameters::default()
            })
        );
    }

    #[test]
    fn a_change_elsewhere_moves_only_what_was_not_touched() {
        let before = SettingsText::of(&project());
        let mine = SettingsText {
            name: "Latin tutor".to_owned(),
            ..before.clone()
        };
        let after = SettingsText {
            name: "Latinus".to_owned(),
            system_prompt: "Be strict.".to_owned(),
            ..before.clone()
        };
        let rebased = mine.rebased(&before, &after);
        assert_eq!(rebased.name, "Latin tutor");
        assert_eq!(rebased.system_prompt, "Be strict.");
    }

    #[test]
    fn what_the_server_says_in_its_own_way_is_no_wish_after_a_save() {
        let sent = SettingsText {
            name: " Latin tutor ".to_owned(),
            temperature: "1.0".to_owned(),
            ..SettingsText::of(&project())
        };
        let mut saved = project();
        saved.name = "Latin tutor".to_owned();
        saved.parameters.temperature = Some(1.0);
        let saved = SettingsText::of(&saved);
        assert_eq!(sent.rebased(&sent, &saved), saved);
        // What was typed while it was being saved stays.
        let typed = SettingsText {
            description: "Declines".to_owned(),
            ..sent.clone()
        };
        assert_eq!(typed.rebased(&sent, &saved).description, "Declines");
    }

    #[test]
    fn what_others_changed_while_the_page_was_away_is_no_draft() {
        let base = SettingsText::of(&project());
        let now = SettingsText {
            system_prompt: "Be strict.".to_owned(),
            ..base.clone()
        };
        let text = SettingsText {
            name: "Latin tutor".to_owned(),
            ..base.clone()
        };
        let stored = serde_json::to_string(&Kept { base, text }).unwrap();
        let kept: Kept = serde_json::from_str(&stored).unwrap();
        let text = kept.over(&now);
        assert_eq!(text.name, "Latin tutor");
        assert_eq!(text.system_prompt, "Be strict.");
        // What was saved just before the page went away is what the project says now.
        assert_eq!(
            Kept {
                base: kept.base,
                text: now.clone()
            }
            .over(&now),
            now
        );
    }

    #[test]
    fn a_draft_of_an_older_page_is_still_read() {
        let text: SettingsText = serde_json::from_str(r#"{"name": "Latin"}"#).unwrap();
        assert_eq!((text.name.as_str(), text.seed.as_str()), ("Latin", ""));
    }
}
