//! One file's bytes to the pixels of one shape.

use std::io::{Cursor, ErrorKind};
use std::sync::{Mutex, PoisonError};

use image::imageops::FilterType;
use image::{
    ColorType, DynamicImage, GenericImageView as _, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader,
    Limits, Luma, Rgb, RgbImage,
};
use libjpeg_turbo_rs::{PixelFormat, decompress_to};

use super::super::ImageShape;
use super::Fit;

/// The longest side of an image that is decoded, in pixels.
pub const LARGEST_SIDE: u32 = 16_384;
/// The most bytes that one decoded image may take.
const LARGEST_DECODED: u64 = 256 << 20;
/// Images that take more are decoded one at a time, so that many threads do not need as many times the memory.
const LARGE: u64 = 32 << 20;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What is wrong with one image, as what follows the name of its file and a colon.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImageFault {
    #[error("the file is empty")]
    Empty,
    #[error("it is not an image: its content is neither PNG, JPEG, GIF, BMP, TIFF nor WebP")]
    NotAnImage,
    #[error("{0} images cannot be opened; save it as PNG or JPEG")]
    Unsupported(String),
    #[error(
        "it is {width} x {height} pixels; at most {LARGEST_SIDE} a side and 256 MiB in memory are opened. Scale it down"
    )]
    TooLarge { width: u32, height: u32 },
    #[error("it needs more than 256 MiB of memory to be decoded. Scale it down")]
    TooMuchMemory,
    #[error("it is truncated: the file ends before its image does")]
    Truncated,
    #[error("it is damaged ({0})")]
    Damaged(String),
}

/// What the header of an image says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImageLook {
    /// Rows of pixels, once turned upright.
    pub height: usize,
    /// Columns of pixels, once turned upright.
    pub width: usize,
    /// Whether it has no colours.
    pub grey: bool,
}

/// Reads the header of an image. The format is told from the content alone.
///
/// # Errors
/// If it is no image that can be opened, or is too large.
pub fn look_at_image(bytes: &[u8]) -> Result<ImageLook, ImageFault> {
    let mut decoder = open(bytes)?;
    let (width, height) = decoder.dimensions();
    let grey = !decoder.color_type().has_color();
    // EXIF orientations above 4 turn the image by a quarter.
    let turned = decoder.orientation().is_ok_and(|orientation| orientation.to_exif() > 4);
    let (height, width) = if turned { (width, height) } else { (height, width) };
    Ok(ImageLook { height: height as usize, width: width as usize, grey })
}

/// Decodes an image to `shape`, `[channels, height, width]`: turned upright as its EXIF data say, transparent parts over
/// white, 16 bits to 8, and grey (`shape` of one channel) by the luma of ITU-R 601. An animation is its first picture.
///
/// # Errors
/// If it is damaged, too large (16,384 pixels a side, 256 MiB decoded) or no image that can be opened.
///
/// # Panics
/// If `shape` has neither one nor three channels, or a side of it is zero.
pub fn decode_image(bytes: &[u8], shape: ImageShape, fit: Fit) -> Result<Vec<u8>, ImageFault> {
    let mut pixels = vec![0; shape.pixels()];
    decode_into(bytes, shape, fit, &mut pixels)?;
    Ok(pixels)
}

/// [`decode_image`] to where `shape.pixels()` zeros are.
pub(super) fn decode_into(bytes: &[u8], shape: ImageShape, fit: Fit, out: &mut [u8]) -> Result<(), ImageFault> {
    assert!(matches!(shape.channels, 1 | 3), "grey or red, green, blue");
    let mut decoder = open(bytes)?;
    let is_jpeg = image::guess_format(bytes).is_ok_and(|format| format == ImageFormat::Jpeg);
    if is_jpeg && !reaches_its_end(bytes) {
        return Err(ImageFault::Truncated);
    }
    let _alone = (decoder.total_bytes() > LARGE).then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
    let orientation = decoder.orientation().map_err(fault)?;
    let usual = is_jpeg.then(|| usual_jpeg(bytes, decoder.color_type())).flatten();
    let mut image = match usual {
        Some(image) => image,
        None => over_white(DynamicImage::from_decoder(decoder).map_err(fault)?),
    };
    image.apply_orientation(orientation);
    let (image, top, left) = fitted(image, shape, fit);
    write_planes(&image, shape, top, left, out);
    Ok(())
}

