//! Which files are images, and what the names of their folders say of them.

use std::collections::BTreeSet;

use super::super::DataError;
use super::files::Files;

/// Files with these endings are taken for images; if there are none, files without any ending are. What they are is told
/// by their content.
const ENDINGS: [&str; 11] = ["png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "dib", "webp", "tif", "tiff"];

/// One image of a [`Files`], by its position there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Labelled {
    pub file: usize,
    pub class: u16,
}

/// The images of a folder by class.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Layout {
    pub class_names: Vec<String>,
    pub train: Vec<Labelled>,
    /// None if the folders do not tell training and test images apart.
    pub test: Option<Vec<Labelled>>,
    /// Images outside the folders of the classes.
    pub stray: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    fn of(folder: &str) -> Option<Self> {
        match folder.to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validation" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }
}

/// Finds classes: `<class>/...`, or `train/<class>/...` beside `test/<class>/...` or `val/<class>/...`, below any number
/// of folders that hold all there is. With both `test` and `val`, the images of `val` are training images: which of
/// those are held out is a setting of each run.
///
/// Classes are in the order of their names, or of their numbers if all of them are numbers.
///
/// # Errors
/// If there is no image, or no folder of a class.
pub(super) fn find(files: &Files) -> Result<Layout, DataError> {
    let folder = || files.path().display().to_string();
    let mut folders = folders_of(files, has_known_ending);
    if folders.is_empty() {
        folders = folders_of(files, |name| !name.contains('.'));
    }
    if folders.is_empty() {
        return Err(DataError::NothingToOpen { folder: folder() });
    }
    let outer = shared_folders(&folders);
    for (_, parts) in &mut folders {
        parts.drain(..outer);
    }
    let (labelled, stray): (Vec<_>, Vec<_>) = folders.into_iter().partition(|(_, parts)| !parts.is_empty());
    let stray: Vec<usize> = stray.into_iter().map(|(file, _)| file).collect();
    let parts: Vec<Option<Part>> = labelled.iter().map(|(_, parts)| Part::of(parts[0])).collect();
    let has = |part| parts.contains(&Some(part));
    // A class may be called "train" too, but hardly beside one called "test".
    if has(Part::Train) && (has(Part::Validation) || has(Part::Test)) {
        return split(&labelled, &parts, stray).ok_or_else(|| DataError::NoClassFolders { folder: folder() });
    }
    if labelled.is_empty() {
        return Err(DataError::NoClassFolders { folder: folder() });
    }
    let (class_names, train) = by_class(labelled.iter().map(|(file, parts)| (*file, parts[0])))?;
    Ok(Layout { class_names, train, test: None, stray })
}

fn has_known_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// The files whose names are images', each with the folders that it is in.
fn folders_of(files: &Files, is_image: impl Fn(&str) -> bool) -> Vec<(usize, Vec<&str>)> {
    let images = files.entries().iter().enumerate().filter(|(_, entry)| is_image(entry.name()));
    images
        .map(|(file, entry)| {
            let mut parts: Vec<&str> = entry.path.split('/').collect();
            parts.pop();
            (file, parts)
        })
        .collect()
}

/// How many folders all the images share, less the one that is their class if there is only one: if most of them lie in
/// the last folder that they share, it is a class with folders in it, and no folder of classes.
fn shared_folders(folders: &[(usize, Vec<&str>)]) -> usize {
    let first = &folders[0].1;
    let shared =
        (0..first.len()).take_while(|&i| folders.iter().all(|(_, parts)| parts.get(i) == first.get(i))).count();
    let is_one_class = 2 * folders.iter().filter(|(_, parts)| parts.len() == shared).count() > folders.len();
    if is_one_class { shared.saturating_sub(1) } else { shared }
}

/// With folders for training and test images; none if a class is missing below them.
fn split(labelled: &[(usize, Vec<&str>)], parts: &[Option<Part>], mut stray: Vec<usize>) -> Option<Layout> {
    let (mut kept, mut kept_parts) = (Vec::new(), Vec::new());
    for ((file, folders), part) in labelled.iter().zip(parts) {
        match (folders.get(1), part) {
            (Some(class), Some(part)) => {
                kept.push((*file, *class));
                kept_parts.push(*part);
            }
            _ => stray.push(*file),
        }
    }
    let has_test = kept_parts.contains(&Part::Test);
    let is_test = |part: Part| match part {
        Part::Train => false,
        Part::Validation => !has_test,
        Part::Test => true,
    };
    let (class_names, images) = by_class(kept.into_iter()).ok()?;
    let of_part = |test: bool| {
        let chosen = images.iter().zip(&kept_parts).filter(|(_, part)| is_test(**part) == test);
        chosen.map(|(image, _)| *image).collect::<Vec<_>>()
    };
    let (train, test) = (of_part(false), of_part(true));
    (!train.is_empty()).then_some(Layout { class_names, train, test: (!test.is_empty()).then_some(test), stray })
}

/// The names of the classes in their order, and each file with the number of its class.
fn by_class<'a>(
    images: impl Iterator<Item = (usize, &'a str)> + Clone,
) -> Result<(Vec<String>, Vec<Labelled>), DataError> {
    let names: BTreeSet<&str> = images.clone().map(|(_, class)| class).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    if u16::try_from(names.len()).is_err() {
        return Err(DataError::TooManyClasses { classes: names.len() });
    }
    if names.iter().all(|name| name.parse::<u64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<u64>().unwrap_or_default());
    }
    let numbers: std::collections::HashMap<&str, u16> =
        names.iter().enumerate().map(|(number, name)| (*name, number as u16)).collect();
    let labelled = images.map(|(file, class)| Labelled { file, class: numbers[class] }).collect();
    Ok((names.into_iter().map(str::to_owned).collect(), labelled))
}
