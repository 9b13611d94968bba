//! One project among others.

use leptos::prelude::*;
use leptos_router::components::A;
use prompthub_dto::projects::Project;

use crate::{
    components::{model_name, size, time::Ago},
    routes,
};

/// A link to the project that shows what tells it from others.
#[component]
pub fn ProjectCard(project: Project) -> impl IntoView {
    // The prompt tells what a project is when nobody has described it.
    let text = if project.description.is_empty() {
        project.system_prompt
    } else {
        project.description
    };
    view! {
        <A href=routes::project(project.id, None) attr:class="ph-card">
            <h2 class="ph-card__title">{project.name}</h2>
            <p class="ph-card__text">{text}</p>
            <p class="ph-card__foot">
                <span class="ph-card__model" title=project.model.clone()>{model_name::short(&project.model).to_owned()}</span>
                {(project.file_count > 0).then(|| view! { <span>{size::count(project.file_count, "file", "files")}</span> })}
                <span class="ph-bar__space"></span>
                <Ago time=project.last_activity_at/>
            </p>
        </A>
    }
}
