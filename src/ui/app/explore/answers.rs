//! What the network said of single units and images, kept until it is out of date.

use super::{Asked, Exploration};
use crate::data::ImageOptions;
use crate::engine::{
    Carried, CarryBack, ExplanationQuestion, InvarianceQuestion, InvarianceSeen, LayerSheetQuestion, LayerSheetSeen,
    Maps, OcclusionQuestion, OcclusionSeen, Question, Reply, SeenImage, Sheets, SheetsQuestion, Ticket,
};
use crate::lens::{Explanation, Filters, Place};
use crate::nets::{Cut, Rule};
use std::collections::HashMap;
use std::sync::Arc;

/// Reconstructions that are kept, in bytes.
const MOST_KEPT: usize = 256 << 20;
/// So many are asked for at once.
const MOST_ASKED: usize = 256;
/// Images of a data set that are looked through for the strongest.
const MOST_IMAGES: usize = 10_000;

/// One unit for one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnitView {
    pub image: ImageOf,
    pub cut: Cut,
    pub unit: usize,
    pub place: Place,
    pub rule: Rule,
}

/// Which image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageOf {
    /// By position among the pictures.
    Picture(usize),
    /// By number in the set of the sheets.
    Sheet(u32),
}

impl ImageOf {
    fn is_of_sheet(self) -> bool {
        matches!(self, Self::Sheet(_))
    }
}

/// Where the images of the sheets come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SheetSource {
    #[default]
    Pictures,
    /// Test images of a data set, by its name or path.
    Data(String, ImageOptions),
}

/// What is out of date: how units see the pictures, or the images of the sheets, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Pictures,
    Sheets,
    Everything,
}

/// Counts changes: of the network, and where pictures matter of these too.
type Revision = (u64, u64);

#[derive(Default)]
pub(super) struct Answers {
    maps: Asked<(Revision, usize, Cut), Arc<Maps>>,
    sheets: Asked<(Revision, SheetSource), Arc<Sheets>>,
    occlusion: Asked<(Revision, OcclusionQuestion), Arc<OcclusionSeen>>,
    invariance: Asked<(Revision, InvarianceQuestion), Arc<InvarianceSeen>>,
    filters: Asked<u64, Option<Arc<Filters>>>,
    explanation: Asked<(Revision, UnitView), Arc<Explanation>>,
    layer_sheet: Asked<(usize, Cut, Option<Rule>), Arc<LayerSheetSeen>>,
    carried: HashMap<UnitView, Arc<Carried>>,
    kept: usize,
    /// Asked for in this frame and not there.
    wanted: Vec<UnitView>,
    going: Option<(Ticket, Vec<UnitView>)>,
}

impl Answers {
    /// What is out of date has no answer any more.
    pub(super) fn forget(&mut self, what: Gone) {
        let goes = |view: &UnitView| match view.image {
            ImageOf::Picture(_) => what != Gone::Sheets,
            ImageOf::Sheet(_) => what != Gone::Pictures,
        };
        self.carried.retain(|view, _| !goes(view));
        self.kept = self.carried.values().map(|carried| carried.picture.len()).sum();
        self.going.take_if(|(_, views)| views.iter().any(goes));
        self.wanted.clear();
    }

    pub(super) fn take(&mut self, ticket: Ticket, reply: Reply) {
        match reply {
            Reply::Maps(maps) => self.maps.take(ticket, maps),
            Reply::Sheets(sheets) => {
                self.sheets.take(ticket, sheets);
            }
            Reply::Occlusion(seen) => self.occlusion.take(ticket, seen),
            Reply::Invariance(seen) => self.invariance.take(ticket, seen),
            Reply::Filters(filters) => self.filters.take(ticket, filters),
            Reply::LayerSheet(seen) => self.layer_sheet.take(ticket, seen),
            Reply::Explanation(seen) => self.explanation.take(ticket, seen),
            Reply::Carried { first, found } => self.take_carried(ticket, first, found),
            Reply::Loaded(_)
            | Reply::Failed(_)
            | Reply::Guesses(_)
            | Reply::Surgery(_)
            | Reply::Sweep(_)
            | Reply::Correspondence(_)
            | Reply::Evolution(_) => {}
        }
    }

