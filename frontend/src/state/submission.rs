//! A write under way: one at a time, how the last one ended, and what to tell beside which field.
//!
//! It is an `Action` over boxed futures: all writes of the page share one type, which is several
//! kilobytes less to download than an action type each.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use leptos::prelude::*;

use crate::api::ApiError;

type Work = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// The work of one dispatch, taken out when it begins.
#[derive(Clone)]
struct Ticket(Rc<RefCell<Option<Work>>>);

/// What a form or a button sends.
#[derive(Clone, Copy)]
pub struct Submission {
    action: StoredValue<Action<Ticket, Result<(), ApiError>>>,
}
