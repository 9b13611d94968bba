//! Keyed lists.
//!
//! `<For>` is compiled anew for every kind of item, six kilobytes each time. Here it is compiled
//! once, over rows that know how to draw themselves.

use std::sync::Arc;

use leptos::prelude::*;

/// One row: what tells it from the others, and how it is drawn when it is new.
#[derive(Clone)]
struct Row {
    key: String,
    draw: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

/// A row for each of the items. A row is kept, with all that happened in it, for as long as an
/// item has its key; what a row shows of its item must therefore be in the key, or be read of a signal.
pub fn rows<T: Clone + Send + Sync + 'static>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: impl Fn(&T) -> String + Send + Sync + 'static,
    draw: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let draw = Arc::new(draw);
    list(Box::new(move || {
        let row = |item: T| {
            let draw = Arc::clone(&draw);
            Row {
                key: key(&item),
                draw: Arc::new(move || draw(item.clone())),
            }
        };
        items().into_iter().map(row).collect()
    }))
}

fn list(rows: Box<dyn Fn() -> Vec<Row> + Send + Sync>) -> AnyView {
    view! { <For each=rows key=|row| row.key.clone() children=|row| (row.draw)()/> }.into_any()
}
