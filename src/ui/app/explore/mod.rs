//! What the Features lab looks into: one trained network, and the pictures that it is shown.

mod answers;
mod correspondence;
mod following;
mod live;
mod states;
mod surgery;

pub use answers::{ImageOf, SheetSource, UnitView};

use super::Session;
use super::background::{Progress, Task};
use crate::data::{ImageOptions, Picture, example_digits, example_pictures, open_pictures, sample_pictures};
use crate::engine::{CorrespondenceSeen, Explorer, Facts, Guessed, ImageSet, Question, Reply, Subject, Ticket};
use answers::{Answers, Gone};
use correspondence::CorrespondenceOf;
use egui::Context;
use following::Following;
use live::LiveSheets;
use states::Films;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use surgery::SurgeryAnswers;

/// So many pictures are shown to the network at most.
pub const MOST_PICTURES: usize = 64;
/// Of each picture so many classes are named.
const TOP: usize = 5;
const EFFICIENTNET: &str = "efficientnet-lite0";

/// What became of the network.
#[derive(Clone, Debug)]
pub enum NetworkState {
    Opening,
    Open(Arc<Facts>),
    Failed(String),
}

/// A question that was asked, and the last answer, each with what it is about.
#[derive(Debug)]
pub struct Asked<K, T> {
    asked: Option<(Ticket, K)>,
    answer: Option<(K, T)>,
}

impl<K, T> Default for Asked<K, T> {
    fn default() -> Self {
        Self { asked: None, answer: None }
    }
}

impl<K: Clone + PartialEq, T> Asked<K, T> {
    /// Asks about `key` unless that was the last thing asked about.
    pub fn want(&mut self, key: &K, ask: impl FnOnce() -> Ticket) {
        if self.asked.as_ref().is_none_or(|(_, asked)| asked != key) {
            self.asked = Some((ask(), key.clone()));
        }
    }

    /// An answer, if it is to the last question.
    fn take(&mut self, ticket: Ticket, answer: T) {
        if let Some((_, key)) = self.asked.as_ref().filter(|(asked, _)| *asked == ticket) {
            self.answer = Some((key.clone(), answer));
        }
    }

    /// The last answer, whatever it is about.
    pub fn last(&self) -> Option<&T> {
        self.answer.as_ref().map(|(_, answer)| answer)
    }

    /// Whether the last question was about `key`.
    pub fn is_about(&self, key: &K) -> bool {
        self.asked.as_ref().is_some_and(|(_, asked)| asked == key)
    }

    /// The last answer, if what it is about is like this.
    pub fn last_if(&self, is_so: impl Fn(&K) -> bool) -> Option<&T> {
        self.answer.as_ref().filter(|(key, _)| is_so(key)).map(|(_, answer)| answer)
    }

    /// Whether an answer, or more of it, may still come.
    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Waits for no more answers, if this was the last question.
    fn give_up_if(&mut self, ticket: Ticket) {
        self.asked.take_if(|(asked, _)| *asked == ticket);
    }

    /// Waits for no more answers. Returns which question is to be left alone.
    pub fn give_up(&mut self) -> Option<Ticket> {
        self.asked.take().map(|(ticket, _)| ticket)
    }

    /// What is known of `key`.
    pub fn of(&self, key: &K) -> Option<&T> {
        self.answer.as_ref().filter(|(own, _)| own == key).map(|(_, answer)| answer)
    }
}

/// The network that is looked into, and its pictures.
pub struct Exploration {
    explorer: Option<Explorer>,
    subject: Subject,
    network: NetworkState,
    loading: Ticket,
    pictures: Vec<Picture>,
    /// While nobody has chosen any.
    examples: Option<Examples>,
    /// Digits on their way.
    digits: Option<Task<Vec<Picture>>>,
    /// Counts the changes of the network, and of the pictures.
    revision: (u64, u64),
    selected: usize,
    reading: Vec<Task<Vec<Result<Picture, String>>>>,
    guesses: Asked<(u64, u64), Vec<Guessed>>,
    answers: Answers,
    surgery: SurgeryAnswers,
    correspondence: Asked<CorrespondenceOf, Arc<CorrespondenceSeen>>,
    films: Films,
    live: LiveSheets,
    /// Why a question had no answer.
    refused: Option<String>,
    /// Whether the network of the run in hand is looked into, and how it is kept up to date.
    run: Option<Following>,
}

