//! How far long work is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar with what the template says after it, such as `{pos}/{len} steps`; hidden where a program reads.
pub(super) fn bar(length: Option<u64>, after: &str, is_hidden: bool) -> ProgressBar {
    let target = if is_hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template(&format!("{{bar:32}} {after}"));
    ProgressBar::with_draw_target(length, target).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
