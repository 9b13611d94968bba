//! The two workers: starting them, speaking to them, and doing without them.
//!
//! A worker may not load, may crash, may never answer. Then another one is started, without the text
//! that was at fault; when that does not help either, every text is told to show itself as it is.
//! The messages are those of `frontend/worker/src/service.rs`.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    thread::LocalKey,
    time::Duration,
};

use js_sys::{Array, Uint8Array};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use prompthub_markup::Blocks;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Worker};

use super::queue::{Queue, Request};

/// A worker that takes longer over one text has lost itself in it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a worker may take to load.
const LOADING: Duration = Duration::from_secs(60);
/// So many workers in a row that end without an answer are enough.
const MAX_STARTS: u32 = 3;
/// How long to wait after one that did not load: the network may be back then.
const REST: Duration = Duration::from_secs(2);

/// Which worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Reads Markdown.
    Text,
    /// Colours code.
    Highlight,
}

/// What comes of a text.
pub enum Answer {
    /// What has changed, now that the worker has seen the first `covers` bytes of the text, which
    /// are all of it when that is `complete`.
    Update {
        blocks: Blocks,
        covers: usize,
        complete: bool,
    },
    /// Nothing, now or later.
    Failed,
}

type Listener = Rc<dyn Fn(Answer)>;

thread_local! {
    static TEXT: RefCell<Desk> = RefCell::new(Desk::new(Job::Text));
    static HIGHLIGHT: RefCell<Desk> = RefCell::new(Desk::new(Job::Highlight));
    static NEXT_ID: Cell<u32> = const { Cell::new(0) };
}

/// A text that a worker follows, for as long as this is kept.
pub struct Followed {
    job: Job,
    id: u32,
}

impl Followed {
    pub fn new(job: Job, language: &str, listener: impl Fn(Answer) + 'static) -> Self {
        let id = NEXT_ID.get();
        NEXT_ID.set(id.wrapping_add(1));
        job.with(|desk| {
            let client = Client {
                listener: Rc::new(listener),
                language: language.to_owned(),
            };
            desk.clients.insert(id, client);
        });
        Self { job, id }
    }

    /// The text is now this one; `complete` says that nothing will be added.
    pub fn show(&self, text: Arc<str>, complete: bool) {
        self.job
            .with(|desk| desk.queue.want(self.id, text, complete));
        self.job.run_soon();
    }

    /// The page shows another text, and nothing of what the worker has said.
    pub fn restart(&self) {
        self.job.with(|desk| desk.queue.restart(self.id));
    }

    /// The last answer is on the page.
    pub fn applied(&self) {
        self.job.with(|desk| desk.queue.applied(self.id));
        self.job.run_soon();
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        // The page may be on its way out.
        self.job.try_with(|desk| {
            desk.queue.forget(self.id);
            desk.clients.remove(&self.id);
            desk.post(&Array::of1(&JsValue::from(self.id.to_string())));
        });
    }
}

/// Has the worker that reads Markdown loaded before the first text is there.
pub fn prepare() {
    Job::Text.run_soon();
}

struct Client {
    listener: Listener,
    language: String,
}

/// One worker and all that concerns it.
struct Desk {
    job: Job,
    queue: Queue,
    clients: HashMap<u32, Client>,
    worker: Option<Running>,
    /// Workers started since the last answer.
    starts: u32,
    /// Which worker this is, counted from the first.
    serial: u32,
    /// Whether a call of `run` is on its way.
    scheduled: bool,
    /// Whether none is to be started for a while.
    resting: bool,
    watch: Option<TimeoutHandle>,
}

struct Running {
    worker: Worker,
    /// Whether it has said that it listens.
    ready: bool,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn()>,
}