/// Pictures that come with Glassbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Examples {
    Photographs,
    Digits,
}

impl Default for Exploration {
    fn default() -> Self {
        Self {
            explorer: None,
            subject: Subject::Named(EFFICIENTNET.to_owned()),
            network: NetworkState::Opening,
            loading: Ticket::default(),
            pictures: example_pictures(),
            examples: Some(Examples::Photographs),
            digits: None,
            revision: (0, 0),
            selected: 0,
            reading: Vec::new(),
            guesses: Asked::default(),
            answers: Answers::default(),
            surgery: SurgeryAnswers::default(),
            correspondence: Asked::default(),
            films: Films::default(),
            live: LiveSheets::default(),
            refused: None,
            run: None,
        }
    }
}

impl Exploration {
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    pub fn network(&self) -> &NetworkState {
        &self.network
    }

    pub fn facts(&self) -> Option<&Arc<Facts>> {
        if let NetworkState::Open(facts) = &self.network { Some(facts) } else { None }
    }

    pub fn pictures(&self) -> &[Picture] {
        &self.pictures
    }

    /// Position of the picture that the other panes are about.
    pub fn selected(&self) -> Option<usize> {
        (self.selected < self.pictures.len()).then_some(self.selected)
    }

    pub fn select(&mut self, picture: usize) {
        self.selected = picture;
    }