/// Pixels `[channels, height, width]` of one shape as those of another.
///
/// # Panics
/// If a shape has neither one nor three channels, a side of it is zero, or there are too few `pixels`.
pub fn fit_pixels(pixels: &[u8], from: ImageShape, to: ImageShape, fit: Fit) -> Vec<u8> {
    assert!(matches!(from.channels, 1 | 3) && matches!(to.channels, 1 | 3), "grey or red, green, blue");
    let (width, height) = (from.width as u32, from.height as u32);
    let at = |x: u32, y: u32| y as usize * from.width + x as usize;
    let image = if from.channels == 1 {
        DynamicImage::from(GrayImage::from_fn(width, height, |x, y| Luma([pixels[at(x, y)]])))
    } else {
        let channel = |channel: usize, x, y| pixels[channel * from.plane() + at(x, y)];
        DynamicImage::from(RgbImage::from_fn(width, height, |x, y| {
            Rgb([channel(0, x, y), channel(1, x, y), channel(2, x, y)])
        }))
    };
    let (image, top, left) = fitted(image, to, fit);
    let mut out = vec![0; to.pixels()];
    write_planes(&image, to, top, left, &mut out);
    out
}

/// The pixels that libjpeg-turbo gives, and with it Pillow, torchvision and most browsers: others round differently, by up
/// to five levels, which networks trained on such pixels notice. None where it cannot decode the file.
fn usual_jpeg(bytes: &[u8], colours: ColorType) -> Option<DynamicImage> {
    let format = match colours {
        ColorType::L8 => PixelFormat::Grayscale,
        ColorType::Rgb8 => PixelFormat::Rgb,
        _ => return None,
    };
    let decoded = decompress_to(bytes, format).ok()?;
    let (width, height) = (u32::try_from(decoded.width).ok()?, u32::try_from(decoded.height).ok()?);
    match format {
        PixelFormat::Grayscale => GrayImage::from_raw(width, height, decoded.data).map(DynamicImage::ImageLuma8),
        _ => RgbImage::from_raw(width, height, decoded.data).map(DynamicImage::ImageRgb8),
    }
}

/// A decoder that has read the header, and found it within bounds.
fn open(bytes: &[u8]) -> Result<impl ImageDecoder + '_, ImageFault> {
    if bytes.is_empty() {
        return Err(ImageFault::Empty);
    }
    let format = image::guess_format(bytes).map_err(|_| ImageFault::NotAnImage)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Sides are checked below, where they can be named.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(LARGEST_DECODED);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > LARGEST_SIDE || decoder.total_bytes() > LARGEST_DECODED {
        return Err(ImageFault::TooLarge { width, height });
    }
    if width == 0 || height == 0 {
        return Err(ImageFault::Damaged("it has no pixels".to_owned()));
    }
    Ok(decoder)
}

fn fault(error: ImageError) -> ImageFault {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => ImageFault::Truncated,
        ImageError::Limits(_) => ImageFault::TooMuchMemory,
        ImageError::Unsupported(error) => ImageFault::Unsupported(error.format_hint().to_string()),
        other => ImageFault::Damaged(other.to_string()),
    }
}

/// Whether a JPEG file goes on to the marker of its end. The decoder itself fills what is missing with grey.
fn reaches_its_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) else {
            return false;
        };
        at += next;
        // A marker may have any number of 0xff before it.
        at += bytes[at..].iter().take_while(|&&byte| byte == 0xff).count();
        match bytes.get(at) {
            None => return false,
            Some(0xd9) => return true,
            // A 0xff among the data, or a marker that stands alone.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
            Some(_) => match bytes.get(at + 1..at + 3) {
                None => return false,
                Some(length) => at += 1 + usize::from(u16::from_be_bytes([length[0], length[1]])),
            },
        }
    }
}

