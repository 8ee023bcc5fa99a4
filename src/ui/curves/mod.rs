//! Curves: what a run measured, step by step, kept whole and drawn at any size in time proportional to pixels.
//!
//! Imports `engine` (for [`Point`](crate::engine::Point) and [`RunId`](crate::engine::RunId)) and `ui::theme` and
//! `ui::export`; knows nothing of labs or of the shell. [`CurveStore`] keeps the points, [`CurvePlot`] draws one panel of them.

pub mod axis;
pub mod decimate;
pub mod plot;
pub mod smoothing;
pub mod store;

mod lines;
mod overlay;
mod view;

pub use axis::{Scale, XAxis};
pub use plot::{CurvePlot, CurvePlotResponse, Line, Marker, Reading, records};
pub use smoothing::Ema;
pub use store::{Curve, CurveStore};
pub use view::{PlotView, ViewBounds};