impl Job {
    fn desk(self) -> &'static LocalKey<RefCell<Desk>> {
        match self {
            Self::Text => &TEXT,
            Self::Highlight => &HIGHLIGHT,
        }
    }

    fn with<T>(self, act: impl FnOnce(&mut Desk) -> T) -> T {
        self.desk().with_borrow_mut(act)
    }

    fn try_with(self, act: impl FnOnce(&mut Desk)) {
        let _ = self.desk().try_with(|desk| {
            if let Ok(mut desk) = desk.try_borrow_mut() {
                act(&mut desk);
            }
        });
    }

    /// Sends what there is to send when all of it is known: a page full of messages is made in one
    /// go, and the last of them is to be read first.
    fn run_soon(self) {
        let scheduled = self.with(|desk| std::mem::replace(&mut desk.scheduled, true));
        if !scheduled {
            set_timeout(move || self.run(), Duration::ZERO);
        }
    }

    fn run(self) {
        let given_up = self.with(|desk| {
            desk.scheduled = false;
            if desk.worker.is_none() && !desk.resting && desk.starts < MAX_STARTS {
                desk.start();
            }
            desk.send();
            desk.worker.is_none() && desk.starts >= MAX_STARTS
        });
        if given_up {
            self.give_up();
        }
    }

    fn on_message(self, data: &JsValue) {
        if data.is_null() {
            self.with(|desk| {
                if let Some(running) = &mut desk.worker {
                    running.ready = true;
                }
                desk.send();
            });
            return;
        }
        let answer = Array::from(data);
        let id = answer.get(0).as_string().and_then(|id| id.parse().ok());
        let bytes = answer.get(1).dyn_into::<Uint8Array>();
        let (Some(id), Ok(bytes)) = (id, bytes) else {
            return;
        };
        let answered = self.with(|desk| {
            desk.starts = 0;
            let told = desk.queue.answered(id);
            desk.send();
            let listener = desk.clients.get(&id).map(|client| client.listener.clone());
            told.zip(listener)
        });
        if let Some((told, listener)) = answered {
            match Blocks::new(bytes.to_vec()) {
                Some(blocks) => listener(Answer::Update {
                    blocks,
                    covers: told.bytes,
                    complete: told.complete,
                }),
                None => listener(Answer::Failed),
            }
        }
    }

    /// The worker has crashed, or is lost in a text, or never came to be.
    fn on_lost(self, serial: u32) {
        if self.with(|desk| desk.serial != serial || desk.worker.is_none()) {
            // It was replaced already.
            return;
        }
        let (culprit, loaded) = self.with(|desk| {
            let loaded = desk.stop();
            desk.resting = !loaded;
            (desk.queue.lost(), loaded)
        });
        if let Some(listener) = culprit.and_then(|id| self.listener(id)) {
            listener(Answer::Failed);
        }
        if loaded {
            return self.run_soon();
        }
        set_timeout(
            move || {
                self.with(|desk| desk.resting = false);
                self.run();
            },
            REST,
        );
    }

    /// Without a worker every text is shown as it is.
    fn give_up(self) {
        let ids: Vec<u32> = self.with(|desk| desk.clients.keys().copied().collect());
        for id in ids {
            self.with(|desk| desk.queue.forget(id));
            if let Some(listener) = self.listener(id) {
                listener(Answer::Failed);
            }
        }
    }

    fn listener(self, id: u32) -> Option<Listener> {
        self.with(|desk| desk.clients.get(&id).map(|client| client.listener.clone()))
    }

    /// Where its program is: `index.html` says so, since the name has a hash in it.
    fn address(self) -> Option<String> {
        let name = match self {
            Self::Text => "text",
            Self::Highlight => "highlight",
        };
        let place = document()
            .query_selector(&format!("meta[name='worker-{name}']"))
            .ok()??;
        place.get_attribute("content")
    }
}

impl Desk {
    fn new(job: Job) -> Self {
        Self {
            job,
            queue: Queue::default(),
            clients: HashMap::new(),
            worker: None,
            starts: 0,
            serial: 0,
            scheduled: false,
            resting: false,
            watch: None,
        }
    }

    fn start(&mut self) {
        self.starts = self.starts.saturating_add(1);
        self.serial = self.serial.wrapping_add(1);
        let Some(Ok(worker)) = self.job.address().map(|address| Worker::new(&address)) else {
            self.starts = MAX_STARTS;
            return;
        };
        let (job, serial) = (self.job, self.serial);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            job.on_message(&event.data());
        });
        let on_error = Closure::<dyn Fn()>::new(move || {
            // The closure must outlive its own call, and ends with the worker.
            set_timeout(move || job.on_lost(serial), Duration::ZERO);
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.worker = Some(Running {
            worker,
            ready: false,
            _on_message: on_message,
            _on_error: on_error,
        });
        self.watch(LOADING);
    }

    /// Ends the worker, and says whether it had been loaded.
    fn stop(&mut self) -> bool {
        if let Some(watch) = self.watch.take() {
            watch.clear();
        }
        self.worker.take().is_some_and(|running| {
            running.worker.terminate();
            running.ready
        })
    }

    fn send(&mut self) {
        if !self.worker.as_ref().is_some_and(|running| running.ready) {
            return;
        }
        while let Some(request) = self.queue.next_request() {
            let Request {
                id,
                keep,
                more,
                complete,
            } = request;
            let language = self.clients.get(&id).map(|client| client.language.as_str());
            self.post(&Array::of5(
                &id.to_string().into(),
                &keep.to_string().into(),
                &more.into(),
                &complete.into(),
                &language.unwrap_or_default().into(),
            ));
        }
        if self.queue.is_awaiting() {
            self.watch(PATIENCE);
        } else if let Some(watch) = self.watch.take() {
            watch.clear();
        }
    }

    fn post(&self, message: &Array) {
        if let Some(running) = self.worker.as_ref().filter(|running| running.ready) {
            // Text can always be sent.
            let _ = running.worker.post_message(message);
        }
    }

    /// Takes the worker for lost when nothing comes of it for so long.
    fn watch(&mut self, patience: Duration) {
        if let Some(watch) = self.watch.take() {
            watch.clear();
        }
        let (job, serial) = (self.job, self.serial);
        self.watch = set_timeout_with_handle(move || job.on_lost(serial), patience).ok();
    }
}