    fn take_carried(&mut self, ticket: Ticket, first: usize, found: Vec<Carried>) {
        let Some((_, views)) = self.going.as_ref().filter(|(own, _)| *own == ticket) else { return };
        let count = found.len();
        for (view, carried) in views[first.min(views.len())..].iter().zip(found) {
            self.kept += carried.picture.len();
            self.carried.insert(*view, Arc::new(carried));
        }
        if first + count >= views.len() {
            self.going = None;
        }
    }
}

impl Exploration {
    /// The maps of all units for the selected picture.
    pub fn maps(&mut self, cut: Cut) -> Option<Arc<Maps>> {
        let picture = self.selected()?;
        let seen = self.seen(picture)?;
        let key = (self.revision(), picture, cut);
        let explorer = self.explorer.as_ref()?;
        self.answers.maps.want(&key, || explorer.ask(Question::Maps { seen, cut }));
        self.answers.maps.of(&key).cloned()
    }

    /// The sheets of all units of all layers, as far as they are known.
    pub fn sheets(&mut self, source: &SheetSource) -> Option<Arc<Sheets>> {
        if self.follows_run() {
            return self.live_sheets(source);
        }
        let pictures = if *source == SheetSource::Pictures { self.revision().1 } else { 0 };
        let key = ((self.revision().0, pictures), source.clone());
        let images = self.image_set(source, MOST_IMAGES);
        self.facts()?;
        if !self.answers.sheets.is_about(&key) {
            self.answers.forget(Gone::Sheets);
        }
        let explorer = self.explorer.as_ref()?;
        self.answers
            .sheets
            .want(&key, || explorer.ask(Question::Sheets(SheetsQuestion { images, state: None, known: None })));
        self.answers.sheets.of(&key).cloned()
    }

    /// What the network makes of the selected picture while a square hides a part of it.
    pub fn occlusion(&mut self, question: OcclusionQuestion) -> Option<Arc<OcclusionSeen>> {
        let key = (self.revision(), question.clone());
        let explorer = self.explorer.as_ref()?;
        self.answers.occlusion.want(&key, || explorer.ask(Question::Occlude(question)));
        self.answers.occlusion.of(&key).cloned()
    }

    /// How the network takes the selected picture as it is moved, scaled or turned.
    pub fn invariance(&mut self, question: InvarianceQuestion) -> Option<Arc<InvarianceSeen>> {
        let key = (self.revision(), question.clone());
        let explorer = self.explorer.as_ref()?;
        self.answers.invariance.want(&key, || explorer.ask(Question::Transform(question)));
        self.answers.invariance.of(&key).cloned()
    }

    /// The filters of the first layer; `Some(None)` where there are none. Of a run that learns, those of the step before
    /// stay until the newer ones are there.
    pub fn filters(&mut self) -> Option<Option<Arc<Filters>>> {
        let key = self.revision().0;
        self.facts()?;
        let explorer = self.explorer.as_ref()?;
        self.answers.filters.want(&key, || explorer.ask(Question::Filters));
        let known = self.answers.filters.of(&key);
        known.or_else(|| self.last_filters().filter(|_| self.follows_run())).cloned()
    }

    pub fn last_filters(&self) -> Option<&Option<Arc<Filters>>> {
        self.answers.filters.last()
    }

    pub fn last_invariance(&self) -> Option<&Arc<InvarianceSeen>> {
        self.answers.invariance.last()
    }

    /// The last maps, sheets and occlusion that were answered, whatever they are of.
    pub fn last_maps(&self) -> Option<&Arc<Maps>> {
        self.answers.maps.last()
    }

    pub fn last_sheets(&self) -> Option<&Arc<Sheets>> {
        if self.follows_run() { self.live.shown() } else { self.answers.sheets.last() }
    }

