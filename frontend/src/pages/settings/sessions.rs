//! Where the account is signed in.

use leptos::prelude::*;
use prompthub_dto::account::Session;

use super::Section;
use crate::{
    api,
    components::{
        button::{Button, Size},
        focus::RowPlace,
        list_end::ListEnd,
        rows::rows,
        time::Ago,
    },
    state::{loaded::LoadedList, submission::Submission, toasts::use_toasts},
};

#[component]
pub fn SessionsSection() -> impl IntoView {
    let sessions = LoadedList::new(|_| api::account::list_sessions());
    view! {
        <Section id="sessions" title="Sessions">
            <ul class="ph-files" aria-label="Sessions" hidden=move || sessions.items().with(Vec::is_empty)>
                {rows(
                    move || sessions.items().get(),
                    |session| session.id.to_string(),
                    move |session| view! { <SessionRow session=session sessions=sessions/> }.into_any(),
                )}
            </ul>
            <ListEnd end=sessions.end() lines=2/>
        </Section>
    }
}

#[component]
fn SessionRow(session: Session, sessions: LoadedList<Session>) -> impl IntoView {
    let toasts = use_toasts();
    let id = session.id;
    let end = Submission::new();
    let end_it = Callback::new(move |_| {
        end.submit(async move {
            api::account::delete_session(id).await?;
            let place = RowPlace::of_focus();
            sessions.update(|sessions| sessions.retain(|other| other.id != id));
            toasts.done("The session has ended");
            if let Some(place) = place {
                place.keep();
            }
            Ok(())
        });
    });
    let problem = end.problem(&[]);
    let agent = session
        .user_agent
        .as_deref()
        .map_or("Unknown program".to_owned(), program);
    let label = format!("End session, {agent}");
    view! {
        <li class="ph-files__row">
            <div class="ph-files__text">
                <span class="ph-files__name" title=session.user_agent.clone()>{agent}</span>
                <span class="ph-hint">
                    {session.ip_address.map(|address| format!("{address} · "))}
                    "last seen "<Ago time=session.last_seen_at/>
                </span>
                {move || problem.get().map(|problem| view! { <span class="ph-field__problem" role="alert">{problem}</span> })}
            </div>
            {if session.current {
                view! { <span class="ph-tag">"this one"</span> }.into_any()
            } else {
                view! { <Button label="End" size=Size::Small busy=end.pending() on_click=end_it attr:aria-label=label/> }.into_any()
            }}
        </li>
    }
}

/// A browser and its system in two words where the user agent is a browser's, and else what the
/// program calls itself.
fn program(user_agent: &str) -> String {
    // The first name that fits counts: most browsers claim to be others as well.
    let browsers = [
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => user_agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_and_programs_keep_their_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(program(chrome), "Chrome on Linux");
        assert_eq!(program(&format!("{chrome} Edg/140.0")), "Edge on Linux");
        assert_eq!(program("curl/8.5.0"), "curl/8.5.0");
    }
}
