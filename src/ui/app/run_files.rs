//! Runs on disk: opened, saved and exported, on a thread of their own wherever that takes time.

use super::App;
use super::background::{Progress, Task};
use super::log::Log;
use super::run_book::is_zip;
use super::runs::RunRecord;
use super::session::{Selection, Session};
use crate::engine::{
    Command, FileError, RunFormat, RunId, StoredError, StoredRun, export_run, find_runs, is_experiment, is_run,
    write_notes,
};
use crate::ui::curves::CurveStore;
use crate::ui::labs::Lab;
use egui::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// So many runs of one folder are opened unasked.
const MOST_UNASKED: usize = 20;
/// And so many at all: the list stays a list.
const MOST_AT_ONCE: usize = 200;
/// Of what could not be read in one run, so many are told at once; the inspector tells all.
const MOST_TOLD: usize = 2;

/// What is to be done with files.
#[derive(Clone, Debug)]
pub(super) enum RunJob {
    /// Open these, and the runs in those that are folders of runs. Curves are smoothed as those on screen.
    Open {
        paths: Vec<PathBuf>,
        unasked: bool,
        smoothing: f64,
    },
    Export {
        name: String,
        run: PathBuf,
        destination: PathBuf,
        format: RunFormat,
    },
    Notes {
        folder: PathBuf,
        text: String,
    },
}

/// A run from disk that waits for its place in the list, with its curves.
pub(super) struct Opened {
    record: RunRecord,
    curves: CurveStore,
}

impl Opened {
    fn new(mut run: StoredRun, smoothing: f64) -> Self {
        let record = RunRecord::from_stored(RunId(0), run.name.clone(), 0, &run);
        let mut curves = CurveStore::new();
        curves.set_smoothing(smoothing);
        curves.append(std::mem::take(&mut run.points));
        Self { record, curves }
    }
}

/// What became of a [`RunJob`].
pub(super) enum RunJobDone {
    Opened { runs: Vec<Opened>, failed: Vec<String>, left: Vec<PathBuf> },
    Exported { name: String, destination: PathBuf, result: Result<Vec<String>, StoredError> },
    Noted(Result<(), FileError>),
}

impl Session {
    /// Opens run folders, zips of them, folders that hold several, and the folder of an experiment.
    pub fn open(&mut self, mut paths: Vec<PathBuf>) {
        self.experiments_to_open.extend(paths.extract_if(.., |path| is_experiment(path)));
        if paths.is_empty() {
            return;
        }
        let smoothing = self.store.smoothing();
        self.jobs.push(RunJob::Open { paths, unasked: true, smoothing });
    }

    /// Opens the first `count` of the runs that were [found](Self::found); none of them when it is 0.
    pub fn open_found(&mut self, count: usize) {
        let mut paths = std::mem::take(&mut self.found);
        paths.truncate(count.min(MOST_AT_ONCE));
        if !paths.is_empty() {
            let smoothing = self.store.smoothing();
            self.jobs.push(RunJob::Open { paths, unasked: false, smoothing });
        }
    }

    /// Writes a run that has no folder into one.
    pub fn save_to(&mut self, id: RunId, folder: &Path) {
        self.send(Command::SaveTo { run: id, folder: folder.to_owned() });
    }

    /// What a run is called as a file of a format.
    pub fn export_name(name: &str, format: RunFormat) -> String {
        format.ending().map_or_else(|| format!("{name}-{format}"), |ending| format!("{name}.{ending}"))
    }

    /// Writes what the folder of a run holds in a format.
    pub fn export(&mut self, id: RunId, destination: &Path, format: RunFormat) {
        let Some(run) = self.run(id) else { return };
        let name = run.name.clone();
        let Some(folder) = run.folder.clone() else {
            self.log.error(format!("{name} has no run folder yet: save it first, then export it"));
            return;
        };
        let destination = with_ending(destination, format);
        self.jobs.push(RunJob::Export { name, run: folder, destination, format });
    }

    /// Writes what a person noted of a run into its folder. A zip is not changed.
    pub fn save_notes(&mut self, id: RunId) {
        let Some(run) = self.known(id) else { return };
        if let Some(folder) = run.folder.clone().filter(|folder| !is_zip(folder)) {
            let text = run.notes.clone();
            self.jobs.push(RunJob::Notes { folder, text });
        }
    }

