//! The description of the API, made from the handlers.

mod examples;
mod named;
mod sent;

use prompthub_dto::{problem::Problem, stream::StreamEvent};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use self::{examples::Examples, named::Named, sent::Sent};
use super::{
    ProblemResponses, account, chat, conversations, files, generations, models, projects,
    providers, search, system, transfer, usage,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PromptHub",
        description = "Projects with system prompts and files, and conversations with them through \
            LLM providers. Errors are problem documents (RFC 9457) with a `code`. Browsers and \
            scripts sign in at `/api/auth/login` and send the session cookie.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "account", description = "Registering, signing in, and one's own account"),
        (name = "projects", description = "Projects and the versions of their prompts"),
        (name = "files", description = "Files of a project"),
        (name = "chat", description = "Asking a project"),
        (name = "conversations", description = "Conversations and their messages"),
        (name = "transfer", description = "Exports and imports"),
        (name = "generations", description = "Running answers"),
        (name = "models", description = "Models that can be chosen, and what they cost"),
        (name = "providers", description = "Accounts with providers of models"),
        (name = "system", description = "The server itself"),
    ),
    paths(
        account::register, account::login, account::logout, account::get_me, account::update_me,
        account::delete_me, account::change_password, account::list_sessions, account::end_session,
        projects::list_projects, projects::create_project, projects::get_project,
        projects::update_project, projects::delete_project, projects::list_prompt_versions,
        files::list_files, files::upload_files, files::download_file, files::delete_file,
        chat::chat, chat::create_message, chat::regenerate_message,
        conversations::list_conversations, conversations::create_conversation,
        conversations::get_conversation, conversations::update_conversation,
        conversations::delete_conversation, conversations::list_messages,
        search::search_conversations,
        generations::get_generation, generations::stream_generation,
        generations::cancel_generation,
        transfer::export_conversation, transfer::export_project,
        transfer::import_into_project, transfer::import_project,
        models::list_models, usage::get_usage,
        providers::list_providers, providers::create_provider, providers::get_provider,
        providers::update_provider, providers::delete_provider, providers::test_provider, providers::list_provider_presets,
        system::instance, system::live, system::ready,
    ),
    components(schemas(Problem, StreamEvent)),
    security(("session" = [])),
    modifiers(&Shared, &Named, &Sent, &Examples),
)]
struct Description;

/// What operations refer to by name.
struct Shared;

impl Modify for Shared {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        components.responses.extend(
            ProblemResponses::components()
                .map(|(name, response)| (name, openapi::RefOr::T(response))),
        );
        let cookie = ApiKeyValue::with_description(
            "prompthub",
            "The cookie that signing in sets; `__Host-prompthub` where the server is reached over https.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// As `openapi.yaml` in the repository has it.
///
/// # Errors
/// When it cannot be serialised.
pub fn yaml() -> anyhow::Result<String> {
    Ok(Description::openapi().to_yaml()?)
}

/// The same as JSON.
///
/// # Errors
/// When it cannot be serialised.
pub fn json() -> anyhow::Result<String> {
    let mut text = Description::openapi().to_pretty_json()?;
    text.push('\n');
    Ok(text)
}
