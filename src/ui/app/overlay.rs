//! The debug overlay: what drawing costs.

use crate::ui::widgets::format;
use egui::{Align2, Area, Context, Frame, Id, Order, RichText, vec2};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Frames that the percentile looks back on.
const FRAMES: usize = 600;

/// Times of the last frames.
#[derive(Debug, Default)]
pub struct Overlay {
    open: bool,
    times: VecDeque<Duration>,
    shown_at: VecDeque<Instant>,
    began: Option<Instant>,
}

impl Overlay {
    pub fn new(open: bool) -> Self {
        Self { open, ..Self::default() }
    }

    pub fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// At the beginning of a frame.
    pub fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// At its end.
    pub fn end(&mut self) {
        let Some(began) = self.began.take() else { return };
        if self.times.len() == FRAMES {
            self.times.pop_front();
        }
        self.times.push_back(began.elapsed());
        let now = Instant::now();
        self.shown_at.push_back(now);
        while self.shown_at.front().is_some_and(|first| now - *first > Duration::from_secs(1)) {
            self.shown_at.pop_front();
        }
    }

    /// Time of the last frame.
    pub fn last(&self) -> Option<Duration> {
        self.times.back().copied()
    }

    /// Time that `share` of the last frames stayed below.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.times.iter().copied().collect();
        sorted.sort_unstable();
        let place = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(place.saturating_sub(1)).copied()
    }

    pub fn show(&self, ctx: &Context, points: usize) {
        if !self.open {
            return;
        }
        let milliseconds = |time: Option<Duration>| {
            time.map_or_else(|| "\u{2013}".to_owned(), |time| format!("{:.2} ms", time.as_secs_f64() * 1e3))
        };
        let lines = [
            ("App::ui", milliseconds(self.last())),
            ("99th percentile", milliseconds(self.percentile(0.99))),
            ("frames a second", self.shown_at.len().to_string()),
            ("points", format::count(points as u64)),
        ];
        Area::new(Id::unique("debug overlay"))
            .order(Order::Foreground)
            .anchor(Align2::RIGHT_TOP, vec2(-8.0, 56.0))
            .interactable(false)
            .show(ctx, |ui| {
                Frame::popup(ui.style()).show(ui, |ui| {
                    for (name, value) in lines {
                        ui.horizontal(|ui| {
                            ui.set_width(200.0);
                            ui.label(RichText::new(name).small().weak());
                            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                                ui.label(RichText::new(value).monospace());
                            });
                        });
                    }
                });
            });
    }
}
