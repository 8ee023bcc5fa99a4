//! The columns of the list of runs: what each shows, and how rows are sorted by it.

use crate::engine::RunId;
use crate::ui::app::{RunRecord, Session};
use crate::ui::curves::XAxis;
use crate::ui::theme;
use crate::ui::widgets::format;
use crate::ui::widgets::table::Column;
use std::cmp::Ordering;

/// Stands for what is not known.
const NONE: &str = "\u{2013}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunColumn {
    Colour,
    Eye,
    Pin,
    Name,
    Menu,
    Trash,
    State,
    Epoch,
    Time,
    Accuracy,
    AccuracyChange,
    BestEpoch,
    Errors,
    ErrorsChange,
    Loss,
    LossChange,
    Rate,
    Seed,
    Network,
}

const ALL: [RunColumn; 19] = [
    RunColumn::Colour,
    RunColumn::Eye,
    RunColumn::Pin,
    RunColumn::Name,
    RunColumn::Menu,
    RunColumn::Trash,
    RunColumn::State,
    RunColumn::Epoch,
    RunColumn::Time,
    RunColumn::Accuracy,
    RunColumn::AccuracyChange,
    RunColumn::BestEpoch,
    RunColumn::Errors,
    RunColumn::ErrorsChange,
    RunColumn::Loss,
    RunColumn::LossChange,
    RunColumn::Rate,
    RunColumn::Seed,
    RunColumn::Network,
];

impl RunColumn {
    /// What is shown: differences to the baseline only when there is one.
    pub(super) fn shown(has_baseline: bool) -> impl Iterator<Item = Self> {
        ALL.into_iter().filter(move |column| has_baseline || column.compares().is_none())
    }

    /// Those with a figure or a text.
    pub(super) fn figures() -> impl Iterator<Item = Self> {
        ALL.into_iter().filter(|column| !column.look().title.is_empty() && column.compares().is_none())
    }

    /// The column whose figure it compares with the baseline's.
    pub(super) fn compares(self) -> Option<Self> {
        match self {
            Self::AccuracyChange => Some(Self::Accuracy),
            Self::ErrorsChange => Some(Self::Errors),
            Self::LossChange => Some(Self::Loss),
            _ => None,
        }
    }

    pub(super) fn look(self) -> Column {
        match self {
            Self::Colour => Column::text("", 14.0, ""),
            Self::Eye | Self::Pin | Self::Menu | Self::Trash => Column::text("", 16.0, ""),
            Self::Name => {
                Column::text("Run", 110.0, "Click a name to select the run, double-click (or F2) to rename it")
            }
            Self::State => Column::text("State", 54.0, "What the run is doing"),
            Self::Epoch => Column::number("Epoch", 72.0, "Passes over the training images, of those asked for"),
            Self::Time => Column::number("Time", 76.0, "Of training and evaluation, pauses left out"),
            Self::Accuracy => Column::number("Validation", 56.0, "Best accuracy on the images held out"),
            Self::AccuracyChange => Column::number("", 44.0, "Difference to the baseline, in percentage points"),
            Self::BestEpoch => Column::number("Best at", 42.0, "The epoch of the best validation accuracy"),
            Self::Errors => Column::number("Test errors", 62.0, "Errors among the test images, after the last epoch"),
            Self::ErrorsChange => Column::number("", 40.0, "Difference to the baseline"),
            Self::Loss => Column::number("Loss", 50.0, "Last loss on the images held out; else of a batch; nats"),
            Self::LossChange => Column::number("", 54.0, "Difference to the baseline, in nats"),
            Self::Rate => Column::number("Rate", 50.0, "Learning rate of the settings"),
            Self::Seed => {
                Column::number("Seed", 48.0, "First weights, order of images, jitter and dropout follow from it")
            }
            Self::Network => Column::text("Network", 90.0, "The preset, or the file of the architecture"),
        }
    }

    /// What rows are sorted by, where it is a number.
    pub(super) fn number(self, session: &Session, run: &RunRecord) -> Option<f64> {
        match self {
            Self::Epoch => Some(run.epoch),
            Self::Time => seconds(session, run),
            Self::Accuracy => run.best_validation_accuracy,
            Self::BestEpoch => run.best_epoch,
            Self::Errors => run.test_errors().map(|errors| errors as f64),
            Self::Loss => loss(session, run.id),
            Self::Rate => Some(run.config.optimiser.learning_rate),
            Self::Seed => Some(run.config.seed as f64),
            _ => None,
        }
    }

    pub(super) fn text(self, session: &Session, run: &RunRecord) -> String {
        let written = |text: fn(f64) -> String| self.number(session, run).map_or_else(|| NONE.to_owned(), text);
        match self {
            Self::Name => run.name.clone(),
            Self::State => run.state().to_owned(),
            Self::Network => run.network_name().to_owned(),
            Self::Epoch => format!("{:.2} / {}", run.epoch, run.config.epochs),
            Self::Seed => run.config.seed.to_string(),
            Self::Time => written(format::duration),
            Self::Accuracy => written(format::percent),
            Self::BestEpoch => written(|epoch| format!("{epoch:.0}")),
            Self::Errors => written(|errors| format::count(errors as u64)),
            Self::Loss | Self::Rate => written(theme::figures),
            _ => String::new(),
        }
    }

    /// The figure less the baseline's, with its sign; empty where one of them is not known.
    pub(super) fn change(self, session: &Session, run: &RunRecord, baseline: &RunRecord) -> String {
        let figures =
            self.compares().and_then(|figure| Some(figure.number(session, run)? - figure.number(session, baseline)?));
        let Some(change) = figures.filter(|change| change.is_finite() && run.id != baseline.id) else {
            return String::new();
        };
        match self {
            Self::AccuracyChange => format!("{:+.2}", change * 100.0),
            Self::ErrorsChange => format!("{change:+.0}"),
            _ => format!("{}{}", if change < 0.0 { "" } else { "+" }, theme::figures(change)),
        }
    }

    /// Rows without a figure come last, whichever way the others are sorted.
    pub(super) fn order(self, session: &Session, a: &RunRecord, b: &RunRecord, descending: bool) -> Ordering {
        let turned = |order: Ordering| if descending { order.reverse() } else { order };
        match self {
            Self::Name => turned(natural(&a.name, &b.name)),
            Self::State => turned(a.state().cmp(b.state())),
            Self::Network => turned(natural(a.network_name(), b.network_name())),
            _ => match (self.number(session, a), self.number(session, b)) {
                (Some(a), Some(b)) => turned(a.total_cmp(&b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        }
    }
}

/// Of training and evaluation; while a run goes on, as far as its curves tell.
pub(super) fn seconds(session: &Session, run: &RunRecord) -> Option<f64> {
    let by_curve = || session.store.curve(run.id, "train/loss")?.x(XAxis::Seconds).last().copied();
    run.seconds.or_else(|| by_curve().filter(|_| run.has_clock()))
}

fn loss(session: &Session, run: RunId) -> Option<f64> {
    let last = |series| session.store.curve(run, series)?.last();
    last("validation/loss").or_else(|| last("train/loss"))
}

/// `run-2` before `run-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let split = |text: &str| {
        let digits = text.chars().rev().take_while(char::is_ascii_digit).count();
        let (stem, number) = text.split_at(text.len() - digits);
        (stem.to_lowercase(), number.parse::<u64>().unwrap_or(0))
    };
    split(a).cmp(&split(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["run-10", "run-2", "Run-1", "a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "Run-1", "run-2", "run-10"]);
    }
}
