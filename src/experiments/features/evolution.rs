//! How features come about: the strongest image of some units and its deconvolution after chosen epochs (figure 4).

use super::gallery::{FeatureLayer, Gallery, Look, cosine, mean, refused};
use super::results::{EvolutionFinding, EvolutionRow, Findings};
use super::sheet::{Tile, sheet};
use crate::data::{Purpose, shuffle, stream};
use crate::experiments::{Classifier, RunError};
use crate::lens::{Examples, Fields, Place, Reconstruction, Target, TopActivations, TopEntry, reconstruct};
use crate::nets::{Checkpoint, Rule};
use burn::tensor::Device;

/// Images that go through the network together.
const BATCH: usize = 64;

/// The network after each of the chosen epochs.
pub(super) struct Evolution {
    states: Vec<(u64, Classifier)>,
    seed: u64,
    units: usize,
    cuts: Vec<usize>,
    /// The pass under way, and its next image.
    pass: Option<TopActivations>,
    image: usize,
    /// `[states][layers][units]`: the strongest image, once the passes are done.
    strongest: Vec<Vec<Vec<Option<TopEntry>>>>,
    /// `[layers]`: units that are looked at.
    chosen: Vec<Vec<usize>>,
    /// `[states][layers][chosen]`, as far as it is: of the strongest image then, and of the one at the end.
    own: Vec<Vec<Vec<Option<Reconstruction>>>>,
    last: Vec<Vec<Vec<Option<Reconstruction>>>>,
}

