//! Creating an account.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::components::A;
use prompthub_dto::{
    account::Register,
    system::{Instance, Registration},
};

use super::door::{Door, use_other_door};
use crate::{
    api,
    components::{
        button::{Button, Variant},
        feedback::Problem,
        field::{Kind, TextField},
    },
    routes,
    state::{loaded::Loaded, session::use_session, submission::Submission, title::use_title},
};

#[component]
pub fn RegisterPage() -> impl IntoView {
    use_title(|| "Create account".to_owned());
    // The form does not wait for it: an instance that cannot be asked is taken to be open, and
    // the registration itself says otherwise if need be.
    let instance = Loaded::new(api::system::instance);
    let known = Memo::new(move |_| instance.get().and_then(Result::ok));
    // A memo, so that an answer which changes nothing does not make another form: in this one somebody
    // may have typed by then.
    let closed = Memo::new(move |_| {
        known.get().is_some_and(|instance| {
            instance.registration == Registration::Closed && !instance.first_account
        })
    });
    view! {
        <Door>
            {move || if closed.get() {
                view! { <Closed/> }.into_any()
            } else {
                view! { <Form instance=known/> }.into_any()
            }}
        </Door>
    }
}

#[component]
fn Closed() -> impl IntoView {
    let login = use_other_door(routes::LOGIN);
    view! {
        <div class="ph-form">
            <h1 class="ph-door__title">"Registration is closed"</h1>
            <p>"This server takes no new accounts. Ask the person who runs it to let you in."</p>
            <A href=login attr:class="ph-button ph-button--primary">"Sign in"</A>
        </div>
    }
}

#[component]
fn Form(instance: Memo<Option<Instance>>) -> impl IntoView {
    let session = use_session();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let register = Submission::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = Register {
            email: email.get_untracked(),
            password: password.get_untracked(),
            name: None,
        };
        register.submit(async move {
            session.sign_in(api::account::register(body).await?);
            Ok(())
        });
    };
    let first = move || {
        instance
            .get()
            .is_some_and(|instance| instance.first_account)
    };
    let login = use_other_door(routes::LOGIN);
    view! {
        <form class="ph-form" novalidate on:submit=submit>
            <div>
                <h1 class="ph-door__title">"Create your account"</h1>
                {move || first().then(|| view! {
                    <p class="ph-hint">"The first account here becomes the administrator."</p>
                })}
            </div>
            <TextField label="Email" value=email kind=Kind::Email autocomplete="username" problem=register.field("email") autofocus=true/>
            <TextField
                label="Password"
                value=password
                kind=Kind::Password
                autocomplete="new-password"
                hint=Some("At least 8 characters.".to_owned())
                problem=register.field("password")
            />
            <Problem text=register.problem(&["email", "password"])/>
            <Button label="Create account" variant=Variant::Primary busy=register.pending()/>
            <p class="ph-hint">"Already have one? " <A href=login>"Sign in"</A></p>
        </form>
    }
}
