//! Whether a unit's map depends on the pixels that its deconvolution shows, more than on others.

use super::gallery::{FeatureLayer, Gallery, Look, mean, refused};
use super::results::{EnergyRow, Findings};
use crate::experiments::RunError;
use crate::lens::{HiddenEnergySettings, Place, Target, hidden_energy, reconstruct};
use crate::nets::Rule;

/// Of the pixels.
const HIDDEN: f64 = 0.1;
/// How often random pixels are hidden.
const DRAWS: usize = 3;

pub(super) struct HiddenEnergy {
    samples: usize,
    units: usize,
    seed: u64,
    /// Of each layer with maps, unit by unit: relative falls by the salient and by random pixels.
    found: Vec<Vec<(f64, f64)>>,
    image: usize,
}

impl HiddenEnergy {
    pub(super) fn new(gallery: &Gallery, samples: usize, units: usize, seed: u64) -> Self {
        let found = vec![Vec::new(); maps(gallery).count()];
        Self { samples: samples.min(gallery.images.len()), units, seed, found, image: 0 }
    }

    fn look(&self, gallery: &Gallery, layer: &FeatureLayer) -> Result<Vec<(f64, f64)>, RunError> {
        let (network, values) = (gallery.network(), gallery.values(self.image));
        let units = strongest(&gallery.activations(self.image, layer.cut), layer, self.units);
        let target = |&unit: &usize| Target { image: 0, unit, place: Place::WholeMap };
        let targets: Vec<Target> = units.iter().map(target).collect();
        let images = gallery.batch(&[self.image]);
        let shown = reconstruct(network, &images, layer.cut.into(), &targets, Rule::Deconvolution).map_err(refused)?;
        let fall = |deconvolution: crate::lens::Reconstruction| {
            let settings = HiddenEnergySettings {
                cut: layer.cut,
                unit: deconvolution.unit,
                share: HIDDEN,
                fill: gallery.fill.clone(),
                draws: DRAWS,
                seed: self.seed.wrapping_add(self.image as u64),
            };
            let found = hidden_energy(network, &values, &deconvolution.values, &settings).map_err(refused)?;
            let whole = found.whole.total;
            Ok(((whole - found.salient.total) / whole, (whole - found.random.total) / whole))
        };
        shown.into_iter().map(fall).collect()
    }
}

impl Look for HiddenEnergy {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if self.image < self.samples {
            for (index, layer) in maps(gallery).enumerate() {
                let falls = self.look(gallery, layer)?;
                self.found[index].extend(falls);
            }
            self.image += 1;
        }
        Ok(self.image < self.samples)
    }

    fn share(&self) -> f64 {
        self.image as f64 / self.samples.max(1) as f64
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let row = |(layer, falls): (&FeatureLayer, &Vec<(f64, f64)>)| {
            Some(EnergyRow {
                layer: layer.name.clone(),
                maps: falls.len(),
                salient: mean(falls.iter().map(|(salient, _)| *salient))?,
                random: mean(falls.iter().map(|(_, random)| *random))?,
            })
        };
        findings.hidden_energy = Some(maps(gallery).zip(&self.found).filter_map(row).collect());
        Vec::new()
    }
}

fn maps(gallery: &Gallery) -> impl Iterator<Item = &FeatureLayer> {
    gallery.layers.iter().filter(|layer| layer.has_places())
}

/// Units with the largest sums of their maps, those without any left out.
fn strongest(activations: &[f32], layer: &FeatureLayer, count: usize) -> Vec<usize> {
    let maps = activations.chunks_exact(layer.shape.height * layer.shape.width);
    let totals: Vec<f32> = maps.map(|map| map.iter().sum()).collect();
    let mut units: Vec<usize> = (0..totals.len()).filter(|&unit| totals[unit] > 0.0).collect();
    units.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]));
    units.truncate(count);
    units
}
