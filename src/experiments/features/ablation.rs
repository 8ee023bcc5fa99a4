//! Networks with layers less or of another size, and the trained network without some of its units (section 5.1, table 3).

use super::config::Variant;
use super::gallery::{FeatureLayer, Gallery, Look, refused};
use super::results::{AblationFinding, Findings, SilencedRow};
use crate::data::{Purpose, shuffle, stream};
use crate::experiments::{ConfigError, RunError};
use crate::lens::{CachedActivations, Change, Surgery};
use crate::nets::layers::{Conv2d, Linear};
use crate::nets::{Architecture, LayerKind};

/// The architecture of a variant.
///
/// # Errors
/// When it names a layer that is not there or has no size, or the rest does not fit together.
pub(super) fn varied(whole: &Architecture, variant: &Variant) -> Result<Architecture, RunError> {
    let Variant { name, remove, resize } = variant;
    let within = |reason: String| ConfigError::Check(format!("ablation, `{name}`: {reason}"));
    let mut architecture = Architecture { name: format!("{} {name}", whole.name), ..whole.clone() };
    let position = |architecture: &Architecture, layer: &str| {
        let at = architecture.layers.iter().position(|other| other.name == layer);
        at.ok_or_else(|| {
            let layers: Vec<&str> = whole.layers.iter().map(|other| other.name.as_str()).collect();
            within(format!("`{}` has no layer `{layer}`; its layers are {}", whole.name, layers.join(", ")))
        })
    };
    for (layer, &size) in resize {
        let at = position(&architecture, layer)?;
        match &mut architecture.layers[at].kind {
            LayerKind::Conv2d(Conv2d { channels, .. }) => *channels = size,
            LayerKind::Linear(Linear { units, .. }) => *units = size,
            other => {
                let kind = other.name();
                return Err(within(format!("`{layer}` is a {kind} layer and has no size of its own")).into());
            }
        }
    }
    for layer in remove {
        let at = position(&architecture, layer)?;
        architecture.remove(at);
    }
    let (outputs, classes) = (architecture.classes()?, whole.classes()?);
    if outputs != classes {
        return Err(within(format!("it would end in {outputs} outputs, and there are {classes} classes")).into());
    }
    Ok(architecture)
}

/// Images that go through the network together.
const BATCH: usize = 64;

/// The trained network, nothing retrained.
pub(super) struct Silencing {
    seed: u64,
    rows: Vec<SilencedRow>,
    errors: usize,
    images: usize,
    /// The first image of the batch, and the layer, that come next.
    first: usize,
    layer: usize,
}

impl Silencing {
    pub(super) fn new(gallery: &Gallery, seed: u64) -> Self {
        let row = |layer: &FeatureLayer| {
            let is_same = gallery.network().cuts()[layer.input] == layer.shape;
            SilencedRow { layer: layer.name.clone(), left_out: is_same.then_some(0), half: 0, all: 0 }
        };
        Self {
            seed,
            rows: gallery.layers.iter().map(row).collect(),
            errors: 0,
            images: gallery.images.len(),
            first: 0,
            layer: 0,
        }
    }

    fn try_without(&mut self, gallery: &Gallery, layer: &FeatureLayer) -> Result<(), RunError> {
        let numbers: Vec<usize> = (self.first..gallery.images.len().min(self.first + BATCH)).collect();
        let labels: Vec<usize> = numbers.iter().map(|&image| gallery.classes[image]).collect();
        let (network, images) = (gallery.network(), gallery.batch(&numbers));
        let mut below = CachedActivations::new(network, layer.input).map_err(refused)?;
        below.add(network, images.clone(), &labels).map_err(refused)?;
        let mut above = CachedActivations::new(network, layer.cut).map_err(refused)?;
        above.add(network, images, &labels).map_err(refused)?;
        let errors = |cache: &CachedActivations, surgery: &Surgery| {
            cache.outcome(network, surgery).map(|outcome| outcome.errors).map_err(refused)
        };
        let mut units: Vec<usize> = (0..layer.shape.channels).collect();
        shuffle(&mut units, &mut stream(self.seed, Purpose::Parts, self.layer, 4));
        let silent = |units: &[usize]| Surgery {
            changes: units.iter().map(|&unit| (unit, Change::Silence)).collect(),
            resume: None,
        };
        let row = &mut self.rows[self.layer];
        row.half += errors(&above, &silent(&units[..units.len() / 2]))?;
        row.all += errors(&above, &silent(&units))?;
        if let Some(left_out) = &mut row.left_out {
            *left_out += errors(&below, &Surgery { resume: Some(layer.cut), ..Surgery::default() })?;
        }
        if self.layer == 0 {
            self.errors += errors(&above, &Surgery::default())?;
        }
        Ok(())
    }
}

impl Look for Silencing {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if let Some(layer) = gallery.layers.get(self.layer) {
            self.try_without(gallery, layer)?;
            self.layer += 1;
        }
        if self.layer >= gallery.layers.len() {
            (self.layer, self.first) = (0, (self.first + BATCH).min(gallery.images.len()));
        }
        Ok(self.first < gallery.images.len())
    }

    fn share(&self) -> f64 {
        self.first as f64 / self.images.max(1) as f64
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        findings.ablation = Some(AblationFinding {
            // The experiment knows them.
            networks: Vec::new(),
            images: gallery.images.len(),
            errors: self.errors,
            silenced: std::mem::take(&mut self.rows),
        });
        Vec::new()
    }
}
