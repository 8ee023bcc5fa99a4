//! What the methods write: floats as they are, or a picture of them.

use super::super::WrongArgument;
use super::UnitArgs;
use crate::data::npz_of_floats;
use crate::engine::write_atomically;
use crate::experiments::Subject;
use clap::Args;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use serde::Serialize;
use std::io::Cursor;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct OutArgs {
    /// Where to write it. As .npz: a float32 array [channels, height, width], the only one in the file. As .png: a picture of
    /// it in which zero is mid grey (128), and 1 and 255 are minus and plus the largest magnitude.
    #[arg(long, value_name = "FILE.npz|FILE.png")]
    out: PathBuf,
    /// Print what is known of it as a JSON object.
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Default, Serialize)]
pub(super) struct Known {
    pub(super) network: String,
    pub(super) layer: String,
    pub(super) unit: usize,
    /// Row and column in the unit's map; none for the whole map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<[usize; 2]>,
    pub(super) activation: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_activation: Option<f32>,
}

impl Known {
    pub(super) fn of(subject: &Subject, unit: &UnitArgs) -> Self {
        let network = subject.network().architecture().name.clone();
        Self { network, layer: unit.layer.clone(), unit: unit.unit, ..Self::default() }
    }
}

/// `[channels, height, width]`, and what the array is called in an `.npz`.
pub(super) struct Values<'a> {
    pub(super) name: &'a str,
    pub(super) shape: [usize; 3],
    pub(super) numbers: &'a [f32],
}

impl OutArgs {
    /// Refuses a file of another kind before any work is done.
    pub(super) fn check(&self) -> Result<(), WrongArgument> {
        if self.ends_in("npz") || self.ends_in("png") {
            return Ok(());
        }
        Err(WrongArgument(format!("--out takes a file that ends in .npz or .png, not {}", self.out.display())))
    }

    /// Writes the values, and prints what is known of them: a line for people, or a JSON object.
    pub(super) fn write(&self, values: &Values, known: &Known) -> anyhow::Result<()> {
        let bytes = if self.ends_in("npz") {
            npz_of_floats(&[(values.name, &values.shape, values.numbers)])?
        } else {
            png(values)?
        };
        write_atomically(&self.out, &bytes)?;
        if self.json {
            println!("{}", serde_json::to_string(known)?);
        } else {
            let place = known.place.map_or_else(String::new, |[y, x]| format!(" at row {y}, column {x}"));
            let largest = values.numbers.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            println!(
                "{} of {}, unit {}{place}: activation {:.4}; largest magnitude {largest:.4}; {}",
                known.layer,
                known.network,
                known.unit,
                known.activation,
                self.out.display(),
            );
        }
        Ok(())
    }

    fn ends_in(&self, kind: &str) -> bool {
        self.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind))
    }
}

fn png(values: &Values) -> anyhow::Result<Vec<u8>> {
    let [channels, height, width] = values.shape;
    let bytes = signed_bytes(values.numbers);
    let (across, down) = (u32::try_from(width)?, u32::try_from(height)?);
    let plane = height * width;
    let picture = match channels {
        1 => GrayImage::from_raw(across, down, bytes).map(DynamicImage::ImageLuma8),
        3 => {
            let pixels = (0..plane).flat_map(|at| [bytes[at], bytes[plane + at], bytes[2 * plane + at]]).collect();
            RgbImage::from_raw(across, down, pixels).map(DynamicImage::ImageRgb8)
        }
        _ => None,
    };
    let picture = picture.ok_or_else(|| {
        WrongArgument(format!("there is no picture of {channels} channels: give --out a file that ends in .npz"))
    })?;
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

/// Scaled symmetrically about mid grey by the largest magnitude.
fn signed_bytes(values: &[f32]) -> Vec<u8> {
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    values.iter().map(|value| (128.0 + value * scale).round() as u8).collect()
}
