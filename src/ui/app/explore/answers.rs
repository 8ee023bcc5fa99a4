//! What the network said of single units and images, kept until it is out of date.

use super::{Asked, Exploration};
use crate::data::ImageOptions;
use crate::engine::{
    Carried, CarryBack, ExplanationQuestion, InvarianceQuestion, InvarianceSeen, LayerSheetQuestion, LayerSheetSeen,
    Maps, OcclusionQuestion, OcclusionSeen, Question, Reply, RunId, SeenImage, Sheets, SheetsQuestion, Ticket,
};
use crate::lens::{Explanation, Filters, Place};
use crate::nets::{Cut, Rule};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Reconstructions that are kept, in bytes.
const MOST_KEPT: usize = 256 << 20;
/// What was asked for in so many frames is in sight, and is kept however much it is.
const FRAMES_IN_SIGHT: u64 = 3;
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

/// What an answer is of that may stay until there is a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    revision: Revision,
    /// The run in hand whose network it is.
    run: Option<RunId>,
}

impl Moment {
    /// Whether an answer of then may be shown now: of the same network and pictures, or of an earlier state of the same
    /// run.
    fn may_show(self, then: Self) -> bool {
        let is_of_run = self.run.is_some() && self.run == then.run;
        self == then || (is_of_run && self.revision.1 == then.revision.1)
    }
}

#[derive(Default)]
pub(super) struct Answers {
    maps: Asked<(Revision, usize, Cut), Arc<Maps>>,
    sheets: Asked<(Revision, SheetSource), Arc<Sheets>>,
    occlusion: Asked<(Revision, OcclusionQuestion), Arc<OcclusionSeen>>,
    invariance: Asked<(Revision, InvarianceQuestion), Arc<InvarianceSeen>>,
    filters: Asked<Moment, Option<Arc<Filters>>>,
    explanation: Asked<(Moment, UnitView), Arc<Explanation>>,
    layer_sheet: Asked<(usize, Cut, Option<Rule>), Arc<LayerSheetSeen>>,
    /// Each with the frame in which it was last asked for.
    carried: HashMap<UnitView, (Arc<Carried>, u64)>,
    /// Bytes of them.
    kept: usize,
    frame: u64,
    /// Asked for in this frame and not there.
    wanted: Vec<UnitView>,
    going: Option<(Ticket, Vec<UnitView>)>,
    /// What could not be carried back: it is not asked for again.
    failed: HashSet<UnitView>,
}

impl Answers {
    /// What is out of date has no answer any more.
    pub(super) fn forget(&mut self, what: Gone) {
        let goes = |view: &UnitView| match view.image {
            ImageOf::Picture(_) => what != Gone::Sheets,
            ImageOf::Sheet(_) => what != Gone::Pictures,
        };
        self.carried.retain(|view, _| !goes(view));
        self.failed.retain(|view| !goes(view));
        self.count_kept();
        self.going.take_if(|(_, views)| views.iter().any(goes));
        self.wanted.clear();
    }

    fn count_kept(&mut self) {
        self.kept = self.carried.values().map(|(carried, _)| carried.picture.len()).sum();
    }

    /// Above so many bytes, only what is in sight is kept: to forget that too would be to ask for it again and again.
    fn make_room(&mut self, most: usize) {
        if self.kept > most {
            let frame = self.frame;
            self.carried.retain(|_, (_, asked)| *asked + FRAMES_IN_SIGHT > frame);
            self.count_kept();
        }
    }

