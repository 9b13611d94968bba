//! Providers of language models behind one trait: what PromptHub asks of a model, and how each
//! provider's wire format says it.
//!
//! Owns the request and the events of an answer ([`CompletionRequest`], [`CompletionEvent`]), the
//! [`Provider`] trait and its implementations, and what follows from the wire alone: catalogues,
//! retries, token counts and costs. Must not know a web framework, a database or the wire types of
//! our own API, and must not store anything.
//!
//! A wire format is one module and one line in [`presets`]: [`openai`] speaks chat completions, as
//! OpenRouter and most others do, [`anthropic`] speaks Messages, and [`demo`] answers without a
//! network. [`sse`], the reading of answers and the guarded connection are shared. An adapter makes
//! one call and says truthfully what came of it; [`Resilient`] around it tries again.
//!
//! # Reasoning
//!
//! What a model thinks is told apart from what it says, and is never sent back: models that sign
//! their thoughts want them again only in the middle of a turn with tools, which there are none of
//! here, and some providers refuse a request that holds them otherwise. [`ChatMessage`] therefore
//! has no place for them.
//!
//! # TLS
//!
//! A process installs a rustls provider before it builds an adapter that uses the network:
//! `rustls::crypto::ring::default_provider().install_default()`. Without one, building panics.

mod answer;
pub mod anthropic;
mod catalogue;
mod completion;
mod content;
mod cost;
mod decimal;
pub mod demo;
mod error;
mod events;
mod failure;
mod halves;
mod lenient;
mod network;
pub mod openai;
mod options;
pub mod presets;
mod provider;
mod resilient;
mod secret;
pub mod sse;
pub mod tokens;
mod transport;

pub use catalogue::{CatalogueEntry, Pricing};
pub use completion::{
    ChatMessage, CompletionEvent, CompletionRequest, CompletionStream, FinishReason, Limits,
    Parameters, ReasoningEffort, ResponseFormat, Role, Usage,
};
pub use content::{Content, Image, ImageKind, InvalidImage, Part};
pub use cost::{Cost, CostSum, cost, sum_costs};
pub use error::{Deadline, ErrorKind, ProviderError};
pub use network::{ForbiddenAddress, HostPort, InvalidHostPort, Lookup, NetworkPolicy};
pub use options::InvalidOptions;
pub use provider::{AccountCheck, ModelInfo, Provider};
pub use resilient::{Pause, Resilient, Retry};
pub use secret::Secret;
pub use transport::Timeouts;
