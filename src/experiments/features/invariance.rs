//! How far the features of each layer move when images are shifted, scaled and turned (figure 5).

use super::gallery::{Gallery, Look, refused, top_features};
use super::results::{Findings, InvarianceCurve, InvarianceFinding};
use crate::experiments::RunError;
use crate::lens::{InvarianceSettings, Transformation, invariance};

/// Pixels of the shift at which layers are compared.
const PIXELS: f32 = 2.0;

pub(super) struct Moving {
    samples: usize,
    /// Names and cuts, from below.
    layers: Vec<(String, usize)>,
    /// Sums over the images, until the end.
    curves: Vec<InvarianceCurve>,
    image: usize,
}

impl Moving {
    pub(super) fn new(gallery: &Gallery, samples: usize) -> Self {
        let mut layers: Vec<(String, usize)> =
            gallery.layers.iter().map(|layer| (layer.name.clone(), layer.cut)).collect();
        if let Some((_, cut)) = layers.last_mut() {
            *cut = top_features(gallery.network());
        }
        let curve = |(transformation, amounts): (Transformation, Vec<f32>)| InvarianceCurve {
            transformation,
            truth: vec![0.0; amounts.len()],
            changes: vec![vec![0.0; amounts.len()]; layers.len()],
            amounts,
        };
        let curves = transformations().into_iter().map(curve).collect();
        Self { samples: samples.min(gallery.images.len()), layers, curves, image: 0 }
    }
}

/// Those of figure 5; shifts as far as small images allow.
fn transformations() -> [(Transformation, Vec<f32>); 3] {
    [
        (Transformation::Translation, (-6..=6).map(|pixels| pixels as f32).collect()),
        (Transformation::Scale, vec![0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8]),
        (Transformation::Rotation, (0..12).map(|turn| (30 * turn) as f32).collect()),
    ]
}

impl Look for Moving {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if self.image == self.samples {
            return Ok(false);
        }
        for curve in &mut self.curves {
            let settings = InvarianceSettings {
                transformation: curve.transformation,
                amounts: curve.amounts.clone(),
                cuts: self.layers.iter().map(|(_, cut)| *cut).collect(),
                fill: gallery.fill.clone(),
                truth: gallery.classes[self.image],
            };
            let found = invariance(gallery.network(), gallery.values(self.image), settings).map_err(refused)?;
            add(&mut curve.truth, found.truth.iter().copied().map(f64::from));
            for (sums, layer) in curve.changes.iter_mut().zip(&found.layers) {
                add(sums, layer.relative());
            }
        }
        self.image += 1;
        Ok(self.image < self.samples)
    }

    fn share(&self) -> f64 {
        self.image as f64 / self.samples.max(1) as f64
    }

    fn finish(&mut self, _: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let mut curves = std::mem::take(&mut self.curves);
        let count = self.image.max(1) as f64;
        for curve in &mut curves {
            let sums = std::iter::once(&mut curve.truth).chain(&mut curve.changes);
            sums.flatten().for_each(|sum| *sum /= count);
        }
        let at_two_pixels = (0..self.layers.len()).map(|layer| at(&curves, layer)).collect();
        findings.invariance = Some(InvarianceFinding {
            images: self.image,
            layers: self.layers.iter().map(|(name, _)| name.clone()).collect(),
            curves,
            at_two_pixels,
        });
        Vec::new()
    }
}

/// Mean change of a layer at a shift by [`PIXELS`] up and down.
fn at(curves: &[InvarianceCurve], layer: usize) -> f64 {
    let shift = curves.iter().find(|curve| curve.transformation == Transformation::Translation);
    let pairs = shift.into_iter().flat_map(|curve| curve.amounts.iter().zip(&curve.changes[layer]));
    super::gallery::mean(pairs.filter(|(amount, _)| amount.abs() == PIXELS).map(|(_, change)| *change)).unwrap_or(0.0)
}

fn add(sums: &mut [f64], values: impl IntoIterator<Item = f64>) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
