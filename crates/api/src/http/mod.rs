//! HTTP: handlers that only translate, one file a resource.
//!
//! A handler takes proofs and parsed values, calls one function of `domain` and maps what comes
//! back. Decisions belong there; cookies, headers and bodies belong here.

mod account;
mod assets;
mod chat;
mod complaint;
mod conditional;
mod connection;
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

pub use connection::{Connection, HEAD_TIMEOUT};
pub use problem::ProblemResponses;
pub use shell::shell;

use actix_session::SessionMiddleware;
use actix_web::{
    Scope,
    web::{self, ServiceConfig, resource, scope},
};

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
        .service(
            resource("/openapi.yaml")
                .get(docs::openapi_yaml)
                .head(docs::openapi_yaml),
        )
        .service(
            resource("/openapi.json")
                .get(docs::openapi_json)
                .head(docs::openapi_json),
        )
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

/// Each group of paths has a scope: finding a path in one list of patterns would cost more than most handlers do.
fn api(config: &mut ServiceConfig) {
    config
        .service(group("/projects", projects))
        .service(group("/conversations/{conversation_id}", conversations))
        .service(group("/generations/{generation_id}", generations))
        .service(resource("/messages/{message_id}/regenerate").post(chat::regenerate_message))
        .service(group("/auth", account))
        .service(group("/providers", providers))
        .service(resource("/instance").get(system::instance))
        .service(resource("/search").get(search::search_conversations))
        .service(resource("/models").get(models::list_models))
        .service(resource("/usage").get(usage::get_usage));
}

/// The paths below `path`; what is none of them is nowhere, too.
fn group(path: &str, paths: fn(&mut ServiceConfig)) -> Scope {
    scope(path)
        .configure(paths)
        .default_service(web::to(system::no_operation))
}

fn account(config: &mut ServiceConfig) {
    config
        .service(resource("/register").post(account::register))
        .service(resource("/login").post(account::login))
        .service(resource("/logout").post(account::logout))
        .service(
            resource("/me")
                .get(account::get_me)
                .patch(account::update_me)
                .delete(account::delete_me),
        )
        .service(resource("/password").put(account::change_password))
        .service(resource("/sessions").get(account::list_sessions))
        .service(resource("/sessions/{session_id}").delete(account::end_session));
}

fn projects(config: &mut ServiceConfig) {
    config
        .service(
            resource("")
                .get(projects::list_projects)
                .post(projects::create_project),
        )
        .service(resource("/import").post(transfer::import_project))
        .service(group("/{project_id}", project));
}

fn project(config: &mut ServiceConfig) {
    config
        .service(
            resource("")
                .get(projects::get_project)
                .patch(projects::update_project)
                .delete(projects::delete_project),
        )
        .service(resource("/chat").post(chat::chat))
        .service(
            resource("/conversations")
                .get(conversations::list_conversations)
                .post(conversations::create_conversation),
        )
        .service(
            resource("/files")
                .get(files::list_files)
                .post(files::upload_files),
        )
        .service(
            resource("/files/{filename}")
                .get(files::download_file)
                .head(files::download_file)
                .delete(files::delete_file),
        )
        .service(resource("/versions").get(projects::list_prompt_versions))
        .service(resource("/export").get(transfer::export_project))
        .service(resource("/import").post(transfer::import_into_project));
}

fn conversations(config: &mut ServiceConfig) {
    config
        .service(
            resource("")
                .get(conversations::get_conversation)
                .patch(conversations::update_conversation)
                .delete(conversations::delete_conversation),
        )
        .service(
            resource("/messages")
                .get(conversations::list_messages)
                .post(chat::create_message),
        )
        .service(resource("/export").get(transfer::export_conversation));
}

fn generations(config: &mut ServiceConfig) {
    config
        .service(resource("").get(generations::get_generation))
        .service(resource("/events").get(generations::stream_generation))
        .service(resource("/cancel").post(generations::cancel_generation));
}

fn providers(config: &mut ServiceConfig) {
    config
        .service(
            resource("")
                .get(providers::list_providers)
                .post(providers::create_provider),
        )
        .service(resource("/presets").get(providers::list_provider_presets))
        .service(
            resource("/{provider_id}")
                .get(providers::get_provider)
                .patch(providers::update_provider)
                .delete(providers::delete_provider),
        )
        .service(resource("/{provider_id}/test").post(providers::test_provider));
}
