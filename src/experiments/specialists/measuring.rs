//! What generalist and specialists together make of the test images, a few at a time, and what is counted of it.

use super::config::SpecialistsConfig;
use super::results::{ConditionalErrors, CoveringGain, DustbinShares, SpecialistResult, SpecialistsResults};
use crate::experiments::MemberResult;
use crate::lens::{Voice, consult, covering_table, likeliest, specialist_probabilities};
use crate::train::Evaluation;
use std::sync::Arc;

/// Images of one piece of work.
const PIECE: usize = 32;

/// One specialist that has learned.
pub(super) struct Asked {
    pub(super) classes: Arc<[usize]>,
    pub(super) correction: f64,
    pub(super) test: Arc<Evaluation>,
    pub(super) member: MemberResult,
}

/// The test images on their way through generalist and specialists.
pub(super) struct Measuring {
    pub(super) config: SpecialistsConfig,
    pub(super) data: String,
    pub(super) class_names: Vec<String>,
    pub(super) generalist: MemberResult,
    pub(super) test: Arc<Evaluation>,
    pub(super) specialists: Vec<Asked>,
    pub(super) counts: Counts,
}

/// What has been counted so far.
#[derive(Default)]
pub(super) struct Counts {
    /// What each image is taken for.
    combined: Vec<usize>,
    uncorrected_errors: usize,
    asked_images: usize,
    conditional: Vec<ConditionalErrors>,
    /// Sums over images, before and after the correction.
    dustbins: Vec<(f64, f64)>,
}

impl Measuring {
    /// From 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.counts.combined.len() as f64 / self.test.examples.max(1) as f64
    }

    /// A few more images. Returns whether there were any.
    pub(super) fn advance(&mut self) -> bool {
        let first = self.counts.combined.len();
        let end = (first + PIECE).min(self.test.examples);
        (first..end).for_each(|image| self.look(image));
        first < end
    }

    fn look(&mut self, image: usize) {
        let classes = self.class_names.len();
        let logits = row(&self.test, image, classes);
        let voices = |corrected: f64| -> Vec<Voice<'_>> {
            let voice = |asked: &'_ Asked| (asked.classes.len() + 1, asked.correction * corrected);
            self.specialists
                .iter()
                .map(|asked| {
                    let (outputs, correction) = voice(asked);
                    Voice { classes: &asked.classes, logits: row(&asked.test, image, outputs), correction }
                })
                .collect()
        };
        let (as_asked, as_trained) = (voices(1.0), voices(0.0));
        let found = consult(logits, &as_asked, self.config.most_probable);
        let uncorrected = consult(logits, &as_trained, self.config.most_probable).combined;
        let label = usize::from(self.test.outcomes[image].label);
        let is_wrong = |probabilities: &[f64]| likeliest(probabilities, 0..classes) != Some(label);

        let counts = &mut self.counts;
        counts.conditional.resize(as_asked.len(), ConditionalErrors::default());
        counts.dustbins.resize(as_asked.len(), (0.0, 0.0));
        for (index, voice) in as_asked.iter().enumerate() {
            let dustbin = |correction: f64| specialist_probabilities(voice.logits, correction).pop().unwrap_or(0.0);
            let sums = &mut counts.dustbins[index];
            (sums.0, sums.1) = (sums.0 + dustbin(0.0), sums.1 + dustbin(voice.correction));
            if voice.classes.contains(&label) {
                let own: Vec<f64> = voice.logits.iter().map(|&logit| f64::from(logit)).collect();
                let says = likeliest(&own, 0..voice.classes.len()).map(|at| voice.classes[at]);
                let among = |probabilities: &[f64]| likeliest(probabilities, voice.classes.iter().copied());
                counts.conditional[index].add(&ConditionalErrors {
                    images: 1,
                    generalist: usize::from(among(&found.generalist) != Some(label)),
                    specialist: usize::from(says != Some(label)),
                    combined: usize::from(among(&found.combined) != Some(label)),
                });
            }
        }
        counts.uncorrected_errors += usize::from(is_wrong(&uncorrected));
        counts.asked_images += usize::from(!found.asked.is_empty());
        counts.combined.push(likeliest(&found.combined, 0..classes).unwrap_or(0));
    }

    /// The tables. Their bootstrap takes its time: on a thread of its own.
    pub(super) fn finish(self) -> SpecialistsResults {
        let Counts { combined, uncorrected_errors, asked_images, conditional, dustbins } = self.counts;
        let labels: Vec<usize> = self.test.outcomes.iter().map(|outcome| usize::from(outcome.label)).collect();
        let generalist: Vec<usize> = self.test.outcomes.iter().map(|outcome| usize::from(outcome.predicted)).collect();
        let sets: Vec<&[usize]> = self.specialists.iter().map(|asked| &*asked.classes).collect();
        let table = covering_table(&labels, &generalist, &combined, &sets, self.config.seed);
        let positions = |keeps: &dyn Fn(usize) -> bool| -> Vec<u32> {
            (0..labels.len()).filter(|&image| keeps(image)).map(|image| image as u32).collect()
        };
        let alone = |image: usize| generalist[image] == labels[image];
        let together = |image: usize| combined[image] == labels[image];
        let (mended, spoiled) = (
            positions(&|image| !alone(image) && together(image)),
            positions(&|image| alone(image) && !together(image)),
        );
        let mut pooled = ConditionalErrors::default();
        for errors in &conditional {
            pooled.add(errors);
        }
        let images = labels.len().max(1) as f64;
        let specialists: Vec<SpecialistResult> = self
            .specialists
            .into_iter()
            .zip(conditional.into_iter().zip(dustbins))
            .map(|(asked, (conditional, (uncorrected, corrected)))| SpecialistResult {
                classes: asked.classes.to_vec(),
                correction: asked.correction,
                dustbin: DustbinShares {
                    truth: 1.0 - conditional.images as f64 / images,
                    uncorrected: uncorrected / images,
                    corrected: corrected / images,
                },
                conditional,
                member: asked.member,
            })
            .collect();
        SpecialistsResults {
            settings: self.config,
            data: self.data,
            class_names: self.class_names,
            generalist: self.generalist,
            specialists,
            all: table.all.into(),
            covering: table
                .rows
                .into_iter()
                .map(|row| CoveringGain { covering: row.covering, gain: row.comparison.into() })
                .collect(),
            conditional: pooled,
            uncorrected_errors,
            asked_images,
            mended,
            spoiled,
        }
    }
}

fn row(evaluation: &Evaluation, image: usize, outputs: usize) -> &[f32] {
    evaluation.logits.get(image * outputs..(image + 1) * outputs).unwrap_or_default()
}
