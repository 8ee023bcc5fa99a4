//! Image folders as data sets: the shape is chosen, everything is decoded, what is damaged is listed.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::source::hold_out_test;
use super::super::{DataError, Dataset, ImageShape, Source};
use super::decode::{ImageLook, decode_into, look_at_image};
use super::files::Files;
use super::layout::{self, Labelled, Layout};
use super::{Damaged, ImageOptions, Progress};

/// The most bytes of one image file.
const LARGEST_FILE: u64 = 256 << 20;
/// The most bytes of all the pixels of one part.
const LARGEST_PART: usize = 4 << 30;
/// So many files are looked at, evenly spread, to choose a shape.
const LOOKED_AT: usize = 256;
/// The longest side that is chosen because images have it, and the sides that are chosen if they differ.
const LONGEST_CHOSEN: usize = 256;
const OTHERWISE: (usize, usize) = (64, 64);

/// Opens images by class: see [`open`](super::super::open) for what the folders are to be called. Without folders for
/// training and test images, a seventh of each class becomes the test set.
///
/// Memory: the pixels, and at most a seventh of them more. Files that cannot be decoded are listed in
/// [`Source::damaged`]; the rest loads.
///
/// # Errors
/// If there are no images by class, all of them are damaged, they would take more than 4 GiB, or `progress` says to stop.
pub fn open_images(
    files: &Files,
    name: &str,
    options: &ImageOptions,
    progress: &dyn Progress,
) -> Result<Source, DataError> {
    open_noting(files, name, options, progress).map(|(source, _)| source)
}

/// [`open_images`], and whether every file could be read: a file that could not may be read another time.
pub(super) fn open_noting(
    files: &Files,
    name: &str,
    options: &ImageOptions,
    progress: &dyn Progress,
) -> Result<(Source, bool), DataError> {
    let Layout { class_names, train, test, stray } = layout::find(files)?;
    let all_read = AtomicBool::new(true);
    let shape = choose_shape(files, &train, options, &all_read)?;
    let fault = |file: usize, reason: &str| Damaged { file: files.entries()[file].path.clone(), reason: reason.into() };
    let mut damaged: Vec<Damaged> =
        stray.iter().map(|&file| fault(file, "it lies outside the folders of the classes")).collect();
    let all = train.len() + test.as_ref().map_or(0, Vec::len);
    let opening =
        Opening { files, name, shape, options, progress, all, done: AtomicUsize::new(0), all_read: &all_read };
    let mut part = |images: &[Labelled], part: &str| {
        let Decoded { pixels, labels, files: kept, faults } = opening.decode(images)?;
        damaged.extend(faults.iter().map(|(file, reason)| fault(*file, reason)));
        if let (true, Some((file, reason))) = (labels.is_empty(), faults.first()) {
            let first = format!("{}: {reason}", files.entries()[*file].path);
            return Err(DataError::AllDamaged {
                folder: files.path().display().to_string(),
                files: faults.len(),
                first,
            });
        }
        let paths = kept.into_iter().map(|file| files.entries()[file].path.clone()).collect();
        let dataset = Dataset::new(format!("{name} {part}"), class_names.clone(), shape, pixels, labels)?;
        Ok(dataset.with_files(Some(paths)))
    };
    let (train, test) = match test {
        Some(test) => (part(&train, "train")?, part(&test, "test")?),
        None => hold_out_test(part(&train, "train")?, name)?,
    };
    let source =
        Source { name: name.to_owned(), train: Arc::new(train), test: Arc::new(test), damaged: damaged.into() };
    Ok((source, all_read.into_inner()))
}

