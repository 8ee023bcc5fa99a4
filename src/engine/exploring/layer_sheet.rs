//! The sheets of all units of a layer, cut to what each unit sees and ready to be drawn: a contact sheet (Zeiler and Fergus
//! 2013, figure 2).

use super::sheets::Watching;
use super::{Carried, ImageSet, Job, Reply, Sheets, SheetsQuestion, Step};
use crate::data::ImageShape;
use crate::experiments::Classifier;
use crate::lens::{Fields, Place, Region, Target, TopEntry, reconstruct};
use crate::nets::{Cut, Rule, Shape};
use burn::tensor::Device;
use std::sync::Arc;

/// Values of images that are carried back in one step.
const VALUES_A_STEP: usize = 72 * 3 * 32 * 32;

#[derive(Clone, Debug)]
pub struct LayerSheetQuestion {
    pub sheets: Arc<Sheets>,
    /// Not inside a block.
    pub cut: Cut,
    /// How the images are carried back; none for the images themselves.
    pub rule: Option<Rule>,
}

/// How far it is, and the sheet once it is done.
#[derive(Clone, Debug)]
pub struct LayerSheetSeen {
    /// Units that are done, and all of them.
    pub done: usize,
    pub total: usize,
    pub sheet: Option<Arc<LayerSheet>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LayerSheet {
    pub network: String,
    pub layer: String,
    pub rule: Option<Rule>,
    /// Of a network that learns.
    pub step: Option<u64>,
    /// So many were looked through.
    pub images: usize,
    /// The strongest images of each unit, the strongest first; none of a unit that is active on none.
    pub units: Vec<Vec<SheetTile>>,
}

/// What a unit sees of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetTile {
    pub entry: TopEntry,
    pub shape: Shape,
    /// Bytes of `shape`, `[channels, height, width]`; carried back, zero is the grey 128.
    pub pixels: Vec<u8>,
}

/// The sheet of a layer for the strongest of a set of images: what [`Question::LayerSheet`](super::Question::LayerSheet)
/// answers, without an explorer.
///
/// # Errors
/// When the images cannot be opened, or the cut is none of the network's or lies inside a block; in words.
pub fn layer_sheet(
    classifier: &Classifier,
    images: ImageSet,
    cut: Cut,
    rule: Option<Rule>,
) -> Result<LayerSheet, String> {
    let mut watching = Watching::new(SheetsQuestion { images, state: None, known: None });
    let sheets = finish(&mut watching, classifier, |reply| match reply {
        Reply::Sheets(sheets) if sheets.is_whole() => Some(sheets),
        _ => None,
    })?;
    let mut making = MakingLayerSheet::new(LayerSheetQuestion { sheets, cut, rule });
    let sheet = finish(&mut making, classifier, |reply| match reply {
        Reply::LayerSheet(seen) => seen.sheet.clone(),
        _ => None,
    })?;
    Ok(Arc::unwrap_or_clone(sheet))
}

/// Does all of a job, and returns the first reply that is wanted.
fn finish<T>(job: &mut dyn Job, classifier: &Classifier, wanted: impl Fn(Reply) -> Option<T>) -> Result<T, String> {
    loop {
        let Step { reply, more } = job.advance(classifier);
        match reply {
            Some(Reply::Failed(reason)) => return Err(reason),
            Some(reply) => {
                if let Some(found) = wanted(reply) {
                    return Ok(found);
                }
            }
            None => {}
        }
        if !more {
            return Err("there is nothing to show".to_owned());
        }
    }
}

pub(super) struct MakingLayerSheet {
    question: LayerSheetQuestion,
    /// Of the state that the sheets are of.
    own: Option<Classifier>,
    units: Vec<Vec<SheetTile>>,
}

impl MakingLayerSheet {
    pub(super) fn new(question: LayerSheetQuestion) -> Self {
        Self { question, own: None, units: Vec::new() }
    }