/// Eight bits a channel and nothing transparent: grey or red, green, blue.
fn over_white(image: DynamicImage) -> DynamicImage {
    let over = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let color = image.color();
    if !color.has_alpha() {
        return if color.has_color() { image.into_rgb8().into() } else { image.into_luma8().into() };
    }
    if color.has_color() {
        let mut image = image.into_rgba8();
        image.pixels_mut().for_each(|pixel| {
            let alpha = pixel.0[3];
            pixel.0[..3].iter_mut().for_each(|value| *value = over(*value, alpha));
        });
        DynamicImage::from(image).into_rgb8().into()
    } else {
        let mut image = image.into_luma_alpha8();
        image.pixels_mut().for_each(|pixel| pixel.0[0] = over(pixel.0[0], pixel.0[1]));
        DynamicImage::from(image).into_luma8().into()
    }
}

/// The image as it lies in `shape`, with the row and the column where it begins.
fn fitted(image: DynamicImage, shape: ImageShape, fit: Fit) -> (DynamicImage, usize, usize) {
    let (width, height) = image.dimensions();
    let (across, down) = (shape.width as u32, shape.height as u32);
    if (width, height) == (across, down) {
        return (image, 0, 0);
    }
    let scaled = |image: &DynamicImage, across, down| image.resize_exact(across, down, FilterType::Triangle);
    match fit {
        Fit::Stretch => (scaled(&image, across, down), 0, 0),
        Fit::Crop => {
            // The part that will be seen, so that nothing else is scaled.
            let (seen_across, seen_down) = inner(width, height, across, down);
            let (left, top) = ((width - seen_across) / 2, (height - seen_down) / 2);
            (scaled(&image.crop_imm(left, top, seen_across, seen_down), across, down), 0, 0)
        }
        Fit::Pad => {
            let (wide, high) = inner(across, down, width, height);
            let (left, top) = ((across - wide) / 2, (down - high) / 2);
            (scaled(&image, wide, high), top as usize, left as usize)
        }
    }
}

/// The largest rectangle within `width` x `height` with the proportions of `across` x `down`; no side is zero.
fn inner(width: u32, height: u32, across: u32, down: u32) -> (u32, u32) {
    let [w, h, a, d] = [width, height, across, down].map(u64::from);
    let rounded = |numerator: u64, denominator: u64, most: u32| {
        (((numerator + denominator / 2) / denominator).max(1) as u32).min(most)
    };
    if w * d > h * a { (rounded(h * a, d, width), height) } else { (width, rounded(w * d, a, height)) }
}

fn write_planes(image: &DynamicImage, shape: ImageShape, top: usize, left: usize, out: &mut [u8]) {
    let at = |x: u32, y: u32| (top + y as usize) * shape.width + left + x as usize;
    match (image, shape.channels) {
        (DynamicImage::ImageLuma8(image), channels) => {
            for (x, y, pixel) in image.enumerate_pixels() {
                (0..channels).for_each(|channel| out[channel * shape.plane() + at(x, y)] = pixel.0[0]);
            }
        }
        (DynamicImage::ImageRgb8(image), 1) => {
            image.enumerate_pixels().for_each(|(x, y, pixel)| out[at(x, y)] = luma(*pixel));
        }
        (DynamicImage::ImageRgb8(image), _) => {
            for (x, y, pixel) in image.enumerate_pixels() {
                pixel
                    .0
                    .iter()
                    .enumerate()
                    .for_each(|(channel, &value)| out[channel * shape.plane() + at(x, y)] = value);
            }
        }
        _ => unreachable!("`over_white` gives grey or red, green, blue"),
    }
}

/// ITU-R 601, in the whole numbers of Pillow.
fn luma(pixel: Rgb<u8>) -> u8 {
    let [red, green, blue] = pixel.0.map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}