    fn take_job(&mut self, done: RunJobDone) {
        match done {
            RunJobDone::Opened { runs, failed, left } => {
                for message in failed {
                    self.log.error(message);
                }
                for run in runs {
                    self.take_stored(run);
                }
                self.found = left;
            }
            RunJobDone::Exported { name, destination, result: Ok(problems) } => {
                tell_problems(&mut self.log, &name, &problems);
                self.log.note(format!("{name}: exported to {}", destination.display()));
            }
            RunJobDone::Exported { name, result: Err(error), .. } => {
                self.log.error(format!("{name} was not exported: {error}"));
            }
            RunJobDone::Noted(Ok(())) => {}
            RunJobDone::Noted(Err(error)) => self.log.error(format!("The notes were not kept: {error}")),
        }
    }

    /// Adds a run from disk to the list, or selects it where it is there already.
    fn take_stored(&mut self, stored: Opened) {
        let Opened { mut record, curves } = stored;
        let here = record.folder.as_deref().map(whole);
        if let Some(known) = self.runs.iter().find(|known| known.folder.as_deref().map(whole) == here) {
            self.selection = Selection::Run(known.id);
            self.log.event(format!("{}: is in the list already", known.name));
            return;
        }
        record.id = self.next_id();
        record.name = self.unique(&record.name);
        record.colour = self.next_colour();
        let problems = record.stored.as_ref().map_or(&[][..], |stored| &stored.problems);
        tell_problems(&mut self.log, &record.name, problems);
        self.log.event(format!("{}: opened, {} steps", record.name, record.step));
        self.selection = Selection::Run(record.id);
        self.store.adopt(record.id, curves);
        self.runs.push(record);
        self.recount();
    }
}

fn tell_problems(log: &mut Log, name: &str, problems: &[String]) {
    for problem in problems.iter().take(MOST_TOLD) {
        log.note(format!("{name}: {problem}"));
    }
    for problem in problems.iter().skip(MOST_TOLD) {
        log.event(format!("{name}: {problem}"));
    }
}

/// The same for two ways of writing one place.
fn whole(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The path, with the ending of the format if it has not got it.
fn with_ending(path: &Path, format: RunFormat) -> PathBuf {
    match format.ending() {
        Some(ending) if !path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)) => {
            let mut name = path.as_os_str().to_owned();
            name.push(".");
            name.push(ending);
            PathBuf::from(name)
        }
        _ => path.to_owned(),
    }
}

/// Whether what was dropped on the window is runs rather than data.
pub(super) fn holds_runs(path: &Path) -> bool {
    is_run(path) || is_experiment(path) || (path.is_dir() && find_runs(path).is_ok())
}

fn work(job: RunJob) -> RunJobDone {
    match job {
        RunJob::Export { name, run, destination, format } => {
            let result = export_run(&run, &destination, format);
            RunJobDone::Exported { name, destination, result }
        }
        RunJob::Notes { folder, text } => RunJobDone::Noted(write_notes(&folder, &text)),
        RunJob::Open { paths, unasked, smoothing } => {
            let (mut found, mut failed) = (Vec::new(), Vec::new());
            for path in &paths {
                match find_runs(path) {
                    Ok(runs) => found.extend(runs),
                    Err(error) => failed.push(error.to_string()),
                }
            }
            let left = if unasked && found.len() > MOST_UNASKED { std::mem::take(&mut found) } else { Vec::new() };
            let mut runs = Vec::new();
            for path in found {
                match StoredRun::read(&path) {
                    Ok(run) => runs.push(Opened::new(run, smoothing)),
                    Err(error) => failed.push(error.to_string()),
                }
            }
            RunJobDone::Opened { runs, failed, left }
        }
    }
}

impl App {
    /// Starts what was asked for, and takes up what is done.
    pub(super) fn work_on_files(&mut self, ctx: &Context) {
        if let Some(folder) = self.session.experiments_to_open.pop() {
            // There is one in hand at a time: the last one that was named.
            self.session.experiments_to_open.clear();
            self.shell.lab = Lab::Distill;
            self.session.open_experiment(folder, self.book.current());
        }
        let jobs = std::mem::take(&mut self.session.jobs);
        self.file_jobs.extend(jobs.into_iter().map(|job| Task::spawn(ctx, move || work(job))));
        for task in std::mem::take(&mut self.file_jobs) {
            match task.poll() {
                Progress::Working => self.file_jobs.push(task),
                Progress::Done(done) => self.session.take_job(done),
                Progress::Lost => self.session.log.error("Reading or writing a run came to nothing: try again"),
            }
        }
        self.session.is_busy_with_files = !self.file_jobs.is_empty();
    }
}
