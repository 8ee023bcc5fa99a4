//! Scenes: images of a data set at known places, scales and rotations on a cluttered canvas, for localisation and
//! invariance. What is where is known, and a network is told only what is there.
//!
//! The clutter is that of Mnih et al. 2014, arXiv 1406.6247, section 4.1: small pieces of other images.

mod shared;
mod spec;

pub use spec::SceneSpec;

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::random::{Purpose, below, stream};
use super::{DataError, Dataset, ImageOptions, ImageShape, Progress, Source, Unwatched, named_with};

/// How scenes are composed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SceneOptions {
    /// Rows and columns of the canvas, in pixels.
    pub side: usize,
    /// The fewest and the most objects of a scene. One that finds no room between the others is left out.
    pub objects: (usize, usize),
    /// The smallest and the largest scale of an object.
    pub scale: (f32, f32),
    /// The largest rotation either way, in degrees.
    pub rotation: f32,
    /// Pieces of other images, strewn about.
    pub clutter: usize,
}

impl Default for SceneOptions {
    fn default() -> Self {
        Self { side: 64, objects: (1, 1), scale: (0.7, 1.3), rotation: 20.0, clutter: 8 }
    }
}

/// An object of a scene.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// Its class.
    pub class: usize,
    /// Which image of the data set it is.
    pub image: usize,
    /// Column and row of its centre, in pixels of the canvas; 0 is the left or upper edge.
    pub centre: [f32; 2],
    /// How much larger than its image.
    pub scale: f32,
    /// Degrees, clockwise.
    pub rotation: f32,
    /// The pixels that it covers.
    pub bounds: Bounds,
}

/// A box of pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// The first column.
    pub left: usize,
    /// The first row.
    pub top: usize,
    /// One more than the last column.
    pub right: usize,
    /// One more than the last row.
    pub bottom: usize,
}

