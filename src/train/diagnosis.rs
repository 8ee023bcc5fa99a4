//! Signs of trouble in the history of a run: hints, each with its evidence, never a guess.
//!
//! A look is what the layers showed in one step, with the mean training loss since the look before. A sign must be there
//! in every look of a whole window before it becomes a hint, and in none of a whole window before the hint goes away.

use super::health::LayerHealth;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Looks in a window: at the usual 25 steps between two looks, 200 steps.
pub const WINDOW: usize = 8;

/// Gradient norm of the lowest layer over that of the topmost. A saturated sigmoid layer passes on about a quarter of a
/// gradient, or less (Glorot, Bengio 2010, section 4.2); five in a row leave a thousandth. Healthy networks of any
/// preset stay above a hundredth.
pub const VANISHING_RATIO: f64 = 1e-3;

/// Norm of the whole gradient over its median in the window before. Noise of batches is a factor of 2 or 3; clipping
/// is usually set at up to ten times the average norm (Pascanu et al. 2013, section 3.2). An order more is no noise.
pub const EXPLODING_FACTOR: f64 = 100.0;
/// ... while the loss rose by this factor too: a gradient that grows while the loss falls does no harm.
pub const EXPLODING_LOSS_FACTOR: f64 = 2.0;

/// Units without any output for a whole batch, as a share. Half is usual for a sparse ReLU layer (Glorot et al. 2011);
/// nine in ten for a whole window leave a layer a tenth of its width.
pub const DEAD_SHARE: f64 = 0.9;

/// Loss over the best mean of any window so far (or the first loss, if that was lower).
pub const LOSS_RISE: f64 = 1.5;
/// ... and this many standard deviations of the looks of that best window above it.
pub const LOSS_RISE_DEVIATIONS: f64 = 3.0;
/// Norm of an update over that of the weights: about 1e-3 is usual, ten times as much is high (Karpathy, the notes of `CS231n`,
/// "Ratio of weights:updates").
pub const HIGH_UPDATE_RATIO: f64 = 1e-2;

/// Epochs in a row in which the validation loss rose while the training loss fell (Prechelt 1998, criterion UP with
/// s = 3).
pub const OVERFITTING_EPOCHS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintKind {
    VanishingGradients,
    ExplodingGradients,
    DeadLayer,
    RateTooHigh,
    Overfitting,
}

impl HintKind {
    pub const ALL: [Self; 5] =
        [Self::VanishingGradients, Self::ExplodingGradients, Self::DeadLayer, Self::RateTooHigh, Self::Overfitting];

    pub fn title(self) -> &'static str {
        match self {
            Self::VanishingGradients => "Vanishing gradients",
            Self::ExplodingGradients => "Exploding gradients",
            Self::DeadLayer => "Dead units",
            Self::RateTooHigh => "Learning rate too high",
            Self::Overfitting => "Overfitting",
        }
    }

    /// When the hint is given, in numbers.
    pub fn definition(self) -> String {
        match self {
            Self::VanishingGradients => format!(
                "The gradient norm of the lowest layer stays below {VANISHING_RATIO} of the topmost layer's for {WINDOW} \
                 looks (Glorot, Bengio 2010)."
            ),
            Self::ExplodingGradients => format!(
                "The norm of the whole gradient stays above {EXPLODING_FACTOR} times, and the loss above \
                 {EXPLODING_LOSS_FACTOR} times, their medians of the window before, for {WINDOW} looks (Pascanu et al. 2013)."
            ),
            Self::DeadLayer => format!(
                "At least {:.0}% of a layer's units are zero for every image of the batch, in each of {WINDOW} looks.",
                100.0 * DEAD_SHARE
            ),
            Self::RateTooHigh => format!(
                "The training loss stays above {LOSS_RISE} times its best mean, and {LOSS_RISE_DEVIATIONS} standard \
                 deviations above it, while an update is larger than {HIGH_UPDATE_RATIO} of the weights, for {WINDOW} looks."
            ),
            Self::Overfitting => format!(
                "The validation loss rose while the training loss fell, {OVERFITTING_EPOCHS} epochs in a row (Prechelt 1998)."
            ),
        }
    }
}

