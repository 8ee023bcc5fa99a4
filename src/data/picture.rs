//! One picture from anywhere: an image file, the clipboard, a data set.

use super::images::{ImageFault, decode_image, fit_pixels};
use super::random::{Purpose, below, stream};
use super::{DataError, Files, Fit, ImageOptions, ImageShape, Unwatched, mnist, named_with};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The largest image file that is read as a picture, in bytes.
const LARGEST_FILE: u64 = 256 << 20;

/// A picture that has not taken any network's shape yet. It is cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What people call it: the name of its file.
    pub name: String,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// PNG, JPEG, GIF, BMP, TIFF or WebP.
    File(Arc<[u8]>),
    /// Bytes, `[channels, height, width]`.
    Pixels(ImageShape, Arc<[u8]>),
}

impl Picture {
    /// The content of an image file.
    pub fn of_file(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), content: Content::File(bytes.into()) }
    }

    /// Bytes, `[channels, height, width]`; none if there are not as many as the shape says, or it has neither one nor three
    /// channels.
    pub fn of_pixels(name: impl Into<String>, shape: ImageShape, pixels: impl Into<Arc<[u8]>>) -> Option<Self> {
        let pixels = pixels.into();
        let fits = matches!(shape.channels, 1 | 3) && shape.pixels() == pixels.len() && shape.pixels() > 0;
        fits.then(|| Self { name: name.into(), content: Content::Pixels(shape, pixels) })
    }

    /// As bytes of `shape`, `[channels, height, width]`.
    ///
    /// # Errors
    /// What is wrong with the image file.
    ///
    /// # Panics
    /// If `shape` has neither one nor three channels, or a side of it is zero.
    pub fn fitted(&self, shape: ImageShape, fit: Fit) -> Result<Vec<u8>, ImageFault> {
        match &self.content {
            Content::File(bytes) => decode_image(bytes, shape, fit),
            Content::Pixels(from, pixels) => Ok(fit_pixels(pixels, *from, shape, fit)),
        }
    }
}

/// The image file at a path, or of a folder or an archive the first ones, at most `most`. They are not decoded yet.
///
/// # Errors
/// If nothing can be read at the path; of single files, a sentence in their place.
pub fn open_pictures(path: &Path, most: usize) -> Result<Vec<Result<Picture, String>>, DataError> {
    let files = Files::open_any(path)?;
    let wanted: Vec<usize> = (0..files.entries().len().min(most)).collect();
    let pictures: Vec<OnceLock<Result<Picture, String>>> = wanted.iter().map(|_| OnceLock::new()).collect();
    files.read_each(&wanted, LARGEST_FILE, |at, bytes| {
        let name = &files.entries()[at].path;
        let picture = match bytes {
            Ok(bytes) if bytes.len() as u64 > LARGEST_FILE => Err(format!("{name} has more than 256 MiB")),
            Ok(bytes) => Ok(Picture::of_file(name.clone(), bytes)),
            Err(error) => Err(format!("{name} cannot be read ({error})")),
        };
        pictures[at].set(picture).is_ok()
    });
    Ok(pictures.into_iter().filter_map(OnceLock::into_inner).collect())
}

/// The first test image of each class of MNIST.
pub fn example_digits() -> Vec<Picture> {
    let Ok(digits) = mnist() else { return Vec::new() };
    let set = &digits.test;
    let first = |class: usize| (0..set.len()).find(|&image| set.label(image) == class);
    let picture = |class: usize| Picture::of_pixels(format!("digit {class}"), set.shape(), set.image(first(class)?));
    (0..set.classes()).filter_map(picture).collect()
}

/// Test images of a data set, as [`named_with`] opens it, at random: the same seed, the same images.
///
/// # Errors
/// If it cannot be opened, or its images are no pictures.
pub fn sample_pictures(name: &str, options: &ImageOptions, count: usize, seed: u64) -> Result<Vec<Picture>, DataError> {
    let set = named_with(name, options, &Unwatched)?.test;
    let generator = &mut stream(seed, Purpose::Subset, set.len(), 0);
    let pictures = (0..count).map(|_| {
        let image = below(generator, set.len() as u32) as usize;
        let class = &set.class_names()[set.label(image)];
        Picture::of_pixels(format!("test {image}, {class}"), set.shape(), set.image(image))
    });
    let unfit = || {
        let reason = format!("its images have {} channels, and pictures 1 or 3", set.shape().channels);
        DataError::Unfit { file: name.to_owned(), reason }
    };
    pictures.collect::<Option<Vec<_>>>().ok_or_else(unfit)
}

/// The photographs inside.
pub fn example_pictures() -> Vec<Picture> {
    macro_rules! inside {
        ($($name:literal),*) => {
            [$(($name, &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/pictures/", $name))[..])),*]
        };
    }
    let files = inside!("chelsea.jpg", "coffee.jpg", "rocket.jpg", "astronaut.jpg");
    files.into_iter().map(|(name, bytes)| Picture::of_file(name, bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_files_take_any_shape() {
        for picture in example_pictures() {
            assert_eq!(picture.fitted(ImageShape::new(3, 32, 40), Fit::Crop).unwrap().len(), 3 * 32 * 40);
        }
        let shape = ImageShape::new(1, 2, 2);
        let picture = Picture::of_pixels("four", shape, vec![0, 255, 0, 255]).unwrap();
        assert_eq!(picture.fitted(shape, Fit::Crop).unwrap(), [0, 255, 0, 255]);
        assert_eq!(picture.fitted(ImageShape::new(3, 2, 2), Fit::Stretch).unwrap(), [0, 255, 0, 255].repeat(3));
        let colours = Picture::of_pixels("red", ImageShape::new(3, 1, 1), vec![200, 10, 20]).unwrap();
        assert_eq!(colours.fitted(ImageShape::new(3, 2, 1), Fit::Pad).unwrap(), [200, 0, 10, 0, 20, 0]);
    }

    #[test]
    fn every_digit_has_an_example() {
        let names: Vec<String> = example_digits().into_iter().map(|picture| picture.name).collect();
        assert_eq!(names, (0..10).map(|class| format!("digit {class}")).collect::<Vec<_>>());
    }

    #[test]
    fn what_does_not_fit_is_no_picture() {
        assert!(Picture::of_pixels("short", ImageShape::new(1, 2, 2), vec![1, 2, 3]).is_none());
        assert!(Picture::of_pixels("two", ImageShape::new(2, 1, 1), vec![1, 2]).is_none());
        let error = open_pictures(Path::new("no such file.png"), 1).unwrap_err();
        assert!(error.to_string().contains("no such file.png"));
    }
}