impl Bounds {
    /// Pixels within.
    pub fn area(&self) -> usize {
        (self.right - self.left) * (self.bottom - self.top)
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// One scene.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// `[channels, side, side]`.
    pub pixels: Vec<u8>,
    /// At least one, the largest box first.
    pub objects: Vec<Placed>,
}

/// The classes of a scene's objects, each once, in rising order: all that is said of an image in weak supervision.
pub fn classes_of(objects: &[Placed]) -> Vec<usize> {
    let classes: BTreeSet<usize> = objects.iter().map(|object| object.class).collect();
    classes.into_iter().collect()
}

/// Scenes as a data set: the label of each is the class of its largest object.
#[derive(Clone, Debug)]
pub struct Scenes {
    /// The canvases.
    pub dataset: Dataset,
    /// What is on each, the largest first. [`classes_of`] these are the image-level labels, their boxes are the truth.
    pub objects: Vec<Vec<Placed>>,
}

/// Scene number `index` of `images`, drawn from them with equal chances. The same arguments, the same scene.
///
/// Grey images are drawn as light on black, so that only their strokes cover anything; coloured ones cover all that is
/// below them.
///
/// # Errors
/// If the options make no sense or an object is larger than the canvas.
pub fn compose_scene(images: &Dataset, options: &SceneOptions, seed: u64, index: usize) -> Result<Scene, DataError> {
    options.check(images)?;
    Ok(Composer { images, options }.compose(seed, index))
}

/// `count` scenes of `images`, composed in parallel; see [`compose_scene`].
///
/// # Errors
/// If none is asked for, the options make no sense or an object is larger than the canvas.
pub fn compose_scenes(
    images: &Dataset,
    options: &SceneOptions,
    count: usize,
    seed: u64,
    name: &str,
) -> Result<Scenes, DataError> {
    options.check(images)?;
    let shape = ImageShape::new(images.shape().channels, options.side, options.side);
    let mut pixels = vec![0; count * shape.pixels()];
    let objects: Vec<Vec<Placed>> = pixels
        .par_chunks_exact_mut(shape.pixels())
        .enumerate()
        .map(|(index, place)| {
            let scene = Composer { images, options }.compose(seed, index);
            place.copy_from_slice(&scene.pixels);
            scene.objects
        })
        .collect();
    let labels = objects.iter().map(|objects| objects[0].class as u16).collect();
    let dataset = Dataset::new(name, images.class_names().to_vec(), shape, pixels, labels)?;
    Ok(Scenes { dataset, objects })
}

/// Training and test scenes with all that is known of them.
#[derive(Clone, Debug)]
pub struct SceneSource {
    /// The scenes as any other data set.
    pub source: Source,
    /// What is on each training scene, the largest first.
    pub train: Arc<[Vec<Placed>]>,
    /// What is on each test scene, the largest first.
    pub test: Arc<[Vec<Placed>]>,
}

/// `scenes`: 20,000 training and 4,000 test scenes of one digit of MNIST each, 1x64x64: those of the default [`SceneSpec`].
///
/// Composing them takes about a second, and 98 MB; while somebody has them, all who ask share them.
///
/// # Errors
/// Only if the program itself is damaged.
pub fn scenes() -> Result<SceneSource, DataError> {
    scenes_of(&SceneSpec::default(), &Unwatched)
}

/// The scenes that are asked for. Training scenes are made of training images alone, test scenes of test images alone. While
/// somebody has them they are shared, as long as their images are the same: what was opened anew may have changed.
///
/// # Errors
/// If the images cannot be opened, the options make no sense, an object has no room on the canvas, or all scenes take too
/// much memory.
pub fn scenes_of(spec: &SceneSpec, progress: &dyn Progress) -> Result<SceneSource, DataError> {
    let images = named_with(&spec.of, &ImageOptions::default(), progress)?;
    if let Some(scenes) = shared::find(spec, &images) {
        return Ok(scenes);
    }
    // Nothing is locked while composing: a thread that waits for its part takes up other work, which may ask for scenes too.
    spec.check(&images.train)?;
    let train = compose_scenes(&images.train, &spec.options, spec.count, 0, "scenes train")?;
    let test = compose_scenes(&images.test, &spec.options, spec.test_count(), 1, "scenes test")?;
    let source = source_of(train.dataset.into(), test.dataset.into());
    let composed = SceneSource { source, train: train.objects.into(), test: test.objects.into() };
    shared::share(spec, &images, &composed);
    Ok(composed)
}

fn source_of(train: Arc<Dataset>, test: Arc<Dataset>) -> Source {
    Source { name: "scenes".to_owned(), train, test, damaged: Arc::default() }
}

impl SceneOptions {
    fn check(&self, images: &Dataset) -> Result<(), DataError> {
        let refuse = |reason: String| Err(DataError::BadScene { reason });
        let (fewest, most) = self.objects;
        if !(16..=1024).contains(&self.side) {
            return refuse(format!("the canvas cannot have {} pixels a side. Give 16 to 1024", self.side));
        }
        if fewest == 0 || fewest > most || most > 64 {
            return refuse(format!("there cannot be {fewest} to {most} objects. Give at least one, and at most 64"));
        }
        let (smallest, largest) = self.scale;
        if !(smallest >= 0.1 && smallest <= largest && largest.is_finite()) {
            return refuse(format!("objects cannot be scaled by {smallest} to {largest}. Give at least 0.1"));
        }
        if !(0.0..=180.0).contains(&self.rotation) {
            return refuse(format!("objects cannot be turned by {} degrees. Give 0 to 180", self.rotation));
        }
        if self.clutter > 1_000 {
            return refuse(format!("there cannot be {} pieces of clutter. Give at most 1000", self.clutter));
        }
        let image = images.shape().height.max(images.shape().width) as f32;
        if image * largest > self.side as f32 {
            return refuse(format!(
                "an image of {image} pixels, scaled by {largest}, is larger than the canvas of {}. Scale it less",
                self.side
            ));
        }
        Ok(())
    }
}

/// So often a place is sought for an object among the others.
const TRIES: usize = 50;
/// Light that counts as a stroke, of 255.
const STROKE: f32 = 32.0;

struct Composer<'a> {
    images: &'a Dataset,
    options: &'a SceneOptions,
}