    pub fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }

    /// What the network takes each picture for, as far as that is known.
    pub fn guesses(&self) -> &[Guessed] {
        self.guesses.of(&self.revision).map_or(&[], Vec::as_slice)
    }

    /// Why the last question had no answer.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Takes another network.
    pub fn look_into(&mut self, subject: Subject) {
        self.run = None;
        self.live = LiveSheets::default();
        self.network = NetworkState::Opening;
        self.forget_findings();
        self.forget_stored_states();
        self.take(subject);
    }

    /// What was found out about the network by long work, which is told until it is asked for anew.
    fn forget_findings(&mut self) {
        self.forget_sweep();
        self.forget_correspondence();
        self.surgery.seen = Asked::default();
    }

    fn take(&mut self, subject: Subject) {
        self.subject = subject;
        self.network_changed();
        if let Some(explorer) = &self.explorer {
            self.loading = explorer.look_into(self.subject.clone());
        }
    }

    /// Adds a picture after the others and selects it.
    ///
    /// # Errors
    /// When there are too many already.
    pub fn add(&mut self, picture: Picture) -> Result<(), String> {
        if self.pictures.len() >= MOST_PICTURES {
            return Err(format!("{MOST_PICTURES} pictures are shown already: remove some first"));
        }
        self.examples = None;
        self.pictures.push(picture);
        self.selected = self.pictures.len() - 1;
        self.pictures_changed();
        Ok(())
    }

    /// Puts a picture in the place of the one of this name, or after the others; without a picture that one is removed.
    ///
    /// # Errors
    /// When there are too many already.
    pub fn replace(&mut self, name: &str, picture: Option<Picture>) -> Result<(), String> {
        let place = self.pictures.iter().position(|own| own.name == name);
        match (place, picture) {
            (Some(place), Some(picture)) => {
                self.pictures[place] = picture;
                self.selected = place;
                self.pictures_changed();
            }
            (Some(place), None) => self.remove(place),
            (None, Some(picture)) => return self.add(picture),
            (None, None) => {}
        }
        Ok(())
    }

    pub fn remove(&mut self, picture: usize) {
        if picture < self.pictures.len() {
            self.examples = None;
            self.pictures.remove(picture);
            self.selected = self.selected.min(self.pictures.len().saturating_sub(1));
            self.pictures_changed();
        }
    }

    /// Leaves the pictures that come with Glassbox: photographs, or digits where the network sees grey images.
    pub fn reset_pictures(&mut self) {
        self.show(example_pictures());
        self.examples = Some(Examples::Photographs);
    }

    fn show(&mut self, pictures: Vec<Picture>) {
        self.pictures = pictures;
        self.selected = 0;
        self.pictures_changed();
    }

    /// Examples that suit the network, while nobody has chosen pictures.
    fn suit_examples(&mut self, ctx: &Context) {
        if let Some(task) = self.digits.take() {
            match task.poll() {
                Progress::Working => self.digits = Some(task),
                Progress::Done(digits) if self.examples == Some(Examples::Digits) => self.show(digits),
                Progress::Done(_) | Progress::Lost => {}
            }
        }
        let Some(is_grey) = self.facts().map(|facts| facts.input.channels == 1) else { return };
        match self.examples {
            Some(Examples::Photographs) if is_grey => {
                self.examples = Some(Examples::Digits);
                self.digits = Some(Task::spawn(ctx, example_digits));
            }
            Some(Examples::Digits) if !is_grey => self.reset_pictures(),
            _ => {}
        }
    }

    /// Reads pictures in the background: image files, and what is in folders and archives.
    pub fn open_pictures(&mut self, ctx: &Context, paths: Vec<PathBuf>) {
        self.reading.push(Task::spawn(ctx, move || paths.iter().flat_map(|path| read(path)).collect()));
    }

    /// Adds test images of a data set, drawn at random by `seed`, in the background.
    pub fn add_from_data(&mut self, ctx: &Context, name: String, options: ImageOptions, count: usize, seed: u64) {
        self.reading.push(Task::spawn(ctx, move || match sample_pictures(&name, &options, count, seed) {
            Ok(pictures) => pictures.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error.to_string())],
        }));
    }

    /// Takes up what was read and answered, and asks what is not known yet. Called while somebody looks. Returns what went
    /// wrong with the pictures that were read.
    pub fn follow(&mut self, ctx: &Context) -> Vec<String> {
        let faults = self.take_read();
        let explorer = self.explorer.get_or_insert_with(|| {
            let ctx = ctx.clone();
            let explorer = Explorer::start(move || ctx.request_repaint());
            self.loading = explorer.look_into(self.subject.clone());
            explorer
        });
        let mut new_sheets = None;
        for (ticket, reply) in explorer.replies() {
            match reply {
                Reply::Loaded(facts) if ticket == self.loading => self.network = NetworkState::Open(facts),
                Reply::Failed(reason) if ticket == self.loading => self.network = NetworkState::Failed(reason),
                Reply::Failed(reason) => {
                    self.live.give_up_if(ticket);
                    self.answers.give_up_if(ticket);
                    self.surgery.sweep.give_up_if(ticket);
                    self.correspondence.give_up_if(ticket);
                    self.refused = Some(reason);
                }
                Reply::Guesses(guesses) => self.guesses.take(ticket, guesses),
                Reply::Surgery(seen) => self.surgery.seen.take(ticket, seen),
                Reply::Correspondence(seen) => self.correspondence.take(ticket, seen),
                Reply::Sweep(seen) => self.surgery.sweep.take(ticket, seen),
                Reply::Evolution(film) => self.films.film.take(ticket, film),
                Reply::Sheets(sheets) if self.live.awaits(ticket) => new_sheets = Some(sheets),
                other => self.answers.take(ticket, other),
            }
        }
        if let Some(sheets) = new_sheets {
            self.take_live_sheets(&sheets);
        }
        self.suit_examples(ctx);
        self.read_states(ctx);
        if let (NetworkState::Open(_), Some(explorer)) = (&self.network, &self.explorer) {
            let pictures = &self.pictures;
            let ask = || explorer.ask(Question::Guesses { pictures: pictures.clone(), top: TOP });
            self.guesses.want(&self.revision, ask);
            self.ask_for_wanted();
        }
        faults
    }

    fn network_changed(&mut self) {
        self.revision.0 += 1;
        self.refused = None;
        // What is carried back of the sheets of a run is of the state that they are of.
        self.answers.forget(if self.follows_run() { Gone::Pictures } else { Gone::Everything });
    }

    fn pictures_changed(&mut self) {
        self.revision.1 += 1;
        self.refused = None;
        self.forget_sweep();
        self.answers.forget(Gone::Pictures);
    }

    fn revision(&self) -> (u64, u64) {
        self.revision
    }

    /// What the network sees of a picture.
    pub fn seen(&self, picture: usize) -> Option<Arc<[u8]>> {
        let guessed = self.guesses().get(picture)?.as_ref().ok()?;
        Some(Arc::clone(&guessed.seen))
    }

    fn take_read(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for task in std::mem::take(&mut self.reading) {
            match task.poll() {
                Progress::Working => self.reading.push(task),
                Progress::Lost => {
                    faults.push("reading the pictures ended unexpectedly: the log may say why".to_owned());
                }
                Progress::Done(pictures) => {
                    for picture in pictures {
                        if let Err(fault) = picture.and_then(|picture| self.add(picture)) {
                            faults.push(fault);
                        }
                    }
                }
            }
        }
        faults.dedup();
        faults
    }
}

