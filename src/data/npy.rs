//! One array in an `.npy` of numpy (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! Headers are promises: no more is read than an array's file can hold, and nothing in it is ever evaluated.

use std::io::{self, Read};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header, in bytes: a few hundred are usual.
const LONGEST_HEADER: usize = 1 << 16;
/// The most numbers of one array.
const MOST_NUMBERS: usize = 4 << 30;

/// A number of an array.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Whole(i64),
    Real(f64),
}

/// Type and size of an array's numbers, little-endian.
#[derive(Clone, Copy)]
enum Kind {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl Kind {
    fn of(descr: &str) -> Option<Self> {
        let (order, kind) = descr.split_at_checked(1)?;
        let kind = match kind {
            "u1" | "b1" => Self::Unsigned(1),
            "u2" => Self::Unsigned(2),
            "u4" => Self::Unsigned(4),
            "u8" => Self::Unsigned(8),
            "i1" => Self::Signed(1),
            "i2" => Self::Signed(2),
            "i4" => Self::Signed(4),
            "i8" => Self::Signed(8),
            "f4" => Self::Float(4),
            "f8" => Self::Float(8),
            _ => return None,
        };
        (order == "<" || (order == "|" && kind.width() == 1)).then_some(kind)
    }

    /// Bytes of one number.
    fn width(self) -> usize {
        match self {
            Self::Unsigned(width) | Self::Signed(width) | Self::Float(width) => width,
        }
    }

    fn number(self, bytes: &[u8]) -> Number {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        let bits = u64::from_le_bytes(eight);
        match self {
            // What is too large for i64 is too large for a pixel or a label, and so is what it becomes.
            Self::Unsigned(_) => Number::Whole(i64::try_from(bits).unwrap_or(i64::MAX)),
            Self::Signed(width) => {
                let unused = 64 - 8 * width as u32;
                Number::Whole((bits << unused) as i64 >> unused)
            }
            Self::Float(4) => Number::Real(f64::from(f32::from_bits(bits as u32))),
            Self::Float(_) => Number::Real(f64::from_bits(bits)),
        }
    }
}

/// Reads an `.npy` of `bytes` bytes. Its shape is checked before its numbers, each of which becomes a `T`.
pub(super) fn read_array<T>(
    reader: &mut dyn Read,
    bytes: u64,
    check: impl Fn(&[usize]) -> Result<(), String>,
    make: impl Fn(Number) -> Result<T, String>,
) -> Result<(Vec<usize>, Vec<T>), String> {
    let (kind, shape) = read_header(reader)?;
    check(&shape)?;
    let count = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let count = count.filter(|&count| count <= MOST_NUMBERS).ok_or("it has more than four thousand million numbers")?;
    if count == 0 {
        return Err("it is empty".to_owned());
    }
    if (count * kind.width()) as u64 > bytes {
        return Err("it is truncated: its header promises more numbers than are there".to_owned());
    }
    let mut numbers = Vec::with_capacity(count);
    let mut buffer = vec![0; (1 << 16) * kind.width()];
    while numbers.len() < count {
        let part = &mut buffer[..(count - numbers.len()).min(1 << 16) * kind.width()];
        reader.read_exact(part).map_err(|error| described(&error))?;
        for number in part.chunks_exact(kind.width()) {
            numbers.push(make(kind.number(number))?);
        }
    }
    // Asking for one byte more also makes the zip check its sum.
    let more = reader.read(&mut buffer[..1]).map_err(|error| described(&error))?;
    if more > 0 {
        return Err("it goes on after the numbers that its header promises".to_owned());
    }
    Ok((shape, numbers))
}

fn described(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is truncated".to_owned(),
        _ => error.to_string(),
    }
}

fn read_header(reader: &mut dyn Read) -> Result<(Kind, Vec<usize>), String> {
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(|error| described(&error))?;
    if &start[..6] != MAGIC {
        return Err("it is not an .npy array".to_owned());
    }
    // Version 1 counts the header in two bytes, versions 2 and 3 in four.
    let mut length = [0; 4];
    let counted = if start[6] == 1 { 2 } else { 4 };
    reader.read_exact(&mut length[..counted]).map_err(|error| described(&error))?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(format!("its header has {length} bytes"));
    }
    let mut header = vec![0; length];
    reader.read_exact(&mut header).map_err(|error| described(&error))?;
    let header = String::from_utf8(header).map_err(|_| "its header is not text")?;
    parse_header(&header)
}

/// The dictionary of a header: `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`.
fn parse_header(header: &str) -> Result<(Kind, Vec<usize>), String> {
    let value = |key: &str| {
        let rest = header.split_once(&format!("'{key}':"))?.1;
        Some(rest.trim_start())
    };
    let missing = |key: &str| format!("its header names no {key}");
    let descr = value("descr").and_then(|rest| rest.strip_prefix('\'')?.split_once('\'')).ok_or(missing("type"))?.0;
    let kind = Kind::of(descr).ok_or_else(|| {
        format!("its numbers are of type {descr}. Give little-endian integers or floats, such as uint8")
    })?;
    if !value("fortran_order").ok_or(missing("order"))?.starts_with("False") {
        return Err("it is in Fortran's order. Save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = value("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or(missing("shape"))?.0;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<Vec<usize>, _>>().map_err(|_| missing("shape"))?;
    if shape.is_empty() { Err("it is a single number".to_owned()) } else { Ok((kind, shape)) }
}
