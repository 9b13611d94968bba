//! Signing in.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::components::A;
use prompthub_dto::account::Login;

use super::door::{Door, use_other_door};
use crate::{
    api,
    components::{
        button::{Button, Variant},
        feedback::Problem,
        field::{Kind, TextField},
    },
    routes,
    state::{session::use_session, submission::Submission, title::use_title},
};

#[component]
pub fn LoginPage() -> impl IntoView {
    use_title(|| "Sign in".to_owned());
    let session = use_session();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let login = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = Login {
            email: email.get_untracked(),
            password: password.get_untracked(),
        };
        login.submit(async move {
            session.sign_in(api::account::login(body).await?);
            Ok(())
        });
    };
    let register = use_other_door(routes::REGISTER);
    view! {
        <Door>
            <form class="ph-form" novalidate on:submit=submit>
                <h1 class="ph-door__title">"Sign in"</h1>
                <TextField label="Email" value=email kind=Kind::Email autocomplete="username" problem=login.field("email") autofocus=true/>
                <TextField label="Password" value=password kind=Kind::Password autocomplete="current-password" problem=login.field("password")/>
                <Problem text=login.problem(&["email", "password"])/>
                <Button label="Sign in" variant=Variant::Primary busy=login.pending()/>
                <p class="ph-hint">"No account yet? " <A href=register>"Create one"</A></p>
            </form>
        </Door>
    }
}
