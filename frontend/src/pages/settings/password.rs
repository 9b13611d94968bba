//! A new password.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::{account::ChangePassword, problem::ProblemCode};

use super::Section;
use crate::{
    api::{self, ApiError},
    components::{
        button::{Button, Variant},
        feedback::Problem,
        field::{Kind, TextField},
    },
    state::toasts::use_toasts,
};

#[component]
pub fn PasswordSection() -> impl IntoView {
    let toasts = use_toasts();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let save = Action::new_local(move |body: &ChangePassword| {
        let body = body.clone();
        async move {
            api::account::change_password(body).await?;
            current.set(String::new());
            new.set(String::new());
            toasts.done("Your password is changed. Every other session has ended.");
            Ok::<_, ApiError>(())
        }
    });
    let error = Signal::derive(move || save.value().get().and_then(Result::err));
    let current_problem = Signal::derive(move || {
        let error = error.get()?;
        if error.is(ProblemCode::InvalidCredentials) {
            Some(error.message())
        } else {
            error.field("current_password")
        }
    });
    let new_problem = Signal::derive(move || error.get()?.field("new_password"));
    let problem = Signal::derive(move || {
        let told = current_problem.get().or(new_problem.get()).is_some();
        error.get().filter(|_| !told).map(|error| error.message())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.dispatch(ChangePassword {
            current_password: current.get_untracked(),
            new_password: new.get_untracked(),
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
                    problem=new_problem
                />
                <Problem text=problem/>
                <div class="ph-bar"><Button label="Change password" variant=Variant::Primary busy=save.pending()/></div>
            </form>
        </Section>
    }
}
