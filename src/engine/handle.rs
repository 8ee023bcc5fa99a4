//! What the window and the command line hold of the engine: commands in, plain data out, and never a wait.

use super::message::{Command, Event, HistogramLook, Point, Snapshot};
use super::opening::Turns;
use super::watcher::{Outbox, empty_box};
use super::worker::Worker;
use arc_swap::ArcSwap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

const COMMANDS: usize = 64;
const EVENTS: usize = 256;

/// A handle on the worker. Dropping it ends the current run (saving it, where there is a folder) and the thread.
pub struct Engine {
    commands: Option<SyncSender<Command>>,
    events: Mutex<Receiver<Event>>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    out: Outbox,
    turns: Turns,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the engine has not yet taken up what it was told before: try again in a moment")]
pub struct EngineBusy;

impl Engine {
    /// Starts the worker. `wake` is called, on the worker's thread, when there is something new to look at.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (command_sender, commands) = sync_channel(COMMANDS);
        let (event_sender, events) = sync_channel(EVENTS);
        let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
        let out = Outbox::default();
        let turns = Turns::default();
        let worker =
            Worker::new(commands, event_sender, Arc::clone(&snapshot), out.clone(), Arc::new(wake), turns.clone());
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || worker.work());
        Self {
            commands: Some(command_sender),
            events: Mutex::new(events),
            snapshot,
            out,
            turns,
            thread: thread.inspect_err(|error| log::error!("the engine's thread did not start: {error}")).ok(),
        }
    }

    /// Never waits.
    ///
    /// # Errors
    /// When the worker has too much to take up, as it can while a run is being built.
    pub fn send(&self, command: Command) -> Result<(), EngineBusy> {
        let sender = self.commands.as_ref().ok_or(EngineBusy)?;
        let ends_what_is_under_way = command.ends_what_is_under_way();
        sender.try_send(command).map_err(|_| EngineBusy)?;
        if ends_what_is_under_way {
            self.turns.count();
        }
        Ok(())
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// All events since the last call.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).try_iter().collect()
    }

    /// All points since the last call.
    pub fn points(&self) -> Vec<Point> {
        empty_box(&self.out.points)
    }

    /// All histograms since the last call. They wait until somebody fetches them.
    pub fn histograms(&self) -> Vec<HistogramLook> {
        empty_box(&self.out.histograms)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
