//! A teacher's logits: of whole data sets, computed once, or of a batch as it comes.

use super::config::Mean;
use crate::data::{Batch, BatchPlan, Split};
use crate::experiments::Training;
use crate::nets::log_softmax_at;
use std::sync::Arc;

/// Images of one piece of work: about that of one training step.
const PIECE: usize = 256;

/// Logits of every teacher for the images of one data set, filled in as they are needed.
pub(super) struct LogitCache {
    classes: usize,
    mean: Mean,
    /// One a teacher, `[images of the data set, classes]`.
    members: Vec<Vec<f32>>,
    known: Vec<bool>,
    /// Positions in the data set that are still to be computed.
    wanted: Vec<u32>,
}

impl LogitCache {
    /// `images` in the data set, none known yet.
    pub(super) fn new(images: usize, classes: usize, teachers: usize, mean: Mean) -> Self {
        let members = vec![vec![0.0; images * classes]; teachers];
        Self { classes, mean, members, known: vec![false; images], wanted: Vec::new() }
    }

    /// The logits of these images are going to be needed.
    pub(super) fn want(&mut self, split: &Split) {
        self.wanted = split.indices.iter().copied().filter(|&index| !self.known[index as usize]).collect();
    }

    /// From 0 to 1 of what is wanted.
    pub(super) fn is_complete(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Computes a piece of what is wanted.
    pub(super) fn advance(&mut self, teachers: &[&Training], images: &Split) {
        let rest = self.wanted.len().saturating_sub(PIECE);
        let piece = self.wanted.split_off(rest);
        let Ok(split) = Split::new(Arc::clone(&images.dataset), piece.clone()) else { return };
        for (teacher, rows) in teachers.iter().zip(&mut self.members) {
            let plan = BatchPlan { split: split.clone(), batch_size: PIECE, ..teacher.plain_plan(&split) };
            for batch in plan.sequential() {
                let logits = teacher.logits(&batch);
                for (&index, row) in batch.indices.iter().zip(logits.chunks_exact(self.classes)) {
                    let start = index as usize * self.classes;
                    rows[start..start + self.classes].copy_from_slice(row);
                }
            }
        }
        for index in piece {
            self.known[index as usize] = true;
        }
    }

    /// Of a batch, `[batch, classes]`; all its images are known.
    pub(super) fn logits(&self, batch: &Batch, temperature: f64) -> Vec<f32> {
        let row = |member: &[f32], index: u32| {
            let start = index as usize * self.classes;
            member[start..start + self.classes].to_vec()
        };
        let rows = |index: u32| {
            let members: Vec<Vec<f32>> = self.members.iter().map(|member| row(member, index)).collect();
            combine(&members, self.mean, temperature)
        };
        batch.indices.iter().flat_map(|&index| rows(index)).collect()
    }
}

/// Of a batch as it is, `[batch, classes]`: where images are changed on the way, or the teachers still learn.
pub(super) fn live_logits(teachers: &[&Training], mean: Mean, batch: &Batch, temperature: f64) -> Vec<f32> {
    let all: Vec<Vec<f32>> = teachers.iter().map(|teacher| teacher.logits(batch)).collect();
    combine_all(&all, batch.len(), mean, temperature)
}

/// [`combine`], row by row of `[examples, classes]`.
pub(super) fn combine_all(members: &[Vec<f32>], examples: usize, mean: Mean, temperature: f64) -> Vec<f32> {
    let classes = members.first().map_or(0, |rows| rows.len() / examples.max(1));
    let rows = |example: usize| -> Vec<Vec<f32>> {
        members.iter().map(|rows| rows[example * classes..(example + 1) * classes].to_vec()).collect()
    };
    (0..examples).flat_map(|example| combine(&rows(example), mean, temperature)).collect()
}

/// Logits whose softmax at `temperature` is the mean of the members' (section 2 of Hinton, Vinyals and Dean 2015).
fn combine(members: &[Vec<f32>], mean: Mean, temperature: f64) -> Vec<f32> {
    if let [one] = members {
        return one.clone();
    }
    let count = members.len() as f64;
    let classes = members.first().map_or(0, Vec::len);
    match mean {
        // softmax(mean z / T) is the normalised geometric mean at every T.
        Mean::Geometric => (0..classes)
            .map(|class| (members.iter().map(|row| f64::from(row[class])).sum::<f64>() / count) as f32)
            .collect(),
        Mean::Arithmetic => {
            let logs: Vec<Vec<f64>> = members.iter().map(|row| log_softmax_at(row, temperature)).collect();
            let mean_log = |class: usize| {
                let highest = logs.iter().map(|row| row[class]).fold(f64::NEG_INFINITY, f64::max);
                highest + (logs.iter().map(|row| (row[class] - highest).exp()).sum::<f64>() / count).ln()
            };
            (0..classes).map(|class| (temperature * mean_log(class)) as f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::softmax_at;

    #[test]
    fn an_ensemble_predicts_the_mean_of_its_members_at_any_temperature() {
        let members = vec![vec![2.0, -1.0, 0.5], vec![-3.0, 4.0, 1.0], vec![0.0, 0.0, 0.1]];
        for temperature in [0.5, 1.0, 20.0] {
            let each: Vec<Vec<f64>> = members.iter().map(|row| softmax_at(row, temperature)).collect();
            let arithmetic: Vec<f64> =
                (0..3).map(|class| each.iter().map(|row| row[class]).sum::<f64>() / 3.0).collect();
            let product: Vec<f64> =
                (0..3).map(|class| each.iter().map(|row| row[class]).product::<f64>().cbrt()).collect();
            let sum: f64 = product.iter().sum();
            let geometric: Vec<f64> = product.iter().map(|value| value / sum).collect();
            for (mean, expected) in [(Mean::Arithmetic, arithmetic), (Mean::Geometric, geometric)] {
                let found = softmax_at(&combine(&members, mean, temperature), temperature);
                let far = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(far < 1e-6, "{mean:?} at {temperature}: {found:?} for {expected:?}");
            }
        }
    }
}
