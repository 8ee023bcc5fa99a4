//! Images in files: photographs and drawings of any size and format, made into data sets of one shape.
//!
//! `files` lists and reads what lies in a folder or an archive (a `tarball` among them), `layout` finds classes in the names of folders, `decode`
//! makes one file the pixels of one shape, `load` puts it all together, and `cache` remembers what was decoded.

mod cache;
mod decode;
mod files;
mod layout;
mod load;
mod shared_file;
mod tarball;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DataError;

pub use cache::{cache_folder, cached_archive, open_images_cached};
pub use decode::{ImageFault, ImageLook, LARGEST_SIDE, decode_image, fit_pixels, look_at_image};
pub use files::{FileEntry, Files};
pub use load::open_images;

/// How images of any size become images of one shape.
///
/// As text, and so in TOML: `automatic`, or what differs from it, such as `32x32 pad grey`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ImageOptions {
    /// Rows and columns of every image. Without it the size that most images have, if they are alike and no side is
    /// above 256 pixels, and else 64 x 64.
    pub size: Option<(usize, usize)>,
    /// What happens to images of another size.
    pub fit: Fit,
    /// One channel rather than three. Without it only if every image is grey.
    pub grey: Option<bool>,
}

impl FromStr for ImageOptions {
    type Err = DataError;

    /// Reads a size (rows x columns, or one number for both), a fit, and `grey` or `colour`, in any order.
    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut options = Self::default();
        for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
            match part.to_lowercase().as_str() {
                "automatic" | "auto" => {}
                "crop" => options.fit = Fit::Crop,
                "stretch" => options.fit = Fit::Stretch,
                "pad" => options.fit = Fit::Pad,
                "grey" | "gray" => options.grey = Some(true),
                "colour" | "color" => options.grey = Some(false),
                other => {
                    let (height, width) = other.split_once('x').unwrap_or((other, other));
                    let side = |text: &str| text.parse::<usize>().ok().filter(|&side| side > 0);
                    let size = side(height).zip(side(width));
                    options.size = Some(size.ok_or_else(|| DataError::BadImageOptions { text: text.to_owned() })?);
                }
            }
        }
        Ok(options)
    }
}

impl fmt::Display for ImageOptions {
    /// Writes what [`FromStr`] reads back as the same options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size.map(|(height, width)| format!("{height}x{width}"));
        let fit = match self.fit {
            Fit::Crop => None,
            Fit::Stretch => Some("stretch".to_owned()),
            Fit::Pad => Some("pad".to_owned()),
        };
        let channels = self.grey.map(|grey| if grey { "grey" } else { "colour" }.to_owned());
        let parts: Vec<String> = [size, fit, channels].into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "automatic".to_owned() } else { parts.join(" ") }.as_str())
    }
}

impl From<ImageOptions> for String {
    fn from(options: ImageOptions) -> Self {
        options.to_string()
    }
}

impl TryFrom<String> for ImageOptions {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

/// How an image takes another size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Scaled until the shorter side fits, then cut to its centre.
    #[default]
    Crop,
    /// Each side scaled by itself: shapes are distorted, nothing is lost.
    Stretch,
    /// Scaled until the longer side fits, with black beside it.
    Pad,
}

/// A file that could not be opened, while the rest could.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Damaged {
    /// Its path within the folder or the archive.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Whoever waits for a data set to be opened.
///
/// Called from several threads at once.
pub trait Progress: Sync {
    /// So many of all files are done. The answer says whether to go on; without, opening ends with
    /// [`DataError::Cancelled`].
    fn opened(&self, files: usize, of: usize) -> bool;
}

/// Nobody waits, nobody cancels.
pub struct Unwatched;

impl Progress for Unwatched {
    fn opened(&self, _files: usize, _of: usize) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Fit, ImageOptions};

    #[test]
    fn choices_are_read_and_written() {
        let options = |size, fit, grey| ImageOptions { size, fit, grey };
        for (text, expected, written) in [
            ("", ImageOptions::default(), "automatic"),
            ("Automatic", ImageOptions::default(), "automatic"),
            ("crop", ImageOptions::default(), "automatic"),
            ("32x48 pad grey", options(Some((32, 48)), Fit::Pad, Some(true)), "32x48 pad grey"),
            ("colour, stretch,64", options(Some((64, 64)), Fit::Stretch, Some(false)), "64x64 stretch colour"),
        ] {
            assert_eq!(text.parse::<ImageOptions>().unwrap(), expected, "{text}");
            assert_eq!(expected.to_string(), written);
            assert_eq!(written.parse::<ImageOptions>().unwrap(), expected);
        }
        for text in ["0", "32x", "x", "-3x4", "large", "32 x 32", "99999999999999999999"] {
            let message = text.parse::<ImageOptions>().unwrap_err().to_string();
            assert!(message.contains("does not say how to fit images"), "{text}: {message}");
        }
    }
}
