//! How often the window is drawn because the run has something new to show.
//!
//! The processor that draws is the one that trains: while nobody touches the window, ten pictures a second are enough.

use egui::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two pictures while somebody is at work, and while the window is only watched.
const BUSY: Duration = Duration::from_millis(33);
pub const IDLE: Duration = Duration::from_millis(100);
/// After the last movement or key somebody counts as at work for this time.
const ATTENTION: Duration = Duration::from_secs(2);

/// Shared by the window, which notes that it is touched, and the engine's thread, which asks for pictures.
#[derive(Clone)]
pub(super) struct Pace {
    began: Instant,
    /// Milliseconds after `began`.
    touched: Arc<AtomicU64>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), touched: Arc::default() }
    }

    /// Once a frame.
    pub(super) fn note(&self, ctx: &Context) {
        let is_touched = ctx.input(|input| !input.raw.events.is_empty() || input.pointer.any_down());
        if is_touched {
            self.touched.store(self.now(), Ordering::Relaxed);
        }
    }

    /// There is something new.
    pub(super) fn wake(&self, ctx: &Context) {
        let since = Duration::from_millis(self.now().saturating_sub(self.touched.load(Ordering::Relaxed)));
        ctx.request_repaint_after(if since < ATTENTION { BUSY } else { IDLE });
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}
