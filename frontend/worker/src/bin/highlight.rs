//! The worker that colours code.

use prompthub_worker::{highlight::Highlighted, service};

fn main() {
    service::start::<Highlighted>();
}
