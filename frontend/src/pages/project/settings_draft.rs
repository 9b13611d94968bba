//! What is typed in a project's settings: text until it is saved, kept over reloads.

use leptos::prelude::*;
use prompthub_dto::{
    ids::ProjectId,
    projects::{Parameters, Project, UpdateProject},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::state::drafts;

/// The settings as text, right or wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsText {
    pub name: String,
    pub description: String,
    pub system_prompt: String,
    pub model: String,
    pub temperature: String,
    pub top_p: String,
    pub max_tokens: String,
}

/// The names of parameters whose text is no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotANumber(pub Vec<&'static str>);

impl SettingsText {
    #[must_use]
    pub fn of(project: &Project) -> Self {
        fn text(number: Option<impl ToString>) -> String {
            number.map(|number| number.to_string()).unwrap_or_default()
        }
        let Parameters {
            temperature,
            top_p,
            max_tokens,
            ..
        } = &project.parameters;
        Self {
            name: project.name.clone(),
            description: project.description.clone(),
            system_prompt: project.system_prompt.clone(),
            model: project.model.clone(),
            temperature: text(*temperature),
            top_p: text(*top_p),
            max_tokens: text(*max_tokens),
        }
    }

    /// What has to be sent so that `project` becomes this; what is the same is not sent.
    ///
    /// # Errors
    /// The parameters that are no numbers. Whether a number is allowed is the server's to say.
    pub fn changes(&self, project: &Project) -> Result<UpdateProject, NotANumber> {
        let was = Self::of(project);
        let changed = |now: &String, was: &String| (now != was).then(|| now.clone());
        Ok(UpdateProject {
            name: changed(&self.name, &was.name),
            description: changed(&self.description, &was.description),
            system_prompt: changed(&self.system_prompt, &was.system_prompt),
            model: changed(&self.model, &was.model),
            parameters: self.parameters_if_changed(&was, &project.parameters)?,
        })
    }

    fn parameters_if_changed(
        &self,
        was: &Self,
        parameters: &Parameters,
    ) -> Result<Option<Parameters>, NotANumber> {
        let same = self.temperature == was.temperature
            && self.top_p == was.top_p
            && self.max_tokens == was.max_tokens;
        if same {
            return Ok(None);
        }
        let mut wrong = Vec::new();
        let parameters = Parameters {
            temperature: number(&self.temperature, "temperature", &mut wrong),
            top_p: number(&self.top_p, "top_p", &mut wrong),
            max_tokens: number(&self.max_tokens, "max_tokens", &mut wrong),
            ..parameters.clone()
        };
        if wrong.is_empty() {
            Ok(Some(parameters))
        } else {
            Err(NotANumber(wrong))
        }
    }

    /// This text, with `after` in every field where it said what `before` says.
    #[must_use]
    pub fn rebased(&self, before: &Self, after: &Self) -> Self {
        let field = |mine: &String, before: &String, after: &String| {
            if mine == before {
                after.clone()
            } else {
                mine.clone()
            }
        };
        Self {
            name: field(&self.name, &before.name, &after.name),
            description: field(&self.description, &before.description, &after.description),
            system_prompt: field(
                &self.system_prompt,
                &before.system_prompt,
                &after.system_prompt,
            ),
            model: field(&self.model, &before.model, &after.model),
            temperature: field(&self.temperature, &before.temperature, &after.temperature),
            top_p: field(&self.top_p, &before.top_p, &after.top_p),
            max_tokens: field(&self.max_tokens, &before.max_tokens, &after.max_tokens),
        }
    }
}

/// The number in a field; nothing in it means that the provider decides.
///
/// It is read as JSON, the form in which it is sent.
fn number<T: DeserializeOwned>(
    text: &str,
    name: &'static str,
    wrong: &mut Vec<&'static str>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = serde_json::from_str(text).ok();
    if number.is_none() {
        wrong.push(name);
    }
    number
}

/// A field's signal each, for the form.
#[derive(Clone, Copy)]
pub struct SettingsDraft {
    pub name: RwSignal<String>,
    pub description: RwSignal<String>,
    pub system_prompt: RwSignal<String>,
    pub model: RwSignal<String>,
    pub temperature: RwSignal<String>,
    pub top_p: RwSignal<String>,
    pub max_tokens: RwSignal<String>,
}

impl SettingsDraft {
    /// What was typed before a reload, or else what the project says. Keeps what is typed.
    pub fn new(project: &Project) -> Self {
        let key = key(project.id);
        let text = drafts::load(&key).unwrap_or_else(|| SettingsText::of(project));
        let draft = Self {
            name: RwSignal::new(text.name),
            description: RwSignal::new(text.description),
            system_prompt: RwSignal::new(text.system_prompt),
            model: RwSignal::new(text.model),
            temperature: RwSignal::new(text.temperature),
            top_p: RwSignal::new(text.top_p),
            max_tokens: RwSignal::new(text.max_tokens),
        };
        Effect::new(move |first: Option<()>| {
            let text = draft.text();
            // What was only loaded is no draft.
            if first.is_some() {
                drafts::save(&key, &text);
            }
        });
        draft
    }

    /// What is typed; tracks.
    #[must_use]
    pub fn text(self) -> SettingsText {
        SettingsText {
            name: self.name.get(),
            description: self.description.get(),
            system_prompt: self.system_prompt.get(),
            model: self.model.get(),
            temperature: self.temperature.get(),
            top_p: self.top_p.get(),
            max_tokens: self.max_tokens.get(),
        }
    }

    pub fn set(self, text: SettingsText) {
        self.name.set(text.name);
        self.description.set(text.description);
        self.system_prompt.set(text.system_prompt);
        self.model.set(text.model);
        self.temperature.set(text.temperature);
        self.top_p.set(text.top_p);
        self.max_tokens.set(text.max_tokens);
    }

    /// Follows the project from one state to the next, without touching what is typed.
    pub fn rebase(self, before: &Project, after: &Project) {
        let text = untrack(|| self.text());
        self.set(text.rebased(&SettingsText::of(before), &SettingsText::of(after)));
    }

    /// Forgets the draft of a project that is saved or gone.
    pub fn forget(id: ProjectId) {
        drafts::clear(&key(id));
    }
}

fn key(id: ProjectId) -> String {
    format!("settings.{id}")
}

#[cfg(test)]
mod tests {
    use prompthub_dto::Timestamp;

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
    fn parameters_are_sent_whole_with_those_that_the_form_does_not_show() {
        let project = project();
        let text = SettingsText {
            temperature: " ".to_owned(),
            max_tokens: "500".to_owned(),
            ..SettingsText::of(&project)
        };
        let parameters = text.changes(&project).unwrap().parameters.unwrap();
        assert_eq!(
            parameters,
            Parameters {
                max_tokens: Some(500),
                seed: Some(4),
                ..Parameters::default()
            }
        );
    }

    #[test]
    fn what_is_no_number_is_named() {
        let project = project();
        let text = SettingsText {
            temperature: "warm".to_owned(),
            max_tokens: "1.5".to_owned(),
            ..SettingsText::of(&project)
        };
        assert_eq!(
            text.changes(&project),
            Err(NotANumber(vec!["temperature", "max_tokens"]))
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
}
