//! The worker that reads Markdown and formulas.

use prompthub_worker::{markdown::Markdown, service};

fn main() {
    service::start::<Markdown>();
}
