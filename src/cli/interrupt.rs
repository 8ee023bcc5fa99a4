//! Ctrl-C: long work ends in good order.

use anyhow::Context as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ended by Ctrl-C, as shells count it.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on Ctrl-C only sets what is returned.
pub(super) fn listen() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
    Ok(interrupted)
}
