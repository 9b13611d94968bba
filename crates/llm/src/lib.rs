//! Providers of language models behind one trait: what PromptHub asks of a model, and how each
//! provider's wire format says it.
//!
//! Owns the request and the events of an answer ([`CompletionRequest`], [`CompletionEvent`]), the
//! [`Provider`] trait and its implementations, and the [`Registry`] that finds one by its slug.
//! Must not know a web framework, a database or the wire types of our own API, and must not retry,
//! store or bill: it makes one call and says truthfully what came of it.
//!
//! A wire format is one module. [`openai`] speaks chat completions, of which OpenRouter is a
//! preset; [`demo`] answers without a network. [`sse`] and the guarded connection are shared.
//!
//! # TLS
//!
//! A process installs a rustls provider before it builds an adapter that uses the network:
//! `rustls::crypto::ring::default_provider().install_default()`. Without one, building panics.

mod completion;
mod decimal;
pub mod demo;
mod error;
pub mod openai;
mod provider;
mod secret;
pub mod sse;
mod transport;

pub use completion::{
    ChatMessage, CompletionEvent, CompletionRequest, CompletionStream, FinishReason, Parameters,
    ReasoningEffort, Role, Usage,
};
pub use error::{ErrorKind, ProviderError};
pub use provider::{ModelInfo, Provider, Registry};
pub use secret::Secret;
pub use transport::Timeouts;
