//! Looking into one trained network beside the runs: a thread that holds it and answers questions with plain data.
//!
//! Of each kind of question the newest counts: one that was asked before it and has no answer yet gets none. Long work
//! advances in small steps, and short questions are answered between them.

use super::device::open_device;
use super::exploring::{Job, Question, Reply, Subject, begin};
use crate::experiments::Classifier;
use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Ties a reply to its question. Later questions have higher ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A handle on the thread. Dropping it ends the thread after the step in hand.
pub struct Explorer {
    inbox: Arc<Inbox>,
    replies: Mutex<Receiver<(Ticket, Reply)>>,
    last: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    subject: Option<(Ticket, Subject)>,
    questions: VecDeque<(Ticket, Question)>,
    is_closed: bool,
}

impl Explorer {
    /// Starts the thread; it has no network yet. `wake` is called on that thread when there is a reply.
    pub fn start(wake: impl Fn() + Send + 'static) -> Self {
        let inbox = Arc::<Inbox>::default();
        let (sender, replies) = channel();
        let worker = Worker { inbox: Arc::clone(&inbox), replies: sender, wake: Box::new(wake), classifier: None };
        let thread = std::thread::Builder::new().name("explorer".to_owned()).spawn(move || worker.work());
        Self {
            inbox,
            replies: Mutex::new(replies),
            last: AtomicU64::new(0),
            thread: thread.inspect_err(|error| log::error!("the explorer's thread did not start: {error}")).ok(),
        }
    }

    /// Takes another network. Questions about the one before are forgotten, unless they bring their own; the reply is [`Reply::Loaded`] or
    /// [`Reply::Failed`].
    pub fn look_into(&self, subject: Subject) -> Ticket {
        let ticket = self.ticket();
        let mut waiting = self.inbox.lock();
        waiting.questions.retain(|(_, question)| question.stands_alone());
        waiting.subject = Some((ticket, subject));
        self.inbox.bell.notify_one();
        ticket
    }

    /// Asks about the network that was named last.
    pub fn ask(&self, question: Question) -> Ticket {
        let ticket = self.ticket();
        let mut waiting = self.inbox.lock();
        waiting.questions.retain(|(_, other)| discriminant(other) != discriminant(&question));
        waiting.questions.push_back((ticket, question));
        self.inbox.bell.notify_one();
        ticket
    }

    /// All replies since the last call, the oldest first.
    pub fn replies(&self) -> Vec<(Ticket, Reply)> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).try_iter().collect()
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        self.inbox.lock().is_closed = true;
        self.inbox.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do next; waits for something if there is no job to go on with.
    fn next(&self, is_busy: bool) -> Next {
        let mut waiting = self.lock();
        loop {
            if waiting.is_closed {
                return Next::Close;
            }
            if let Some((ticket, subject)) = waiting.subject.take() {
                return Next::Take(ticket, subject);
            }
            if let Some((ticket, question)) = waiting.questions.pop_front() {
                return Next::Answer(ticket, question);
            }
            if is_busy {
                return Next::GoOn;
            }
            waiting = self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

enum Next {
    Take(Ticket, Subject),
    Answer(Ticket, Question),
    GoOn,
    Close,
}

struct Worker {
    inbox: Arc<Inbox>,
    replies: Sender<(Ticket, Reply)>,
    wake: Box<dyn Fn() + Send>,
    classifier: Option<Classifier>,
}

/// Work that takes longer than one step.
struct Going {
    ticket: Ticket,
    kind: Discriminant<Question>,
    /// Whether it does not matter which network is looked into.
    stands_alone: bool,
    job: Box<dyn Job>,
}

impl Worker {
    fn work(mut self) {
        let mut jobs: VecDeque<Going> = VecDeque::new();
        loop {
            match self.inbox.next(!jobs.is_empty()) {
                Next::Close => return,
                Next::Take(ticket, subject) => {
                    jobs.retain(|going| going.stands_alone);
                    self.classifier = None;
                    self.take(ticket, &subject);
                }
                Next::Answer(ticket, question) => {
                    let (kind, stands_alone) = (discriminant(&question), question.stands_alone());
                    jobs.retain(|going| going.kind != kind);
                    jobs.push_front(Going { ticket, kind, stands_alone, job: begin(question) });
                }
                Next::GoOn => {
                    // The newest question first; what is not done after a step lets the others go on.
                    let Some(mut going) = jobs.pop_front() else { continue };
                    if self.advance(&mut going) {
                        jobs.push_back(going);
                    }
                }
            }
        }
    }

    fn take(&mut self, ticket: Ticket, subject: &Subject) {
        let opened = caught(|| {
            let device = open_device("cpu")?;
            subject.open(&device.device)
        });
        let reply = match opened.and_then(|opened| opened) {
            Ok((name, classifier)) => {
                let facts = Reply::facts(name, &classifier);
                self.classifier = Some(classifier);
                facts
            }
            Err(reason) => Reply::Failed(reason),
        };
        self.reply(ticket, reply);
    }

    /// Whether there is more to do.
    fn advance(&self, going: &mut Going) -> bool {
        let Some(classifier) = &self.classifier else {
            self.reply(going.ticket, Reply::Failed("there is no network to look into yet".to_owned()));
            return false;
        };
        let done = caught(|| going.job.advance(classifier));
        let (reply, more) = match done {
            Ok(step) => (step.reply, step.more),
            Err(reason) => (Some(Reply::Failed(reason)), false),
        };
        if let Some(reply) = reply {
            self.reply(going.ticket, reply);
        }
        more
    }

    fn reply(&self, ticket: Ticket, reply: Reply) {
        if self.replies.send((ticket, reply)).is_ok() {
            (self.wake)();
        }
    }
}

/// A fault in here must not take the window with it.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("an error inside Glassbox: {}", text.unwrap_or_else(|| "no more is known".to_owned()))
    })
}
