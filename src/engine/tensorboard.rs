//! Curves as TensorBoard reads them: an event file of scalar summaries.
//!
//! A file is records one after the other: the length of the data (8 bytes, little-endian), the masked CRC-32C of those
//! bytes, the data, and the masked CRC-32C of the data (`tensorflow/core/lib/io/record_writer.h`). The data are `Event`
//! messages (`tensorflow/core/util/event.proto`), of which only the fields below are written.

use super::message::Point;
use prost::Message;
use std::io::{self, Write};

/// What the first record says of the format.
const VERSION: &str = "brain.Event:2";
/// By this TensorBoard knows an event file in a folder.
pub(super) const FILE_NAME: &str = "events.out.tfevents";
/// Added to a rotated check sum, so that one of data that hold a check sum is no trivial one.
const MASK: u32 = 0xa282_ead8;

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, so that a zero is written too: to TensorBoard it would be no scalar without.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// Writes every point of every curve, in their order, a series a tag. `began` is when the run did, in seconds since 1970.
///
/// # Errors
/// When `out` fails.
pub(super) fn write_events(out: &mut impl Write, began: f64, points: &[Point]) -> io::Result<()> {
    let version = Event { wall_time: began, file_version: Some(VERSION.to_owned()), ..Event::default() };
    write_record(out, &version.encode_to_vec())?;
    for point in points {
        let value = Value { tag: point.series.to_string(), simple_value: Some(point.value as f32) };
        let event = Event {
            wall_time: began + point.seconds,
            step: i64::try_from(point.step).unwrap_or(i64::MAX),
            file_version: None,
            summary: Some(Summary { value: vec![value] }),
        };
        write_record(out, &event.encode_to_vec())?;
    }
    Ok(())
}

fn write_record(out: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&masked(crc32c::crc32c(&length)).to_le_bytes())?;
    out.write_all(data)?;
    out.write_all(&masked(crc32c::crc32c(data)).to_le_bytes())
}

fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(MASK)
}
