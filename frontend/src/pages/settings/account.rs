//! Name, email, and the end of the account.

use leptos::{ev::SubmitEvent, prelude::*};
use prompthub_dto::account::UpdateMe;

use super::Section;
use crate::{
    api,
    components::{
        button::{Button, Variant},
        dialog::Confirm,
        feedback::Problem,
        field::{Kind, TextField},
    },
    state::{session::use_session, submission::Submission, toasts::use_toasts},
};

#[component]
pub fn AccountSection() -> impl IntoView {
    let session = use_session();
    let toasts = use_toasts();
    let (was_name, was_email) = untrack(|| session.user())
        .map(|user| (user.name, user.email))
        .unwrap_or_default();
    let name = RwSignal::new(was_name);
    let email = RwSignal::new(was_email);
    let password = RwSignal::new(String::new());
    let new_email =
        Memo::new(move |_| session.user().is_some_and(|user| user.email != email.get()));
    let save = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let changes_email = new_email.get_untracked();
        let body = UpdateMe {
            name: Some(name.get_untracked()),
            email: changes_email.then(|| email.get_untracked()),
            current_password: changes_email.then(|| password.get_untracked()),
        };
        save.submit(async move {
            let user = api::account::update_me(body).await?;
            email.set(user.email.clone());
            password.set(String::new());
            session.sign_in(user);
            toasts.done("Saved");
            Ok(())
        });
    };
    view! {
        <Section id="account" title="Account">
            <form class="ph-form" novalidate on:submit=submit>
                <TextField label="Name" value=name autocomplete="name" problem=save.field("name")/>
                <TextField label="Email" value=email kind=Kind::Email autocomplete="username" problem=save.field("email")/>
                {move || new_email.get().then(|| view! {
                    <TextField
                        label="Your password, to change the email"
                        value=password
                        kind=Kind::Password
                        autocomplete="current-password"
                        problem=save.field("current_password")
                    />
                })}
                <Problem text=save.problem(&["name", "email", "current_password"])/>
                <div class="ph-bar"><Button label="Save account" variant=Variant::Primary busy=save.pending()/></div>
            </form>
        </Section>
    }
}

#[component]
pub fn DeleteAccountSection() -> impl IntoView {
    let session = use_session();
    let toasts = use_toasts();
    let open = RwSignal::new(false);
    let remove = Submission::new();
    let ask = move |_| {
        remove.clear();
        open.set(true);
    };
    let confirm = Callback::new(move |()| {
        remove.submit(async move {
            api::account::delete_me().await?;
            toasts.done("Your account has been deleted");
            session.leave();
            Ok(())
        });
    });
    let email = move || session.user().map(|user| user.email).unwrap_or_default();
    view! {
        <Section id="delete-account" title="Delete account">
            <p>"Your projects, conversations and files are deleted with it, and nobody can bring them back."</p>
            <div class="ph-bar">
                <Button label="Delete account" variant=Variant::Danger on_click=ask/>
            </div>
            <Confirm
                open=open
                title="Delete your account?"
                text=Signal::derive(move || format!("The account {} and everything in it will be gone for good.", email()))
                action="Delete everything"
                busy=remove.pending()
                problem=remove.problem(&[])
                on_confirm=confirm
            />
        </Section>
    }
}
