//! A drawing made of strokes, and how it becomes an image as MNIST's were made.

use super::ImageShape;
use image::{GrayImage, Luma, imageops};

/// Side of the paper in pixels: ten for each of MNIST's.
pub const PAPER: usize = 280;

/// A digit's longer side, as a share of the image's: 20 of 28 pixels in MNIST (LeCun et al. 1998, "Gradient-based learning
/// applied to document recognition", section III-A).
const BOX: (usize, usize) = (20, 28);

/// A brush that was put down, moved, and lifted.
#[derive(Clone, Debug, PartialEq)]
struct Stroke {
    /// Radius of the brush, in pixels of the paper.
    radius: f32,
    /// `[x, y]` in pixels of the paper, from its top left corner.
    points: Vec<[f32; 2]>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Stroke(Stroke),
    Clear,
}

/// Ink on paper, with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    steps: Vec<Step>,
    undone: Vec<Step>,
    /// `[PAPER, PAPER]`, 255 where there is most ink.
    ink: Vec<u8>,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { steps: Vec::new(), undone: Vec::new(), ink: vec![0; PAPER * PAPER] }
    }
}

impl Drawing {
    /// Puts the brush down. What was undone is forgotten.
    pub fn begin(&mut self, radius: f32, point: [f32; 2]) {
        self.undone.clear();
        paint_segment(&mut self.ink, radius, point, point);
        self.steps.push(Step::Stroke(Stroke { radius, points: vec![point] }));
    }

    /// Moves the brush on.
    pub fn extend(&mut self, point: [f32; 2]) {
        let Some(Step::Stroke(stroke)) = self.steps.last_mut() else { return };
        let Some(&last) = stroke.points.last().filter(|&&last| last != point) else { return };
        stroke.points.push(point);
        paint_segment(&mut self.ink, stroke.radius, last, point);
    }

    /// Takes all ink away; this too can be undone.
    pub fn clear(&mut self) {
        if self.has_ink() {
            self.undone.clear();
            self.steps.push(Step::Clear);
            self.repaint();
        }
    }

    pub fn can_undo(&self) -> bool {
        !self.steps.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    pub fn undo(&mut self) {
        if let Some(step) = self.steps.pop() {
            self.undone.push(step);
            self.repaint();
        }
    }

    pub fn redo(&mut self) {
        if let Some(step) = self.undone.pop() {
            self.steps.push(step);
            self.repaint();
        }
    }

    /// `[PAPER, PAPER]`, 255 where there is most ink.
    pub fn ink(&self) -> &[u8] {
        &self.ink
    }

    pub fn has_ink(&self) -> bool {
        self.ink.iter().any(|&ink| ink > 0)
    }

    /// The drawing as an image of this shape, `[channels, height, width]`, all channels alike; nothing without ink.
    pub fn image(&self, shape: ImageShape) -> Option<Vec<u8>> {
        let plane = like_mnist(&self.ink, PAPER, shape.height, shape.width)?;
        Some(plane.repeat(shape.channels))
    }

    fn repaint(&mut self) {
        self.ink.fill(0);
        let cleared = self.steps.iter().rposition(|step| *step == Step::Clear).map_or(0, |place| place + 1);
        for step in &self.steps[cleared..] {
            let Step::Stroke(Stroke { radius, points }) = step else { continue };
            let ends = points.windows(2).map(|pair| (pair[0], pair[1]));
            for (from, to) in points.first().map(|&first| (first, first)).into_iter().chain(ends) {
                paint_segment(&mut self.ink, *radius, from, to);
            }
        }
    }
}

/// Inks all pixels within `radius` of a line, with an edge of one pixel.
fn paint_segment(ink: &mut [u8], radius: f32, from: [f32; 2], to: [f32; 2]) {
    let reach = radius + 1.0;
    let span = |a: f32, b: f32| {
        let low = (a.min(b) - reach).clamp(0.0, PAPER as f32) as usize;
        low..((a.max(b) + reach).ceil().clamp(0.0, PAPER as f32) as usize)
    };
    for y in span(from[1], to[1]) {
        for x in span(from[0], to[0]) {
            let distance = distance_to_segment([x as f32 + 0.5, y as f32 + 0.5], from, to);
            let coverage = (radius + 0.5 - distance).clamp(0.0, 1.0);
            let pixel = &mut ink[y * PAPER + x];
            *pixel = (*pixel).max((coverage * 255.0).round() as u8);
        }
    }
}

fn distance_to_segment([x, y]: [f32; 2], [ax, ay]: [f32; 2], [bx, by]: [f32; 2]) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (((x - ax) * dx + (y - ay) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - ax - along * dx).hypot(y - ay - along * dy)
}

/// Ink, `[side, side]`, scaled (means over areas, so that edges become grey) so that its bounding box just fits 20/28 of the image, then moved by whole
/// pixels so that its centre of mass lies in the middle: how NIST's digits became MNIST's.
pub fn like_mnist(ink: &[u8], side: usize, height: usize, width: usize) -> Option<Vec<u8>> {
    let (left, top, right, bottom) = bounding_box(ink, side)?;
    let (across, down) = (right - left + 1, bottom - top + 1);
    let target = (height.min(width) * BOX.0) as f32 / BOX.1 as f32;
    let scale = target / across.max(down) as f32;
    let scaled = |length: usize| (length as f32 * scale).round().max(1.0) as u32;
    let pixel = |x: u32, y: u32| Luma([ink[(top + y as usize) * side + left + x as usize]]);
    let digit = GrayImage::from_fn(across as u32, down as u32, pixel);
    let digit = imageops::thumbnail(&digit, scaled(across), scaled(down));
    let (x, y) = centre_of_mass(&digit)?;
    let (x, y) = ((width as f32 / 2.0 - x).round() as i64, (height as f32 / 2.0 - y).round() as i64);
    let mut image = GrayImage::new(width as u32, height as u32);
    imageops::replace(&mut image, &digit, x, y);
    Some(image.into_raw())
}

/// Left, top, right and bottom of the ink, inclusive.
fn bounding_box(ink: &[u8], side: usize) -> Option<(usize, usize, usize, usize)> {
    let inked = ink.iter().enumerate().filter(|(_, ink)| **ink > 0).map(|(at, _)| (at % side, at / side));
    inked.fold(None, |all, (x, y)| {
        let (left, top, right, bottom) = all.unwrap_or((x, y, x, y));
        Some((left.min(x), top.min(y), right.max(x), bottom.max(y)))
    })
}

/// In indices of pixels.
fn centre_of_mass(image: &GrayImage) -> Option<(f32, f32)> {
    let sums = image.enumerate_pixels().fold((0.0, 0.0, 0.0), |(mass, x_sum, y_sum), (x, y, Luma([ink]))| {
        let ink = f32::from(*ink);
        (mass + ink, x_sum + ink * x as f32, y_sum + ink * y as f32)
    });
    let (mass, x, y) = sums;
    (mass > 0.0).then(|| (x / mass, y / mass))
}