impl Evolution {
    /// `states`: of the same network, in order.
    pub(super) fn new(
        gallery: &Gallery,
        states: &[(u64, Checkpoint)],
        units: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Self, RunError> {
        let classifier = |(epoch, state): &(u64, Checkpoint)| {
            Classifier::of_checkpoint(state, device).map(|classifier| (*epoch, classifier)).map_err(refused)
        };
        Ok(Self {
            states: states.iter().map(classifier).collect::<Result<_, _>>()?,
            seed,
            units,
            cuts: gallery.layers.iter().map(|layer| layer.cut).collect(),
            pass: None,
            image: 0,
            strongest: Vec::new(),
            chosen: Vec::new(),
            own: Vec::new(),
            last: Vec::new(),
        })
    }

    /// A batch of the pass that finds the strongest images.
    fn watch(&mut self, gallery: &Gallery) {
        let Some((_, classifier)) = self.states.get(self.strongest.len()) else { return };
        let network = classifier.network();
        let cuts = &self.cuts;
        let classes = classifier.class_names().len();
        let pass = self.pass.get_or_insert_with(|| TopActivations::new(network, cuts, 1, classes));
        let end = gallery.images.len().min(self.image + BATCH);
        let numbers: Vec<usize> = (self.image..end).collect();
        let images: Vec<u32> = numbers.iter().map(|&image| image as u32).collect();
        let examples = Examples { images: &images, labels: &gallery.classes[self.image..end], generation: 0 };
        pass.observe_images(network, gallery.batch(&numbers), examples);
        self.image = end;
        if end == gallery.images.len() {
            let active = |entry: &TopEntry| entry.activation > 0.0;
            let of_layer = |&cut: &usize| -> Vec<Option<TopEntry>> {
                pass.sheet(cut).iter().map(|unit| unit.top.first().copied().filter(active)).collect()
            };
            self.strongest.push(cuts.iter().map(of_layer).collect());
            (self.pass, self.image) = (None, 0);
        }
    }

    /// Of the units that are active at the end, some at random.
    fn choose(&mut self) {
        let Some(last) = self.strongest.last() else { return };
        let choose = |(layer, entries): (usize, &Vec<Option<TopEntry>>)| {
            let mut units: Vec<usize> = (0..entries.len()).filter(|&unit| entries[unit].is_some()).collect();
            shuffle(&mut units, &mut stream(self.seed, Purpose::Parts, layer, 5));
            units.truncate(self.units);
            units.sort_unstable();
            units
        };
        self.chosen = last.iter().enumerate().map(choose).collect();
    }

    /// The chosen units of one state, carried back.
    fn carry(&mut self, gallery: &Gallery) -> Result<(), RunError> {
        let state = self.own.len();
        let (own, last) = (&self.strongest[state], &self.strongest[self.strongest.len() - 1]);
        let network = self.states[state].1.network();
        let (mut of_own, mut of_last) = (Vec::new(), Vec::new());
        for (layer, units) in self.chosen.iter().enumerate() {
            let back = |entries: &[Option<TopEntry>], at_place: bool| {
                let mut found = Vec::with_capacity(units.len());
                for &unit in units {
                    let Some(entry) = entries[unit] else {
                        found.push(None);
                        continue;
                    };
                    let place =
                        if at_place { Place::At([entry.y as usize, entry.x as usize]) } else { Place::Strongest };
                    let target = Target { image: 0, unit, place };
                    let image = gallery.batch(&[entry.image as usize]);
                    let cut = self.cuts[layer].into();
                    let back = reconstruct(network, &image, cut, &[target], Rule::Deconvolution).map_err(refused)?;
                    found.push(back.into_iter().next().filter(|found| found.activation > 0.0));
                }
                Ok::<_, RunError>(found)
            };
            of_own.push(back(&own[layer], true)?);
            of_last.push(back(&last[layer], false)?);
        }
        self.own.push(of_own);
        self.last.push(of_last);
        Ok(())
    }

    fn row(&self, index: usize, layer: &FeatureLayer) -> EvolutionRow {
        let units = &self.chosen[index];
        let successive = || self.last.windows(2).map(|pair| (&pair[0][index], &pair[1][index]));
        let cosine_of = |(before, after): (&Option<Reconstruction>, &Option<Reconstruction>)| {
            cosine(&before.as_ref()?.values, &after.as_ref()?.values)
        };
        let cosines = successive().map(|(before, after)| mean(before.iter().zip(after).filter_map(cosine_of)));
        let image = |state: &Vec<Vec<Option<TopEntry>>>, unit: usize| state[index][unit].map(|entry| entry.image);
        let kept = self.strongest.windows(2).map(|pair| {
            let stay = units.iter().filter(|&&unit| image(&pair[0], unit) == image(&pair[1], unit)).count();
            stay as f64 / units.len().max(1) as f64
        });
        EvolutionRow {
            layer: layer.name.clone(),
            units: units.clone(),
            cosines: cosines.collect(),
            kept: kept.collect(),
        }
    }

    /// A row a unit, a column an epoch: the patch of the strongest image then, and its deconvolution.
    fn picture(&self, index: usize, layer: &FeatureLayer, gallery: &Gallery) -> Option<Vec<u8>> {
        let shape = gallery.shape();
        let fields = Fields::of_cuts(gallery.network().architecture()).ok()?;
        let cell = |state: usize, at: usize| {
            let unit = self.chosen[index][at];
            let (entry, back) = (self.strongest[state][index][unit], self.own[state][index][at].as_ref());
            let Some((entry, back)) = entry.zip(back) else { return vec![Tile::empty(), Tile::empty()] };
            let patch = fields[layer.cut].patch(entry.y as usize, entry.x as usize, shape);
            let Some(inside) = patch.inside else { return vec![Tile::empty(), Tile::empty()] };
            let image = Tile::picture(&gallery.images[entry.image as usize], shape);
            vec![image.cut_out(inside), Tile::signed(&back.values, shape).cut_out(inside)]
        };
        let row = |at: usize| (0..self.states.len()).map(|state| cell(state, at)).collect();
        let rows: Vec<Vec<Vec<Tile>>> = (0..self.chosen[index].len()).map(row).collect();
        sheet(&rows)
    }
}

impl Look for Evolution {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if self.strongest.len() < self.states.len() {
            self.watch(gallery);
            if self.strongest.len() == self.states.len() {
                self.choose();
            }
        } else if self.own.len() < self.states.len() {
            self.carry(gallery)?;
        }
        Ok(self.own.len() < self.states.len())
    }

    fn share(&self) -> f64 {
        (self.strongest.len() + self.own.len()) as f64 / (2 * self.states.len()).max(1) as f64
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let layers = || gallery.layers.iter().enumerate();
        findings.evolution = Some(EvolutionFinding {
            epochs: self.states.iter().map(|(epoch, _)| *epoch).collect(),
            layers: layers().map(|(index, layer)| self.row(index, layer)).collect(),
        });
        let picture = |(index, layer): (usize, &FeatureLayer)| {
            Some((format!("evolution-{}", layer.name), self.picture(index, layer, gallery)?))
        };
        layers().filter_map(picture).collect()
    }
}