/// A sign of trouble that stayed for a whole window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hint {
    pub kind: HintKind,
    /// Where there is one layer to name.
    pub layer: Option<String>,
    pub evidence: Vec<Evidence>,
    /// The first look of the window that made the hint.
    pub since_step: u64,
    /// The last look.
    pub until_step: u64,
}

/// A figure over the last window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// In words.
    pub figure: String,
    pub lowest: f64,
    pub highest: f64,
    /// What it is measured against.
    pub threshold: f64,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, lowest, highest, threshold } = self;
        let (lowest, highest, threshold) = (short(*lowest), short(*highest), short(*threshold));
        if lowest == highest {
            write!(f, "{figure} {lowest} (threshold {threshold})")
        } else {
            write!(f, "{figure} {lowest} to {highest} (threshold {threshold})")
        }
    }
}

/// Three digits.
fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-3..1e4).contains(&size) {
        let digits = if size >= 100.0 {
            0
        } else if size >= 1.0 {
            2
        } else {
            4
        };
        let text = format!("{value:.digits$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    format!("{value:.1e}")
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.title())?;
        if let Some(layer) = &self.layer {
            write!(f, " in layer `{layer}`")?;
        }
        let evidence: Vec<String> = self.evidence.iter().map(Evidence::to_string).collect();
        write!(f, ": {}; steps {} to {}", evidence.join(", "), self.since_step, self.until_step)
    }
}

/// One look at a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub step: u64,
    /// Mean training loss of the steps since the look before.
    pub loss: f64,
    pub health: Vec<LayerHealth>,
}

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
struct EpochEnd {
    step: u64,
    train_loss: f64,
    validation_loss: f64,
}

/// What is measured, its value, and its threshold.
type Figures = Vec<(String, f64, f64)>;

/// Whether a sign was there in one look, and the figures that say so, each with its threshold.
struct Sign {
    kind: HintKind,
    layer: Option<String>,
    is_there: bool,
    figures: Figures,
}

/// How long a sign has been there, or away.
#[derive(Default)]
struct Streak {
    there: usize,
    away: usize,
    recent: VecDeque<(u64, Figures)>,
}

/// A mean of losses in the making.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn take(&mut self) -> Option<f64> {
        let Self { sum, count } = std::mem::take(self);
        (count > 0).then(|| sum / count as f64)
    }
}

/// Follows one run: give it every loss, look and validation, and it keeps the hints that stand.
#[derive(Default)]
pub struct Diagnosis {
    since_look: Mean,
    since_epoch: Mean,
    /// Two windows: the last one, and the one before to compare with.
    looks: VecDeque<Look>,
    best: Option<Best>,
    epochs: Vec<EpochEnd>,
    streaks: BTreeMap<(HintKind, Option<String>), Streak>,
    hints: Vec<Hint>,
}

/// The lowest mean loss of a window so far, and its spread.
#[derive(Clone, Copy, Debug)]
struct Best {
    loss: f64,
    deviation: f64,
}

impl Diagnosis {
    /// Those that stand now.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The training loss of a step.
    pub fn loss(&mut self, loss: f64) {
        if self.best.is_none() {
            self.best = Some(Best { loss, deviation: 0.0 });
        }
        self.since_look.add(loss);
        self.since_epoch.add(loss);
    }

    /// What the layers showed at a step, after its [`loss`](Self::loss).
    pub fn look(&mut self, step: u64, health: &[LayerHealth]) {
        let Some(loss) = self.since_look.take() else { return };
        let look = Look { step, loss, health: health.to_vec() };
        for sign in self.signs(&look) {
            self.follow(step, sign);
        }
        if self.looks.len() == 2 * WINDOW {
            self.looks.pop_front();
        }
        self.looks.push_back(look);
        self.note_best();
    }

