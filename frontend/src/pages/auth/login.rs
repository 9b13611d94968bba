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
    state::{session::use_session, title::use_title},
};

#[component]
pub fn LoginPage() -> impl IntoView {
    use_title(|| "Sign in".to_owned());
    let session = use_session();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let login = Action::new_local(move |body: &Login| {
        let body = body.clone();
        async move {
            let user = api::account::login(body).await?;
            session.sign_in(user);
            Ok::<_, api::ApiError>(())
        }
    });
    let error = move || login.value().get().and_then(Result::err);
    let field = move |name: &'static str| {
        Signal::derive(move || error().and_then(|error| error.field(name)))
    };
    // What is told beside a field is not told twice.
    let problem = Signal::derive(move || {
        error()
            .filter(|error| error.field("email").or(error.field("password")).is_none())
            .map(|error| error.message())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !login.pending().get_untracked() {
            login.dispatch(Login {
                email: email.get_untracked(),
                password: password.get_untracked(),
            });
        }
    };
    let register = use_other_door(routes::REGISTER);
    view! {
        <Door>
            <form class="ph-form" novalidate on:submit=submit>
                <h1 class="ph-door__title">"Sign in"</h1>
                <TextField label="Email" value=email kind=Kind::Email autocomplete="username" problem=field("email") autofocus=true/>
                <TextField label="Password" value=password kind=Kind::Password autocomplete="current-password" problem=field("password")/>
                <Problem text=problem/>
                <Button label="Sign in" variant=Variant::Primary busy=login.pending()/>
                <p class="ph-hint">"No account yet? " <A href=register>"Create one"</A></p>
            </form>
        </Door>
    }
}
