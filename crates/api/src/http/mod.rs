//! HTTP: handlers that only translate, one file a resource.
//!
//! A handler takes proofs and parsed values, calls one function of `domain` and maps what comes
//! back. Decisions belong there; cookies, headers and bodies belong here.

mod account;
mod assets;
mod chat;
mod conditional;
mod conversations;
mod docs;
mod extract;
mod files;
mod generations;
mod models;
mod problem;
mod projects;
mod providers;
mod search;
mod shell;
mod system;
mod transfer;
mod usage;

pub mod openapi;

pub use problem::ProblemResponses;
pub use shell::shell;

use actix_session::SessionMiddleware;
use actix_web::web::{self, ServiceConfig, resource, scope};

use crate::auth::sessions::DatabaseSessions;

/// The route table.
pub fn routes(config: &mut ServiceConfig, sessions: SessionMiddleware<DatabaseSessions>) {
    config
        .app_data(extract::path_config())
        .service(
            scope("/api/health")
                .service(resource("/live").get(system::live).head(system::live))
                .service(resource("/ready").get(system::ready).head(system::ready)),
        )
        .service(resource("/openapi.yaml").get(docs::openapi_yaml))
        .service(resource("/openapi.json").get(docs::openapi_json))
        .service(resource("/docs").get(docs::redirect))
        .service(resource("/docs/problems").get(docs::problems))
        .service(resource("/docs/{file:.*}").get(docs::page))
        .service(
            scope("/api")
                .wrap(sessions)
                .configure(api)
                .default_service(web::to(system::no_operation)),
        )
        .service(scope("/v1").default_service(web::to(system::no_operation)))
        .service(scope("/oauth").default_service(web::to(system::no_operation)))
        .default_service(web::to(assets::page))
        .service(resource("/metrics").route(web::to(system::no_operation)));
}

fn api(config: &mut ServiceConfig) {
    config
        .service(resource("/instance").get(system::instance))
        .service(resource("/auth/register").post(account::register))
        .service(resource("/auth/login").post(account::login))
        .service(resource("/auth/logout").post(account::logout))
        .service(
            resource("/auth/me")
                .get(account::get_me)
                .patch(account::update_me)
                .delete(account::delete_me),
        )
        .service(resource("/auth/password").put(account::change_password))
        .service(resource("/auth/sessions").get(account::list_sessions))
        .service(resource("/auth/sessions/{session_id}").delete(account::end_session))
        .service(
            resource("/projects")
                .get(projects::list_projects)
                .post(projects::create_project),
        )
        .service(resource("/projects/import").post(transfer::import_project))
        .service(
            resource("/projects/{project_id}")
                .get(projects::get_project)
                .patch(projects::update_project)
                .delete(projects::delete_project),
        )
        .service(resource("/projects/{project_id}/versions").get(projects::list_prompt_versions))
        .service(
            resource("/projects/{project_id}/files")
                .get(files::list_files)
                .post(files::upload_files),
        )
        .service(
            resource("/projects/{project_id}/files/{filename}")
                .get(files::download_file)
                .head(files::download_file)
                .delete(files::delete_file),
        )
        .service(resource("/projects/{project_id}/export").get(transfer::export_project))
        .service(resource("/projects/{project_id}/import").post(transfer::import_into_project))
        .service(resource("/projects/{project_id}/chat").post(chat::chat))
        .service(
            resource("/projects/{project_id}/conversations")
                .get(conversations::list_conversations)
                .post(conversations::create_conversation),
        )
        .service(
            resource("/conversations/{conversation_id}")
                .get(conversations::get_conversation)
                .patch(conversations::update_conversation)
                .delete(conversations::delete_conversation),
        )
        .service(
            resource("/conversations/{conversation_id}/messages")
                .get(conversations::list_messages)
                .post(chat::create_message),
        )
        .service(
            resource("/conversations/{conversation_id}/export").get(transfer::export_conversation),
        )
        .service(resource("/messages/{message_id}/regenerate").post(chat::regenerate_message))
        .service(resource("/generations/{generation_id}").get(generations::get_generation))
        .service(
            resource("/generations/{generation_id}/events").get(generations::stream_generation),
        )
        .service(
            resource("/generations/{generation_id}/cancel").post(generations::cancel_generation),
        )
        .service(resource("/search").get(search::search_conversations))
        .service(resource("/models").get(models::list_models))
        .service(resource("/usage").get(usage::get_usage))
        .service(
            resource("/providers")
                .get(providers::list_providers)
                .post(providers::create_provider),
        )
        .service(resource("/providers/presets").get(providers::list_provider_presets))
        .service(
            resource("/providers/{provider_id}")
                .patch(providers::update_provider)
                .delete(providers::delete_provider),
        )
        .service(resource("/providers/{provider_id}/test").post(providers::test_provider));
}
