//! Looking into one trained network beside the runs: a thread that holds it and answers questions with plain data.
//!
//! Of each kind of question the newest counts: one that was asked before it and has no answer yet gets none. Long work
//! advances in small steps, and short questions are answered between them. What is looked at again and again while a network
//! learns rests between its steps, so that it takes no more than a [share](Explorer::set_live_share) of the time.

use super::device::open_device;
use super::exploring::{Job, Kept, Question, Reply, Subject, begin};
use crate::experiments::Classifier;
use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Of the time, a hundredth goes to what is live at least: less is as good as nothing.
const LEAST_SHARE: f32 = 0.01;

/// Ties a reply to its question. Later questions have higher ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A handle on the thread. Dropping it ends the thread after the step in hand.
pub struct Explorer {
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
    last: AtomicU64,
    /// The bits of an `f32`.
    live_share: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

/// Those that nobody has taken yet. While nobody looks they must not become more and more: of what is told of a question
/// again and again, each time in full, the last is enough.
#[derive(Default)]
struct Replies(Mutex<Vec<(Ticket, Reply)>>);

impl Replies {
    fn add(&self, ticket: Ticket, reply: Reply) {
        let mut replies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(reply, Reply::Carried { .. }) {
            replies.retain(|(own, _)| *own != ticket);
        }
        replies.push((ticket, reply));
    }
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
    /// Questions whose answers nobody waits for any more.
    stopped: Vec<Ticket>,
    is_closed: bool,
}

impl Explorer {
    /// Starts the thread; it has no network yet. `wake` is called on that thread when there is a reply.
    pub fn start(wake: impl Fn() + Send + 'static) -> Self {
        let inbox = Arc::<Inbox>::default();
        let replies = Arc::<Replies>::default();
        let live_share = Arc::new(AtomicU32::new(1.0_f32.to_bits()));
        let worker = Worker {
            inbox: Arc::clone(&inbox),
            replies: Arc::clone(&replies),
            wake: Box::new(wake),
            classifier: None,
            kept: Kept::default(),
            live_share: Arc::clone(&live_share),
        };
        let thread = std::thread::Builder::new().name("explorer".to_owned()).spawn(move || worker.work());
        Self {
            inbox,
            replies,
            last: AtomicU64::new(0),
            live_share,
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

    /// Leaves a question alone. What was found out until then may still come.
    pub fn stop(&self, ticket: Ticket) {
        let mut waiting = self.inbox.lock();
        waiting.questions.retain(|(own, _)| *own != ticket);
        waiting.stopped.push(ticket);
    }

    /// How much of the time may be spent on what is kept up to date while a network learns, in 0 to 1 (0 excluded): all of it
    /// until this is called. It holds from the next step on.
    pub fn set_live_share(&self, share: f32) {
        // Also for what is no number.
        let share = if share > LEAST_SHARE { share.min(1.0) } else { LEAST_SHARE };
        self.live_share.store(share.to_bits(), Ordering::Relaxed);
    }

    /// All replies since the last call, the oldest first.
    pub fn replies(&self) -> Vec<(Ticket, Reply)> {
        std::mem::take(&mut *self.replies.0.lock().unwrap_or_else(PoisonError::into_inner))
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

    /// What to do next; waits for something to come, or until it is time to go on with a job.
    fn next(&self, due: Option<Instant>) -> Next {
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
            waiting = match due.map(|due| due.saturating_duration_since(Instant::now())) {
                None => self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Next::GoOn,
                Some(rest) => self.bell.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0,
            };
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
    replies: Arc<Replies>,
    wake: Box<dyn Fn() + Send>,
    classifier: Option<Classifier>,
    /// Of the network in hand.
    kept: Kept,
    live_share: Arc<AtomicU32>,
}

/// Work that takes longer than one step.
struct Going {
    ticket: Ticket,
    kind: Discriminant<Question>,
    /// Whether it does not matter which network is looked into.
    stands_alone: bool,
    job: Box<dyn Job>,
    /// It rests until then.
    due: Instant,
}

impl Worker {
    fn work(mut self) {
        let mut jobs: VecDeque<Going> = VecDeque::new();
        loop {
            let stopped = std::mem::take(&mut self.inbox.lock().stopped);
            jobs.retain(|going| !stopped.contains(&going.ticket));
            match self.inbox.next(jobs.iter().map(|going| going.due).min()) {
                Next::Close => return,
                Next::Take(ticket, subject) => {
                    jobs.retain(|going| going.stands_alone);
                    self.classifier = None;
                    self.kept.forget();
                    self.take(ticket, &subject);
                }
                Next::Answer(ticket, question) => {
                    let (kind, stands_alone) = (discriminant(&question), question.stands_alone());
                    jobs.retain(|going| going.kind != kind);
                    let (job, due) = (begin(question, &self.kept), Instant::now());
                    jobs.push_front(Going { ticket, kind, stands_alone, job, due });
                }
                Next::GoOn => {
                    // The newest question first; what is not done after a step lets the others go on.
                    let now = Instant::now();
                    let next = jobs.iter().position(|going| going.due <= now);
                    let Some(mut going) = next.and_then(|next| jobs.remove(next)) else { continue };
                    let rests = going.job.is_live();
                    if self.advance(&mut going) {
                        going.due = if rests { self.rest_after(now) } else { now };
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

    /// Until when to rest after a step that began then.
    fn rest_after(&self, began: Instant) -> Instant {
        let share = f32::from_bits(self.live_share.load(Ordering::Relaxed));
        Instant::now() + began.elapsed().mul_f32(1.0 / share - 1.0)
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
        self.replies.add(ticket, reply);
        (self.wake)();
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