/// What is at a path, or why nothing is.
fn read(path: &Path) -> Vec<Result<Picture, String>> {
    match open_pictures(path, MOST_PICTURES) {
        Ok(pictures) if pictures.is_empty() => vec![Err(format!("there is no file in {}", path.display()))],
        Ok(pictures) => pictures,
        Err(error) => vec![Err(error.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn until(exploration: &mut Exploration, ctx: &Context, is_so: impl Fn(&Exploration) -> bool) {
        let began = Instant::now();
        while !is_so(exploration) {
            let faults = exploration.follow(ctx);
            assert!(faults.is_empty(), "{faults:?}");
            assert!(began.elapsed() < Duration::from_mins(2), "waited in vain");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The classes are what one sees on the photographs.
    #[test]
    fn the_photographs_inside_are_what_they_show() {
        let (ctx, mut exploration) = (Context::default(), Exploration::default());
        until(&mut exploration, &ctx, |exploration| exploration.guesses().len() == 4);
        let names: Vec<String> = exploration
            .guesses()
            .iter()
            .map(|guessed| {
                guessed.as_ref().unwrap().guesses.iter().map(|guess| guess.name.as_str()).collect::<Vec<_>>().join(", ")
            })
            .collect();
        for (found, expected) in names.iter().zip(["cat", "espresso", "missile"]) {
            assert!(found.contains(expected), "{expected} is not among {found}");
        }
        assert_eq!(exploration.guesses()[0].as_ref().unwrap().seen.len(), 3 * 224 * 224);
    }

    #[test]
    fn answers_about_what_is_gone_are_not_shown() {
        let (ctx, mut exploration) = (Context::default(), Exploration::default());
        until(&mut exploration, &ctx, |exploration| exploration.guesses().len() == 4);
        exploration.remove(0);
        assert!(exploration.guesses().is_empty());
        until(&mut exploration, &ctx, |exploration| exploration.guesses().len() == 3);
        exploration.add(Picture::of_file("broken.png", &b"no image"[..])).unwrap();
        until(&mut exploration, &ctx, |exploration| exploration.guesses().len() == 4);
        assert!(exploration.guesses()[3].is_err());
        exploration.look_into(Subject::Named("nowhere.safetensors".to_owned()));
        until(&mut exploration, &ctx, |exploration| matches!(exploration.network(), NetworkState::Failed(_)));
        assert!(exploration.guesses().is_empty());
    }
}
