//! Whose turn it is on a connection: what the middleware that sees every request tells the one who reads the bytes.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceRequest,
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use bytes::Bytes;

/// What a connection is to bring next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The head of a request.
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// A body that says itself where it ends.
    Chunks,
    /// Nothing: the answer's turn. What comes all the same is the next request's.
    Answer,
}

/// The state of a connection's present request: from when the application sees it until its answer's last byte is written.
#[derive(Debug)]
pub struct Serving {
    turn: Cell<Turn>,
    running: Cell<bool>,
    unwritten: Cell<bool>,
    /// Something has come that is not to be read before the next turn.
    early: Cell<bool>,
    /// Who reads, when there is something to tell.
    reader: RefCell<Option<Waker>>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            turn: Cell::new(Turn::Head),
            running: Cell::new(false),
            unwritten: Cell::new(false),
            early: Cell::new(false),
            reader: RefCell::default(),
        }
    }
}

impl Serving {
    /// The application has `request` now, and has it at least for as long as what this returns is there.
    pub fn begin(self: Rc<Self>, request: &ServiceRequest) -> Served {
        self.running.set(true);
        self.unwritten.set(true);
        let headers = request.headers();
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        // Where there are both, actix has refused the request already.
        self.turn_to(match length {
            _ if headers.contains_key(TRANSFER_ENCODING) => Turn::Chunks,
            Some(length @ 1..) => Turn::Body(length),
            Some(0) | None => Turn::Answer,
        });
        Served(self)
    }

    pub(super) fn turn(&self) -> Turn {
        self.turn.get()
    }

    /// Whether no request is being served, and what is written now can only be of actix's own making.
    pub(super) fn is_idle(&self) -> bool {
        !self.unwritten.get()
    }

    /// Whether the application has a request.
    pub(super) fn is_running(&self) -> bool {
        self.running.get()
    }

    pub(super) fn head_is_read(&self) {
        self.turn.set(Turn::Answer);
    }

    /// actix has thrown the last head away, as it does with what comes after its last answer.
    pub(super) fn head_is_lost(&self) {
        self.turn.set(Turn::Head);
    }

    /// So much of a body with a length has been read.
    pub(super) fn body_is_read(&self, bytes: usize) {
        if let Turn::Body(left) = self.turn.get() {
            match left.saturating_sub(bytes.try_into().unwrap_or(u64::MAX)) {
                0 => self.body_is_over(),
                left => self.turn.set(Turn::Body(left)),
            }
        }
    }

    pub(super) fn body_is_over(&self) {
        self.turn_to(match self.unwritten.get() {
            true => Turn::Answer,
            false => Turn::Head,
        });
    }

    /// All that actix had to write is written.
    pub(super) fn is_written(&self) {
        if !self.running.get() && self.unwritten.replace(false) && self.turn() == Turn::Answer {
            self.turn_to(Turn::Head);
        }
    }

    /// Whoever reads wants to know of the next turn; of that of a head only if it is here already, for else it will come.
    pub(super) fn wait(&self, context: &Context<'_>, early: bool) {
        self.early.set(early);
        let mut reader = self.reader.borrow_mut();
        match reader.as_mut() {
            Some(known) => known.clone_from(context.waker()),
            None => *reader = Some(context.waker().clone()),
        }
    }

    fn turn_to(&self, turn: Turn) {
        self.turn.set(turn);
        let awaited = match turn {
            Turn::Head => self.early.get(),
            Turn::Body(_) | Turn::Chunks => true,
            Turn::Answer => false,
        };
        if awaited && let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }
}

/// A request that is being served.
#[derive(Debug)]
pub struct Served(Rc<Serving>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.running.set(false);
    }
}

/// The body of an answer, whose request is being served for as long as it is there.
pub struct ServedBody {
    body: BoxBody,
    _served: Option<Served>,
}

impl ServedBody {
    pub fn new(body: BoxBody, served: Option<Served>) -> Self {
        Self {
            body,
            _served: served,
        }
    }
}

impl MessageBody for ServedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