impl Composer<'_> {
    fn compose(&self, seed: u64, index: usize) -> Scene {
        let generator = &mut stream(seed, Purpose::Scenes, index, 0);
        let side = self.options.side;
        let mut pixels = vec![0; self.images.shape().channels * side * side];
        for _ in 0..self.options.clutter {
            self.strew(&mut pixels, generator);
        }
        let (fewest, most) = self.options.objects;
        let wanted = fewest + below(generator, (most - fewest + 1) as u32) as usize;
        let mut objects: Vec<Placed> = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            // The first always finds room.
            let free = (0..TRIES).find_map(|_| {
                let object = self.place(generator);
                (!objects.iter().any(|other| other.bounds.meets(&object.bounds))).then_some(object)
            });
            if let Some(mut object) = free {
                object.bounds = self.draw(&object, &mut pixels);
                objects.push(object);
            }
        }
        objects.sort_by_key(|object| std::cmp::Reverse(object.bounds.area()));
        Scene { pixels, objects }
    }

    /// A random image at a random place, wholly on the canvas if it can be; its bounds are those of its frame.
    fn place(&self, generator: &mut impl Rng) -> Placed {
        let image = below(generator, self.images.len() as u32) as usize;
        let (smallest, largest) = self.options.scale;
        let scale = between(smallest, largest, generator);
        let rotation = between(-self.options.rotation, self.options.rotation, generator);
        let side = self.options.side as f32;
        let [across, down] = frame(self.images.shape(), scale, rotation);
        let mut within = |size: f32| {
            if size < side { between(size / 2.0, side - size / 2.0, generator) } else { side / 2.0 }
        };
        let centre = [within(across), within(down)];
        let edge = |at: f32| at.clamp(0.0, side) as usize;
        let bounds = Bounds {
            left: edge((centre[0] - across / 2.0).floor()),
            top: edge((centre[1] - down / 2.0).floor()),
            right: edge((centre[0] + across / 2.0).ceil()),
            bottom: edge((centre[1] + down / 2.0).ceil()),
        };
        Placed { class: self.images.label(image), image, centre, scale, rotation, bounds }
    }

    /// Draws an object on the canvas; gives the pixels that it covers, or its frame if it is blank.
    fn draw(&self, object: &Placed, pixels: &mut [u8]) -> Bounds {
        let (shape, side, frame) = (self.images.shape(), self.options.side, object.bounds);
        let (sine, cosine) = object.rotation.to_radians().sin_cos();
        let mut covered = Bounds { left: side, top: side, right: 0, bottom: 0 };
        for row in frame.top..frame.bottom {
            for column in frame.left..frame.right {
                // Back from the middle of the pixel to the image, which is turned about its centre.
                let x = (column as f32 + 0.5 - object.centre[0]) / object.scale;
                let y = (row as f32 + 0.5 - object.centre[1]) / object.scale;
                let across = x * cosine + y * sine + shape.width as f32 / 2.0;
                let down = y * cosine - x * sine + shape.height as f32 / 2.0;
                let sample = Sample::at(shape, across, down);
                let mut lightest = 0.0_f32;
                for channel in 0..shape.channels {
                    let plane = &self.images.image(object.image)[channel * shape.plane()..][..shape.plane()];
                    let light = sample.of(plane);
                    lightest = lightest.max(light);
                    let place = &mut pixels[(channel * side + row) * side + column];
                    *place = if shape.channels == 1 {
                        (*place).max(light.round() as u8)
                    } else {
                        (f32::from(*place) * (1.0 - sample.cover) + light).round() as u8
                    };
                }
                let covers = if shape.channels == 1 { lightest >= STROKE } else { sample.cover >= 0.5 };
                if covers {
                    covered.left = covered.left.min(column);
                    covered.top = covered.top.min(row);
                    covered.right = covered.right.max(column + 1);
                    covered.bottom = covered.bottom.max(row + 1);
                }
            }
        }
        if covered.right == 0 { frame } else { covered }
    }

    /// Copies a small piece of a random image to a random place.
    fn strew(&self, pixels: &mut [u8], generator: &mut impl Rng) {
        let (shape, side) = (self.images.shape(), self.options.side);
        let size = (shape.height.min(shape.width) * 2 / 7).clamp(1, side);
        let image = self.images.image(below(generator, self.images.len() as u32) as usize);
        let mut first = |among: usize| below(generator, (among - size + 1) as u32) as usize;
        let (from_row, from_column) = (first(shape.height), first(shape.width));
        let (to_row, to_column) = (first(side), first(side));
        for channel in 0..shape.channels {
            for row in 0..size {
                let from = (channel * shape.height + from_row + row) * shape.width + from_column;
                let to = (channel * side + to_row + row) * side + to_column;
                for (place, &light) in pixels[to..to + size].iter_mut().zip(&image[from..from + size]) {
                    *place = if shape.channels == 1 { (*place).max(light) } else { light };
                }
            }
        }
    }
}

/// Each number equally likely.
fn between(least: f32, most: f32, generator: &mut impl Rng) -> f32 {
    least + (most - least) * (generator.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// Columns and rows of the upright frame around an image that is scaled and turned.
fn frame(shape: ImageShape, scale: f32, rotation: f32) -> [f32; 2] {
    let (sine, cosine) = rotation.to_radians().sin_cos();
    let (sine, cosine) = (sine.abs() * scale, cosine.abs() * scale);
    let (width, height) = (shape.width as f32, shape.height as f32);
    [width * cosine + height * sine, width * sine + height * cosine]
}

/// A point between four pixels of an image; what is outside is nothing.
struct Sample {
    /// Where each pixel is in its plane, and its weight; the weights sum up to `cover`.
    parts: [(usize, f32); 4],
    /// How much of the point is on the image, 0 to 1.
    cover: f32,
}

impl Sample {
    fn at(shape: ImageShape, across: f32, down: f32) -> Self {
        let (across, down) = (across - 0.5, down - 0.5);
        let (left, top) = (across.floor(), down.floor());
        let mut parts = [(0, 0.0); 4];
        for (i, part) in parts.iter_mut().enumerate() {
            let (column, row) = (left + (i % 2) as f32, top + (i / 2) as f32);
            let is_inside = column >= 0.0 && row >= 0.0 && column < shape.width as f32 && row < shape.height as f32;
            if is_inside {
                let weight = (1.0 - (across - column).abs()) * (1.0 - (down - row).abs());
                *part = (row as usize * shape.width + column as usize, weight);
            }
        }
        Self { parts, cover: parts.iter().map(|(_, weight)| weight).sum() }
    }

    fn of(&self, plane: &[u8]) -> f32 {
        self.parts.iter().map(|&(place, weight)| f32::from(plane[place]) * weight).sum()
    }
}
