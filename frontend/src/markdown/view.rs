//! One text in Markdown on the page: plain until the worker has read it, and again when that fails.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
};

use leptos::prelude::document;
use prompthub_markup::Blocks;
use web_sys::Element;

use super::{
    code::Code,
    dom::{Content, Patch},
    pace,
    worker::{Answer, Followed, Job},
};

/// The class of a container whose text is shown as it is.
const PLAIN: &str = "ph-markdown--plain";

/// A text inside one container that holds nothing else.
pub struct View {
    followed: Followed,
    shown: RefCell<Shown>,
}

struct Shown {
    container: Element,
    text: Arc<str>,
    stage: Stage,
}

enum Stage {
    /// The text itself is there, in one node.
    Plain(Content),
    /// What the worker made of it is there, and may go on growing.
    Growing(Content),
    /// All is there. Only code may still be on its way to its colours.
    Complete { _codes: Vec<Rc<Code>> },
    /// It stays plain.
    Failed(Content),
}

impl View {
    pub fn new(container: Element) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = this.clone();
            let listener = move |answer| {
                if let Some(this) = this.upgrade() {
                    this.take(answer);
                }
            };
            Self {
                followed: Followed::new(Job::Text, "", listener),
                shown: RefCell::new(Shown {
                    stage: Stage::Plain(empty(&container)),
                    container,
                    text: Arc::default(),
                }),
            }
        })
    }

    /// The text is now this one; `complete` says that nothing will be added.
    pub fn show(&self, text: &Arc<str>, complete: bool) {
        let mut shown = self.shown.borrow_mut();
        if matches!(shown.stage, Stage::Complete { .. }) {
            if shown.text == *text {
                return;
            }
            shown.stage = Stage::Plain(empty(&shown.container));
        }
        shown.text = text.clone();
        if let Stage::Plain(content) | Stage::Failed(content) = &mut shown.stage {
            content.show_text(text);
        }
        if !matches!(shown.stage, Stage::Failed(_)) {
            self.followed.show(text.clone(), complete);
        }
        shown.mark_plain();
    }

    fn take(self: Rc<Self>, answer: Answer) {
        match answer {
            Answer::Update {
                blocks, complete, ..
            } => self.build(blocks, complete),
            Answer::Failed => {
                let mut shown = self.shown.borrow_mut();
                if matches!(shown.stage, Stage::Failed(_)) {
                    return;
                }
                let mut content = empty(&shown.container);
                content.show_text(&shown.text);
                shown.stage = Stage::Failed(content);
                shown.mark_plain();
            }
        }
    }

    /// Puts an answer on the page. The first is built beside it and takes the plain text's place as a
    /// whole, so that nothing is missing in between.
    fn build(self: Rc<Self>, blocks: Blocks, complete: bool) {
        let mut patch = Patch::new(blocks);
        let mut beside = match &self.shown.borrow().stage {
            Stage::Plain(_) => {
                let page = document();
                let fragment = page.create_document_fragment();
                Some(Content::new(page, fragment))
            }
            Stage::Growing(_) => None,
            Stage::Complete { .. } | Stage::Failed(_) => return,
        };
        pace::in_turns(move || {
            let mut shown = self.shown.borrow_mut();
            let more = match (&mut beside, &mut shown.stage) {
                (Some(content), _) | (None, Stage::Growing(content)) => content.step(&mut patch),
                (None, Stage::Plain(_) | Stage::Complete { .. } | Stage::Failed(_)) => false,
            };
            if more {
                return pace::Turn::More;
            }
            if let Some(content) = beside.take() {
                shown.replace_plain(content);
            }
            if complete {
                shown.complete();
            } else {
                // Now rather than with the next frame, so that the pace knows all that it costs.
                let _ = shown.container.client_height();
            }
            drop(shown);
            let this = self.clone();
            pace::Turn::Done(Box::new(move || this.followed.applied()))
        });
    }
}

impl Shown {
    fn replace_plain(&mut self, mut content: Content) {
        if matches!(self.stage, Stage::Plain(_)) {
            self.container.set_text_content(None);
            content.move_to(self.container.clone());
            self.stage = Stage::Growing(content);
            self.mark_plain();
        }
    }

    /// Nothing will be added, so what is there needs no model.
    fn complete(&mut self) {
        if let Stage::Growing(content) = &self.stage {
            let codes = content.codes();
            for code in &codes {
                code.finish();
            }
            self.stage = Stage::Complete { _codes: codes };
        }
    }

    fn mark_plain(&self) {
        let plain = matches!(self.stage, Stage::Plain(_) | Stage::Failed(_));
        // The name is a valid one, which is all that can be wrong.
        let _ = self.container.class_list().toggle_with_force(PLAIN, plain);
    }
}

fn empty(container: &Element) -> Content {
    container.set_text_content(None);
    Content::new(document(), container.clone())
}