    /// The images held out were evaluated.
    pub fn validated(&mut self, step: u64, validation_loss: f64) {
        let Some(train_loss) = self.since_epoch.take() else { return };
        self.epochs.push(EpochEnd { step, train_loss, validation_loss });
        let found = overfitting(&self.epochs);
        if found.is_some() || self.is_new_best() {
            self.hints.retain(|hint| hint.kind != HintKind::Overfitting);
        }
        self.hints.extend(found);
    }

    fn is_new_best(&self) -> bool {
        let Some((last, before)) = self.epochs.split_last() else { return false };
        before.iter().all(|epoch| last.validation_loss < epoch.validation_loss)
    }

    fn signs(&self, look: &Look) -> Vec<Sign> {
        let before: Vec<&Look> = self.looks.iter().collect();
        let mut signs = dead_layers(look);
        signs.extend(vanishing(look));
        signs.extend(self.baseline(&before).and_then(|baseline| exploding(look, &baseline)));
        signs.extend(self.best.and_then(|best| rate_too_high(look, best)));
        signs
    }

    /// The window to compare with: the one before the sign began, as long as it is remembered.
    fn baseline<'a>(&self, before: &[&'a Look]) -> Option<Vec<&'a Look>> {
        let streak = self.streaks.get(&(HintKind::ExplodingGradients, None)).map_or(0, |streak| streak.there);
        let end = before.len().checked_sub(streak.min(WINDOW))?;
        let start = end.checked_sub(WINDOW)?;
        Some(before[start..end].to_vec())
    }

    fn note_best(&mut self) {
        if self.looks.len() < WINDOW {
            return;
        }
        let losses: Vec<f64> = self.looks.iter().rev().take(WINDOW).map(|look| look.loss).collect();
        let mean = losses.iter().sum::<f64>() / WINDOW as f64;
        let variance = losses.iter().map(|loss| (loss - mean) * (loss - mean)).sum::<f64>() / WINDOW as f64;
        if self.best.is_none_or(|best| mean < best.loss) {
            self.best = Some(Best { loss: mean, deviation: variance.sqrt() });
        }
    }

    fn follow(&mut self, step: u64, sign: Sign) {
        let Sign { kind, layer, is_there, figures } = sign;
        let streak = self.streaks.entry((kind, layer.clone())).or_default();
        (streak.there, streak.away) = if is_there { (streak.there + 1, 0) } else { (0, streak.away + 1) };
        if streak.recent.len() == WINDOW {
            streak.recent.pop_front();
        }
        streak.recent.push_back((step, figures));
        let known = self.hints.iter_mut().find(|hint| hint.kind == kind && hint.layer == layer);
        match known {
            Some(_) if streak.away >= WINDOW => {
                self.hints.retain(|hint| hint.kind != kind || hint.layer != layer);
            }
            Some(hint) => {
                hint.evidence = evidence(&streak.recent);
                hint.until_step = step;
            }
            None if streak.there >= WINDOW => {
                let since_step = streak.recent.front().map_or(step, |(step, _)| *step);
                self.hints.push(Hint { kind, layer, evidence: evidence(&streak.recent), since_step, until_step: step });
            }
            None => {}
        }
    }
}

/// The range of each figure over the window.
fn evidence(recent: &VecDeque<(u64, Figures)>) -> Vec<Evidence> {
    let Some((_, last)) = recent.back() else { return Vec::new() };
    let range = |(place, (figure, value, threshold)): (usize, &(String, f64, f64))| {
        let values = recent.iter().filter_map(|(_, figures)| figures.get(place)).map(|(_, value, _)| *value);
        let (lowest, highest) = values.fold((*value, *value), |(low, high), value| (low.min(value), high.max(value)));
        Evidence { figure: figure.clone(), lowest, highest, threshold: *threshold }
    };
    last.iter().enumerate().map(range).collect()
}