/// The shape that the options ask for, and where they leave it open what most images have.
fn choose_shape(
    files: &Files,
    images: &[Labelled],
    options: &ImageOptions,
    all_read: &AtomicBool,
) -> Result<ImageShape, DataError> {
    let looks = look_at_some(files, images, all_read);
    let mut sizes = HashMap::new();
    for look in &looks {
        *sizes.entry((look.height, look.width)).or_insert(0) += 1;
    }
    let is_usual =
        |size: &(usize, usize), count: usize| 2 * count > looks.len() && size.0.max(size.1) <= LONGEST_CHOSEN;
    let usual = sizes.iter().find(|(size, count)| is_usual(size, **count)).map(|(size, _)| *size);
    let (height, width) = options.size.or(usual).unwrap_or(OTHERWISE);
    let grey = options.grey.unwrap_or(!looks.is_empty() && looks.iter().all(|look| look.grey));
    let shape = ImageShape::new(if grey { 1 } else { 3 }, height, width);
    let bytes = height.checked_mul(width).and_then(|plane| plane.checked_mul(shape.channels * images.len()));
    match bytes {
        Some(1..=LARGEST_PART) => Ok(shape),
        Some(0) => Err(DataError::BadImageSize { height, width }),
        _ => Err(DataError::TooManyPixels { images: images.len(), shape }),
    }
}

/// What the headers of some of the images say, of those that can be read.
fn look_at_some(files: &Files, images: &[Labelled], all_read: &AtomicBool) -> Vec<ImageLook> {
    let step = images.len().div_ceil(LOOKED_AT);
    let wanted: Vec<usize> = images.iter().step_by(step).map(|image| image.file).collect();
    let looks = Mutex::new(Vec::new());
    files.read_each(&wanted, LARGEST_FILE, |_, bytes| {
        match bytes.map(|bytes| look_at_image(&bytes)) {
            Ok(Ok(look)) => lock(&looks).push(look),
            Ok(Err(_)) => {}
            Err(_) => all_read.store(false, Ordering::Relaxed),
        }
        true
    });
    looks.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What one decoding gives.
struct Decoded {
    /// Of what could be decoded, with a label and a file each.
    pixels: Vec<u8>,
    labels: Vec<u16>,
    files: Vec<usize>,
    /// What is wrong with the rest.
    faults: Vec<(usize, String)>,
}

struct Opening<'a> {
    files: &'a Files,
    name: &'a str,
    shape: ImageShape,
    options: &'a ImageOptions,
    progress: &'a dyn Progress,
    /// Files in all parts.
    all: usize,
    done: AtomicUsize,
    all_read: &'a AtomicBool,
}

impl Opening<'_> {
    /// Decodes each image to its place, then closes the gaps that damaged ones leave.
    fn decode(&self, images: &[Labelled]) -> Result<Decoded, DataError> {
        let size = self.shape.pixels();
        let mut pixels = vec![0; images.len() * size];
        let faults = Mutex::new(Vec::new());
        let files: Vec<usize> = images.iter().map(|image| image.file).collect();
        // Each place is locked once, by the one thread that decodes to it.
        let places: Vec<Mutex<&mut [u8]>> = pixels.chunks_exact_mut(size).map(Mutex::new).collect();
        let finished = self.files.read_each(&files, LARGEST_FILE, |i, bytes| {
            if let Err(reason) = self.decode_one(bytes, &mut lock(&places[i])) {
                lock(&faults).push((i, reason));
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.progress.opened(done, self.all)
        });
        drop(places);
        if !finished {
            return Err(DataError::Cancelled { name: self.name.to_owned() });
        }
        let mut faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        faults.sort_unstable();
        let mut labels = Vec::with_capacity(images.len() - faults.len());
        let mut kept = Vec::with_capacity(labels.capacity());
        let mut next_fault = faults.iter().map(|(i, _)| *i).peekable();
        for (i, image) in images.iter().enumerate() {
            if next_fault.next_if_eq(&i).is_none() {
                pixels.copy_within(i * size..(i + 1) * size, labels.len() * size);
                labels.push(image.class);
                kept.push(image.file);
            }
        }
        pixels.truncate(labels.len() * size);
        let faults = faults.into_iter().map(|(i, reason)| (files[i], reason)).collect();
        Ok(Decoded { pixels, labels, files: kept, faults })
    }

    fn decode_one(&self, bytes: io::Result<Vec<u8>>, out: &mut [u8]) -> Result<(), String> {
        let bytes = bytes.map_err(|error| {
            self.all_read.store(false, Ordering::Relaxed);
            format!("it cannot be read ({error})")
        })?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err("the file has more than 256 MiB".to_owned());
        }
        decode_into(&bytes, self.shape, self.options.fit, out).map_err(|fault| fault.to_string())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