    /// Waits no more for what could not be carried back.
    pub(super) fn give_up_if(&mut self, ticket: Ticket) {
        if let Some((_, views)) = self.going.take_if(|(asked, _)| *asked == ticket) {
            self.failed.extend(views);
        }
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
            if let Some((before, _)) = self.carried.insert(*view, (Arc::new(carried), self.frame)) {
                self.kept -= before.picture.len();
            }
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
        self.facts()?;
        if !self.answers.sheets.is_about(&key) {
            self.answers.forget(Gone::Sheets);
            let question = SheetsQuestion { images: self.image_set(source, MOST_IMAGES), state: None, known: None };
            let explorer = self.explorer.as_ref()?;
            self.answers.sheets.want(&key, || explorer.ask(Question::Sheets(question)));
        }
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

    /// The filters of the first layer; `Some(None)` where there are none. Of a run that learns, those of the step
    /// before stay until the newer ones are there.
    pub fn filters(&mut self) -> Option<Option<Arc<Filters>>> {
        // Pictures have no part in them.
        let now = Moment { revision: (self.revision().0, 0), ..self.now() };
        self.facts()?;
        let explorer = self.explorer.as_ref()?;
        self.answers.filters.want(&now, || explorer.ask(Question::Filters));
        self.answers.filters.last_if(|then| now.may_show(*then)).cloned()
    }

    /// The last maps that were answered, whatever they are of.
    pub fn last_maps(&self) -> Option<&Arc<Maps>> {
        self.answers.maps.last()
    }

    pub fn last_sheets(&self) -> Option<&Arc<Sheets>> {
        if self.follows_run() { self.live.shown() } else { self.answers.sheets.last() }
    }

    /// How a unit is carried back, step by step. Of a run that learns, the steps of the state before stay until the
    /// newer ones are there.
    pub fn explanation(&mut self, view: UnitView) -> Option<Arc<Explanation>> {
        let now = self.now();
        if let (Some(image), Some(explorer)) = (self.image_of(view.image), &self.explorer) {
            let UnitView { cut, unit, place, rule, .. } = view;
            let question = ExplanationQuestion { image, cut, unit, place, rule };
            self.answers.explanation.want(&(now, view), || explorer.ask(Question::Explain(question)));
        }
        let may_show = |(then, of): &(Moment, UnitView)| *of == view && now.may_show(*then);
        self.answers.explanation.last_if(may_show).cloned()
    }

    fn now(&self) -> Moment {
        let state = self.run.as_ref().and_then(|following| following.state.as_ref());
        Moment { revision: self.revision(), run: state.map(|(run, _)| *run) }
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
        let frame = self.answers.frame;
        let known = self.answers.carried.get_mut(&view).map(|(carried, asked)| {
            *asked = frame;
            Arc::clone(carried)
        });
        if known.is_none() && !self.answers.failed.contains(&view) {
            self.answers.wanted.push(view);
        }
        known
    }

    /// Asks for what was wanted in the last frame. What is under way goes on while it is of use.
    pub(super) fn ask_for_wanted(&mut self) {
        self.answers.frame += 1;
        let wanted = std::mem::take(&mut self.answers.wanted);
        let Some(first) = wanted.first() else { return };
        if self.answers.going.as_ref().is_some_and(|(_, views)| views.iter().any(|view| wanted.contains(view))) {
            return;
        }
        self.answers.make_room(MOST_KEPT);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn view(unit: usize) -> UnitView {
        let (image, cut) = (ImageOf::Picture(0), Cut::from(1_usize));
        UnitView { image, cut, unit, place: Place::Strongest, rule: Rule::Deconvolution }
    }

    /// However much it is, so that nothing is asked for again and again.
    #[test]
    fn what_is_in_sight_stays() {
        let mut answers = Answers { frame: 10, ..Answers::default() };
        for unit in 0..8 {
            let picture = vec![0; 100].into();
            let carried = Carried { place: None, activation: 0.0, scale: 0.0, picture };
            let asked = if unit % 2 == 0 { 9 } else { 2 };
            answers.carried.insert(view(unit), (Arc::new(carried), asked));
        }
        answers.count_kept();
        answers.make_room(800);
        assert_eq!(answers.carried.len(), 8);
        for _ in 0..2 {
            answers.make_room(50);
            assert_eq!((answers.carried.len(), answers.kept), (4, 400));
            assert!(answers.carried.contains_key(&view(6)));
        }
    }

    #[test]
    fn only_a_run_shows_what_is_of_an_earlier_network() {
        let moment =
            |network, pictures, run: Option<u64>| Moment { revision: (network, pictures), run: run.map(RunId) };
        assert!(moment(3, 1, None).may_show(moment(3, 1, None)));
        assert!(!moment(3, 1, None).may_show(moment(2, 1, None)));
        assert!(moment(3, 1, Some(7)).may_show(moment(2, 1, Some(7))));
        assert!(!moment(3, 1, Some(7)).may_show(moment(2, 0, Some(7))));
        assert!(!moment(3, 1, Some(7)).may_show(moment(2, 1, Some(6))));
        assert!(!moment(3, 1, Some(7)).may_show(moment(2, 1, None)));
    }
}
