//! The datasets that have names.

use std::path::Path;

use super::{DataError, ImageShape, Source, mnist, open_folder};

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

static CATALOGUE: [Entry; 1] = [Entry {
    name: "mnist",
    description: "handwritten digits",
    images: 60_000,
    test_images: 10_000,
    shape: ImageShape::new(1, 28, 28),
    classes: 10,
    licence: "CC BY-SA 3.0",
    origin: "Yann LeCun, Corinna Cortes, Christopher Burges; http://yann.lecun.com/exdb/mnist/",
}];

/// Every dataset that is built in.
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The dataset of a name in the [`catalogue`], or else at a path, as [`open_folder`] opens it.
///
/// A name goes before a path: a folder that is itself called `mnist` is opened as `./mnist`.
///
/// # Errors
/// If there is neither such a name nor such a path, or what is there cannot be opened.
pub fn named(name: &str) -> Result<Source, DataError> {
    if name.eq_ignore_ascii_case("mnist") {
        return mnist();
    }
    let path = Path::new(name);
    if path.exists() {
        return open_folder(path);
    }
    let known = CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    Err(DataError::UnknownName { name: name.to_owned(), known })
}
