//! Whether layers relate the same part of different images: the object of scenes of one class, wherever it is, against
//! random places (table 1).

use super::config::ScenesConfig;
use super::gallery::{Gallery, Look, mean, refused, top_features};
use super::results::{CorrespondenceFinding, CorrespondenceRow, Findings};
use crate::experiments::RunError;
use crate::lens::{Correspondence, CorrespondenceSettings, LayerCorrespondence, MarkedImage};

const PERMUTATIONS: usize = 2_000;

pub(super) struct Corresponding {
    scenes: ScenesConfig,
    seed: u64,
    classes: usize,
    /// The topmost layer with places, and what the classes are told by: layers 5 and 7 of the paper.
    layers: Vec<(String, usize)>,
    class: usize,
    under_way: Option<Correspondence>,
    /// One a class with enough scenes.
    found: Vec<Vec<LayerCorrespondence>>,
}

impl Corresponding {
    pub(super) fn new(gallery: &Gallery, scenes: &ScenesConfig, seed: u64) -> Self {
        let map = gallery.last_map().map(|layer| (layer.name.clone(), layer.cut));
        let top = gallery.layers.last().map(|layer| (layer.name.clone(), top_features(gallery.network())));
        let mut layers: Vec<(String, usize)> = map.into_iter().chain(top).collect();
        layers.dedup_by(|a, b| a.0 == b.0);
        Self {
            scenes: scenes.clone(),
            seed,
            classes: gallery.classifier.class_names().len(),
            layers,
            class: 0,
            under_way: None,
            found: Vec::new(),
        }
    }

    /// None where the class has too few scenes.
    fn begin(&self, gallery: &Gallery) -> Result<Option<Correspondence>, RunError> {
        let of_class = (0..gallery.images.len()).filter(|&scene| gallery.classes[scene] == self.class);
        let marked: Vec<MarkedImage> = of_class
            .take(self.scenes.compared)
            .map(|scene| MarkedImage { image: gallery.values(scene), part: gallery.objects[scene] })
            .collect();
        if marked.len() < self.scenes.compared {
            return Ok(None);
        }
        let settings = CorrespondenceSettings {
            cuts: self.layers.iter().map(|(_, cut)| *cut).collect(),
            fill: gallery.fill.clone(),
            random_parts: self.scenes.random_parts,
            permutations: PERMUTATIONS,
            seed: self.seed.wrapping_add(self.class as u64),
        };
        Correspondence::new(gallery.network(), marked, settings).map(Some).map_err(refused)
    }
}

impl Look for Corresponding {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if let Some(correspondence) = &mut self.under_way {
            if correspondence.advance(gallery.network()) {
                return Ok(true);
            }
            self.found.push(correspondence.layers());
            self.under_way = None;
            self.class += 1;
        } else if self.class < self.classes {
            self.under_way = self.begin(gallery)?;
            if self.under_way.is_none() {
                self.class += 1;
            }
        }
        Ok(self.class < self.classes)
    }

    fn share(&self) -> f64 {
        self.class as f64 / self.classes.max(1) as f64
    }

    fn finish(&mut self, _: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let row = |(index, (layer, _)): (usize, &(String, usize))| {
            let of_layer = || self.found.iter().map(|layers| layers[index]);
            let p_values: Vec<f64> = of_layer().map(|found| found.p_value).collect();
            Some(CorrespondenceRow {
                layer: layer.clone(),
                marked: mean(of_layer().map(|found| found.marked))?,
                random: mean(of_layer().map(|found| found.random))?,
                p_value: fisher(&p_values),
                p_values,
            })
        };
        let layers = self.layers.iter().enumerate().filter_map(row).collect();
        findings.correspondence = Some(CorrespondenceFinding { scenes: self.scenes.compared, layers });
        Vec::new()
    }
}

/// Fisher's method: -2 times the sum of the logarithms of k independent p values is chi-squared with 2 k degrees of
/// freedom, were none of them more than chance.
fn fisher(p_values: &[f64]) -> f64 {
    let half = -p_values.iter().map(|p| p.ln()).sum::<f64>();
    // Of an even number of degrees of freedom the upper tail is a finite sum.
    let mut term = 1.0;
    let mut sum = 0.0;
    for index in 0..p_values.len() {
        sum += term;
        term *= half / (index + 1) as f64;
    }
    (sum * (-half).exp()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upper tails of chi-squared by PyTorch: `1 - torch.special.gammainc(k, -sum(log(p)))`.
    #[test]
    fn p_values_are_combined_as_fisher_does() {
        assert!((fisher(&[0.01, 0.2, 0.3]) - 0.021_561_75).abs() < 1e-7);
        assert!((fisher(&[0.5, 0.5]) - 0.596_573_59).abs() < 1e-7);
        assert!((fisher(&[0.037]) - 0.037).abs() < 1e-12);
    }
}
