//! An SVG document as pixels.

use resvg::{tiny_skia, usvg};

/// More pixels than this are refused rather than to run out of memory.
const MOST_PIXELS: f32 = 2.0e8;

/// `scale` pixels a point, white where nothing is drawn through.
///
/// # Errors
/// When the picture is empty or too large, in words.
pub fn rasterise(svg: &str, scale: f32) -> Result<image::RgbaImage, String> {
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(|error| error.to_string())?;
    let size = tree.size();
    let (width, height) = ((size.width() * scale).ceil(), (size.height() * scale).ceil());
    if width * height > MOST_PIXELS {
        return Err(format!("a picture of {width} by {height} pixels is too large"));
    }
    let mut pixels = tiny_skia::Pixmap::new(width as u32, height as u32)
        .ok_or_else(|| format!("a picture of {width} by {height} pixels cannot be drawn"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let (width, height) = (pixels.width(), pixels.height());
    image::RgbaImage::from_raw(width, height, pixels.take_demultiplied())
        .ok_or_else(|| "the picture is empty".to_owned())
}

/// As [`rasterise`], encoded.
///
/// # Errors
/// As [`rasterise`].
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, String> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = rasterise(svg, scale)?;
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}
