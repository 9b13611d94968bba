//! A new password.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::account::ChangePassword;

use super::Section;
use crate::{
    api,
    components::{
        button::{Button, Variant},
        feedback::Problem,
        field::{Kind, TextField},
    },
    state::{submission::Submission, toasts::use_toasts},
};

#[component]
pub fn PasswordSection() -> impl IntoView {
    let toasts = use_toasts();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let save = Submission::new();
    // The server names the new one first.
    let missing = move || current.with(String::is_empty) && save.error().is_some();
    let current_problem = Signal::derive(move || {
        let said = save.field("current_password").get();
        said.or_else(|| missing().then(|| "Enter your current password.".to_owned()))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = ChangePassword {
            current_password: current.get_untracked(),
            new_password: new.get_untracked(),
        };
        save.submit(async move {
            api::account::change_password(body).await?;
            current.set(String::new());
            new.set(String::new());
            toasts.done("Your password is changed. Every other session has ended.");
            Ok(())
        });
    };
    view! {
        <Section id="password" title="Password">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Current password" value=current kind=Kind::Password autocomplete="current-password" problem=current_problem/>
                <TextField
                    label="New password"
                    value=new
                    kind=Kind::Password
                    autocomplete="new-password"
                    hint=Some("At least 8 characters. Every other session ends.".to_owned())
                    problem=save.field("new_password")
                />
                <Problem text=save.problem(&["current_password", "new_password"])/>
                <div class="ph-bar"><Button label="Change password" variant=Variant::Primary busy=save.pending()/></div>
            </form>
        </Section>
    }
}
