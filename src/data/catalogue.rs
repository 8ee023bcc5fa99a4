//! The datasets that have names.

use std::path::{Path, PathBuf};

use super::{
    DataError, Download, ImageOptions, ImageShape, Progress, SceneSpec, Source, Unwatched, downloads, mnist, open_with,
    scenes_of, two_digits,
};

/// A dataset that [`named`] knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Entry {
    /// What to ask for.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub description: &'static str,
    /// Training images.
    pub images: usize,
    /// Test images.
    pub test_images: usize,
    /// The shape of each image.
    pub shape: ImageShape,
    /// How many classes there are.
    pub classes: usize,
    /// The licence of the data.
    pub licence: &'static str,
    /// Who made it, and where to read of it.
    pub origin: &'static str,
}

static CATALOGUE: [Entry; 3] = [
    Entry {
        name: "mnist",
        description: "handwritten digits",
        images: 60_000,
        test_images: 10_000,
        shape: ImageShape::new(1, 28, 28),
        classes: 10,
        licence: "CC BY-SA 3.0",
        origin: "Yann LeCun, Corinna Cortes, Christopher Burges; http://yann.lecun.com/exdb/mnist/",
    },
    Entry {
        name: "two-digits",
        description: "pairs of handwritten digits, side by side, from 00 to 99",
        images: 60_000,
        test_images: 10_000,
        shape: ImageShape::new(1, 28, 56),
        classes: 100,
        licence: "CC BY-SA 3.0",
        origin: "composed from MNIST by this program",
    },
    Entry {
        name: "scenes",
        description: "a handwritten digit somewhere on a cluttered canvas, scaled and turned",
        images: 20_000,
        test_images: 4_000,
        shape: ImageShape::new(1, 64, 64),
        classes: 10,
        licence: "CC BY-SA 3.0",
        origin: "composed from MNIST by this program",
    },
];

/// Every dataset that is built in.
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The dataset of a name in the [`catalogue`] or among the [`downloads`](super::downloads), scenes as a [`SceneSpec`] says, or
/// else what is at a path, as [`open`](super::open) opens it.
///
/// A name goes before a path: a folder that is itself called `mnist` is opened as `./mnist`.
///
/// # Errors
/// If there is neither such a name nor such a path, or what is there cannot be opened.
pub fn named(name: &str) -> Result<Source, DataError> {
    named_with(name, &ImageOptions::default(), &Unwatched)
}

/// [`named`], with a choice of how images of any size become images of one shape, and somebody to watch.
///
/// # Errors
/// If there is neither such a name nor such a path, what is there cannot be opened, or `progress` says to stop.
pub fn named_with(name: &str, options: &ImageOptions, progress: &dyn Progress) -> Result<Source, DataError> {
    match Place::of(name)? {
        Place::BuiltIn("mnist") => mnist(),
        Place::BuiltIn("two-digits") => two_digits(),
        Place::BuiltIn(_) => composed(SceneSpec::default(), options, progress),
        Place::Scenes(spec) => composed(spec, options, progress),
        Place::Fetched { name, path } => Ok(Source { name, ..open_with(&path, options, progress)? }),
        Place::Path(path) => open_with(path, options, progress),
    }
}

/// Scenes, on a canvas of the size that `options` say, if they do.
fn composed(mut spec: SceneSpec, options: &ImageOptions, progress: &dyn Progress) -> Result<Source, DataError> {
    match options.size {
        Some((height, width)) if height != width => {
            let reason = format!("the canvas is square, not {height}x{width}. Give a size such as 96");
            return Err(DataError::BadScene { reason });
        }
        Some((side, _)) => spec.options.side = side,
        None => {}
    }
    Ok(scenes_of(&spec, progress)?.source)
}

/// Whether [`named`] would find something, without opening it; of scenes, also the images that they are made of.
///
/// # Errors
/// If there is neither such a name nor such a path, or a data set of this name has not been fetched yet.
pub fn find(name: &str) -> Result<(), DataError> {
    match Place::of(name)? {
        Place::Scenes(spec) => find(&spec.of),
        _ => Ok(()),
    }
}

/// What a name stands for.
enum Place<'a> {
    BuiltIn(&'static str),
    Scenes(SceneSpec),
    Fetched { name: String, path: PathBuf },
    Path(&'a Path),
}

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Result<Self, DataError> {
        if let Some(entry) = CATALOGUE.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) {
            return Ok(Self::BuiltIn(entry.name));
        }
        if SceneSpec::is_meant_by(name) {
            return name.parse().map(Self::Scenes);
        }
        if let Some(download) = Download::named(name) {
            let path = download.fetched(&download.folder()?);
            let name = download.name;
            return match path {
                Some(path) => Ok(Self::Fetched { name, path }),
                None => Err(DataError::NotFetched { name }),
            };
        }
        let path = Path::new(name);
        if path.exists() {
            return Ok(Self::Path(path));
        }
        let names = CATALOGUE.iter().map(|entry| entry.name.to_owned());
        let known = names.chain(downloads().map(|download| download.name)).collect::<Vec<_>>().join(", ");
        Err(DataError::UnknownName { name: name.to_owned(), known })
    }
}