fn dead_layers(look: &Look) -> Vec<Sign> {
    let sign = |layer: &LayerHealth| {
        let share = layer.dead_share?;
        Some(Sign {
            kind: HintKind::DeadLayer,
            layer: Some(layer.layer.clone()),
            is_there: share >= DEAD_SHARE,
            figures: vec![("share of dead units".to_owned(), share, DEAD_SHARE)],
        })
    };
    look.health.iter().filter_map(sign).collect()
}

/// Between the lowest and the topmost of at least three layers with weights.
fn vanishing(look: &Look) -> Option<Sign> {
    let mut learning = look.health.iter().filter(|layer| layer.gradient_norm.is_some());
    let (lowest, top) = (learning.next()?, learning.next_back()?);
    learning.next()?;
    let (low, high) = (lowest.gradient_norm?, top.gradient_norm?);
    if high <= 0.0 {
        return None;
    }
    let ratio = low / high;
    let figure = format!("gradient norm of `{}` over that of `{}`", lowest.layer, top.layer);
    Some(Sign {
        kind: HintKind::VanishingGradients,
        layer: Some(lowest.layer.clone()),
        is_there: ratio < VANISHING_RATIO,
        figures: vec![(figure, ratio, VANISHING_RATIO)],
    })
}

fn exploding(look: &Look, baseline: &[&Look]) -> Option<Sign> {
    let before = median(baseline.iter().map(|look| whole_gradient(look)))?;
    let loss_before = median(baseline.iter().map(|look| look.loss))?;
    if before <= 0.0 || loss_before <= 0.0 {
        return None;
    }
    let (growth, rise) = (whole_gradient(look) / before, look.loss / loss_before);
    Some(Sign {
        kind: HintKind::ExplodingGradients,
        layer: None,
        is_there: growth > EXPLODING_FACTOR && rise > EXPLODING_LOSS_FACTOR,
        figures: vec![
            ("gradient norm over that of the window before".to_owned(), growth, EXPLODING_FACTOR),
            ("loss over that of the window before".to_owned(), rise, EXPLODING_LOSS_FACTOR),
        ],
    })
}

fn rate_too_high(look: &Look, best: Best) -> Option<Sign> {
    let ratio = look.health.iter().filter_map(|layer| layer.update_ratio).reduce(f64::max)?;
    let bound = (LOSS_RISE * best.loss).max(best.loss + LOSS_RISE_DEVIATIONS * best.deviation);
    Some(Sign {
        kind: HintKind::RateTooHigh,
        layer: None,
        is_there: look.loss > bound && ratio > HIGH_UPDATE_RATIO,
        figures: vec![
            ("training loss".to_owned(), look.loss, bound),
            ("largest update ratio".to_owned(), ratio, HIGH_UPDATE_RATIO),
        ],
    })
}

fn overfitting(epochs: &[EpochEnd]) -> Option<Hint> {
    let first = epochs.len().checked_sub(OVERFITTING_EPOCHS + 1)?;
    let last = &epochs[first..];
    let rises = |pair: &[EpochEnd]| {
        pair[1].validation_loss > pair[0].validation_loss && pair[1].train_loss < pair[0].train_loss
    };
    if !last.windows(2).all(rises) {
        return None;
    }
    let (from, to) = (last[0], last[OVERFITTING_EPOCHS]);
    let figure = |name: &str, before: f64, after: f64| Evidence {
        figure: name.to_owned(),
        lowest: before.min(after),
        highest: before.max(after),
        threshold: before,
    };
    Some(Hint {
        kind: HintKind::Overfitting,
        layer: None,
        evidence: vec![
            figure("validation loss rose", from.validation_loss, to.validation_loss),
            figure("training loss fell", from.train_loss, to.train_loss),
        ],
        since_step: from.step,
        until_step: to.step,
    })
}

fn whole_gradient(look: &Look) -> f64 {
    look.health.iter().filter_map(|layer| layer.gradient_norm).map(|norm| norm * norm).sum::<f64>().sqrt()
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