    /// A few units more. Returns how many there are in all.
    fn go_on(&mut self, classifier: &Classifier) -> Result<usize, String> {
        if let (Some(state), None) = (&self.question.sheets.state, &self.own) {
            let opened = Classifier::of_checkpoint(&state.network, &Device::flex());
            self.own = Some(opened.map_err(|error| error.to_string())?);
        }
        let LayerSheetQuestion { sheets, cut, rule } = &self.question;
        let classifier = self.own.as_ref().unwrap_or(classifier);
        let architecture = classifier.network().architecture();
        let name = architecture.cut_name(*cut);
        if cut.inner > 0 {
            return Err(format!("{name} lies inside a block, and the sheets are of whole blocks: choose the block"));
        }
        let watched = sheets.top.sheet(cut.layers);
        if watched.is_empty() {
            return Err(format!("there are no sheets of {name}: it only passes on what lies below"));
        }
        let is_rectified = architecture.kind_below(*cut).is_some_and(|kind| kind.name().starts_with("relu"));
        let [vertical, horizontal] = architecture.receptive_fields(*cut);
        let (fields, input) = (Fields { vertical, horizontal }, classifier.input());
        let sheet_values = input.pixels() * watched.first().map_or(1, |sheet| sheet.top.len().max(1));
        let at_once = (VALUES_A_STEP / sheet_values.max(1)).clamp(1, 64);
        let next = self.units.len()..watched.len().min(self.units.len() + at_once);
        let entries: Vec<(usize, TopEntry)> = next
            .clone()
            .flat_map(|unit| watched[unit].top.iter().map(move |entry| (unit, *entry)))
            .filter(|(_, entry)| entry.activation > 0.0 || !is_rectified)
            .collect();
        let pictures = match rule {
            Some(rule) => carried_back(classifier, sheets, *cut, *rule, &entries)?,
            None => entries.iter().map(|(_, entry)| Arc::from(sheets.images.image(entry.image))).collect(),
        };
        self.units.resize_with(next.end, Vec::new);
        for ((unit, entry), picture) in entries.into_iter().zip(pictures) {
            if let Some(tile) = cropped(&picture, entry, fields, input) {
                self.units[unit].push(tile);
            }
        }
        Ok(watched.len())
    }

    fn sheet(&self, classifier: &Classifier) -> LayerSheet {
        let LayerSheetQuestion { sheets, cut, rule } = &self.question;
        let architecture = self.own.as_ref().unwrap_or(classifier).network().architecture();
        LayerSheet {
            network: architecture.name.clone(),
            layer: architecture.cut_name(*cut),
            rule: *rule,
            step: sheets.state.as_ref().map(|state| state.step),
            images: sheets.done,
            units: self.units.clone(),
        }
    }
}

impl Job for MakingLayerSheet {
    fn advance(&mut self, classifier: &Classifier) -> Step {
        match self.go_on(classifier) {
            Ok(total) => {
                let (done, more) = (self.units.len(), self.units.len() < total);
                let sheet = (!more).then(|| Arc::new(self.sheet(classifier)));
                let reply = Reply::LayerSheet(Arc::new(LayerSheetSeen { done, total, sheet }));
                Step { reply: Some(reply), more }
            }
            Err(reason) => Step::failed(&reason),
        }
    }
}

/// Each entry as a picture of the whole image.
fn carried_back(
    classifier: &Classifier,
    sheets: &Sheets,
    cut: Cut,
    rule: Rule,
    entries: &[(usize, TopEntry)],
) -> Result<Vec<Arc<[u8]>>, String> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers: Vec<u32> = entries.iter().map(|(_, entry)| entry.image).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let seen: Vec<&[u8]> = numbers.iter().map(|&number| sheets.images.image(number)).collect();
    let target = |(unit, entry): &(usize, TopEntry)| Target {
        image: numbers.partition_point(|&number| number < entry.image),
        unit: *unit,
        place: Place::At([entry.y as usize, entry.x as usize]),
    };
    let targets: Vec<Target> = entries.iter().map(target).collect();
    let found = reconstruct(classifier.network(), &classifier.images(&seen), cut, &targets, rule);
    Ok(found.map_err(|error| error.to_string())?.iter().map(|found| Carried::new(found).picture).collect())
}

/// What the unit sees; none where all of it is padding.
fn cropped(picture: &[u8], entry: TopEntry, fields: Fields, input: ImageShape) -> Option<SheetTile> {
    let image = Shape::new(input.channels, input.height, input.width);
    let Region { top, left, height, width } = fields.patch(entry.y as usize, entry.x as usize, image).inside?;
    let planes = picture.chunks_exact(input.plane());
    let rows = planes.flat_map(|plane| plane.chunks_exact(input.width).skip(top).take(height));
    let pixels = rows.flat_map(|row| &row[left..left + width]).copied().collect();
    Some(SheetTile { entry, shape: Shape::new(input.channels, height, width), pixels })
}
