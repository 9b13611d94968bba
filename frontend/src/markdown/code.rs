//! Code that is coloured when the worker has got to it, and plain until then.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
};

use prompthub_markup::Blocks;

use super::{
    dom::{Content, Patch},
    pace,
    worker::{Answer, Followed, Job},
};

/// The content of one element that holds code.
pub struct Code {
    followed: Followed,
    shown: RefCell<Shown>,
}

struct Shown {
    content: Content,
    /// How many nodes, from the first, are the worker's; what follows is plain text that it has not seen.
    coloured: usize,
    text: Arc<str>,
    /// Counts how often the text became another one, so that an answer about an older one is known.
    edition: u32,
}

impl Code {
    pub fn new(content: Content, language: &str) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let listener = move |answer| {
                if let Some(this) = this.upgrade() {
                    this.take(answer);
                }
            };
            Self {
                followed: Followed::new(Job::Highlight, language, listener),
                shown: RefCell::new(Shown {
                    content,
                    coloured: 0,
                    text: Arc::default(),
                    edition: 0,
                }),
            }
        })
    }

    /// The code is now this. What is new in it is plain at first.
    pub fn show(&self, text: &str) {
        let mut shown = self.shown.borrow_mut();
        let coloured = shown.coloured;
        match text.strip_prefix(&*shown.text) {
            Some("") => return,
            Some(more) => shown.content.append_text(more, coloured),
            None => {
                shown.content.show_text(text);
                shown.coloured = 0;
                shown.edition = shown.edition.wrapping_add(1);
                self.followed.restart();
            }
        }
        shown.text = text.into();
        self.followed.show(shown.text.clone(), false);
    }

    /// Nothing will be added.
    pub fn finish(&self) {
        let text = self.shown.borrow().text.clone();
        self.followed.show(text, true);
    }

    fn take(self: Rc<Self>, answer: Answer) {
        // Plain code stays as it is.
        if let Answer::Update { blocks, covers, .. } = answer {
            self.colour(blocks, covers);
        }
    }

    fn colour(self: Rc<Self>, blocks: Blocks, covers: usize) {
        let edition = {
            let mut shown = self.shown.borrow_mut();
            if blocks.keep() > shown.coloured {
                // It builds on nodes that are gone.
                drop(shown);
                return self.followed.applied();
            }
            // Until all of it is there, nothing may be added to a node that has just been put there.
            shown.coloured = usize::MAX;
            shown.edition
        };
        let mut patch = Patch::new(blocks);
        let mut ended = false;
        pace::in_turns(move || {
            let mut shown = self.shown.borrow_mut();
            let stale = shown.edition != edition;
            if !stale && shown.content.step(&mut patch) {
                return pace::Turn::More;
            }
            if !stale && !std::mem::replace(&mut ended, true) {
                // What came after the worker was asked.
                let text = shown.text.clone();
                shown.coloured = shown.content.len();
                let coloured = shown.coloured;
                shown
                    .content
                    .append_text(text.get(covers..).unwrap_or_default(), coloured);
            }
            drop(shown);
            let this = self.clone();
            pace::Turn::Done(Box::new(move || this.followed.applied()))
        });
    }
}