    pub fn last_occlusion(&self) -> Option<&Arc<OcclusionSeen>> {
        self.answers.occlusion.last()
    }

    /// How a unit is carried back, step by step. While it is asked about a newer network, the older answer stays.
    pub fn explanation(&mut self, view: UnitView) -> Option<Arc<Explanation>> {
        let key = (self.revision(), view);
        let image = self.image_of(view.image)?;
        let explorer = self.explorer.as_ref()?;
        let UnitView { cut, unit, place, rule, .. } = view;
        let question = ExplanationQuestion { image, cut, unit, place, rule };
        self.answers.explanation.want(&key, || explorer.ask(Question::Explain(question)));
        let known = self.answers.explanation.answer.as_ref();
        known.filter(|((_, of), _)| *of == view).map(|(_, seen)| Arc::clone(seen))
    }

    /// The sheets of all units of a layer, ready to be drawn. Ask with the same ones until they are done.
    pub fn layer_sheet(&mut self, sheets: &Arc<Sheets>, cut: Cut, rule: Option<Rule>) -> Option<Arc<LayerSheetSeen>> {
        let key = (Arc::as_ptr(sheets) as usize, cut, rule);
        let explorer = self.explorer.as_ref()?;
        let question = || LayerSheetQuestion { sheets: Arc::clone(sheets), cut, rule };
        self.answers.layer_sheet.want(&key, || explorer.ask(Question::LayerSheet(question())));
        self.answers.layer_sheet.of(&key).cloned()
    }

    /// The next one is made anew.
    pub fn forget_layer_sheet(&mut self) {
        self.answers.layer_sheet = Asked::default();
    }

    pub fn last_explanation(&self) -> Option<&Arc<Explanation>> {
        self.answers.explanation.last()
    }

    /// A unit carried back to an image; what is not known yet is asked for after the frame.
    pub fn carried(&mut self, view: UnitView) -> Option<Arc<Carried>> {
        let known = self.answers.carried.get(&view).cloned();
        if known.is_none() {
            self.answers.wanted.push(view);
        }
        known
    }

    /// Asks for what was wanted in the last frame. What is under way goes on while it is of use.
    pub(super) fn ask_for_wanted(&mut self) {
        let wanted = std::mem::take(&mut self.answers.wanted);
        let Some(first) = wanted.first() else { return };
        if self.answers.going.as_ref().is_some_and(|(_, views)| views.iter().any(|view| wanted.contains(view))) {
            return;
        }
        if self.answers.kept > MOST_KEPT {
            self.answers.forget(Gone::Everything);
        }
        let (cut, rule, is_of_sheet) = (first.cut, first.rule, first.image.is_of_sheet());
        // The sheets of the run in hand are carried back by the state that they are of.
        let state = self.last_sheets().filter(|_| is_of_sheet).and_then(|sheets| sheets.state.clone());
        let belongs = |view: &&UnitView| (view.cut, view.rule, view.image.is_of_sheet()) == (cut, rule, is_of_sheet);
        let together = wanted.iter().filter(belongs).take(MOST_ASKED);
        let (mut views, mut targets) = (Vec::new(), Vec::new());
        for view in together {
            if let Some(image) = self.image_of(view.image) {
                views.push(*view);
                targets.push(CarryBack { image, unit: view.unit, place: view.place });
            }
        }
        if let Some(explorer) = self.explorer.as_ref().filter(|_| !views.is_empty()) {
            let ticket = explorer.ask(Question::CarryBack { cut, rule, targets, state });
            self.answers.going = Some((ticket, views));
        }
    }

    fn image_of(&self, image: ImageOf) -> Option<SeenImage> {
        match image {
            ImageOf::Picture(index) => self.seen(index).map(SeenImage::Picture),
            ImageOf::Sheet(number) => {
                let sheets = self.last_sheets()?;
                Some(SeenImage::OfSet(Arc::clone(&sheets.images), number))
            }
        }
    }
}
