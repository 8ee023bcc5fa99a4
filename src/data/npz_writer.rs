//! Arrays as an `.npz` of numpy, written as they come
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).

use std::io::{self, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Version 1.0 counts the header in two bytes.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// The numbers of an array begin at a multiple of it.
const ALIGNMENT: usize = 64;

/// An `.npz` under way, uncompressed as `numpy.savez` writes it.
pub struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    /// Numbers of the array in hand that have not come yet.
    missing: usize,
}

impl<W: Write + Seek> NpzWriter<W> {
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new(out), missing: 0 }
    }

    /// Begins an array of 32-bit floats: as many as `shape` says follow by [`floats`](Self::floats).
    ///
    /// # Errors
    /// When the disk refuses, or the array before it is not complete.
    pub fn begin_floats(&mut self, name: &str, shape: &[usize]) -> io::Result<()> {
        self.begin(name, "<f4", shape, 4)
    }

    /// The next numbers of the array that was begun.
    ///
    /// # Errors
    /// When the disk refuses, or there are more than its shape says.
    pub fn floats(&mut self, values: &[f32]) -> io::Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.write(values.len(), &bytes)
    }

    /// A whole array `[n]` of 64-bit integers.
    ///
    /// # Errors
    /// When the disk refuses, or the array before it is not complete.
    pub fn integers(&mut self, name: &str, values: impl ExactSizeIterator<Item = i64>) -> io::Result<()> {
        let count = values.len();
        self.begin(name, "<i8", &[count], 8)?;
        let bytes: Vec<u8> = values.flat_map(i64::to_le_bytes).collect();
        self.write(count, &bytes)
    }

    /// A whole array `[n]` of texts, each as wide as the longest.
    ///
    /// # Errors
    /// When the disk refuses, or the array before it is not complete.
    pub fn texts(&mut self, name: &str, values: &[String]) -> io::Result<()> {
        let width = values.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
        self.begin(name, &format!("<U{width}"), &[values.len()], 4 * width)?;
        for text in values {
            let letters = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(width);
            let bytes: Vec<u8> = letters.flat_map(u32::to_le_bytes).collect();
            self.write(1, &bytes)?;
        }
        Ok(())
    }

    /// Writes what ends the file.
    ///
    /// # Errors
    /// When the disk refuses, or the last array is not complete.
    pub fn finish(self) -> io::Result<W> {
        self.check_complete()?;
        Ok(self.zip.finish()?)
    }

    fn begin(&mut self, name: &str, descr: &str, shape: &[usize], width: usize) -> io::Result<()> {
        self.check_complete()?;
        self.missing = shape.iter().product();
        let bytes = self.missing as u64 * width as u64;
        // The date is fixed: the same arrays, the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(bytes >= u64::from(u32::MAX) - 1024);
        self.zip.start_file(format!("{name}.npy"), options)?;
        self.zip.write_all(&header(descr, shape))
    }

    fn write(&mut self, numbers: usize, bytes: &[u8]) -> io::Result<()> {
        self.missing = self.missing.checked_sub(numbers).ok_or_else(|| unsound("more numbers than its shape says"))?;
        self.zip.write_all(bytes)
    }

    fn check_complete(&self) -> io::Result<()> {
        if self.missing == 0 { Ok(()) } else { Err(unsound("fewer numbers than its shape says")) }
    }
}

fn unsound(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("an array has {what}"))
}

/// What stands before the numbers of an `.npy`.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one has a comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", sides.join(", "));
    let before = MAGIC.len() + 2;
    let padding = ALIGNMENT - (before + text.len() + 1) % ALIGNMENT;
    let length = (text.len() + padding + 1) as u16;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(std::iter::repeat_n(b' ', padding));
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// As `numpy.lib.format.write_array_header_1_0` of numpy 2 writes it, but for blanks that it keeps for growing.
    #[test]
    fn a_header_says_type_and_shape_and_ends_aligned() {
        let bytes = header("<f4", &[70_000, 50]);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(bytes[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (70000, 50), }   "));
        assert!(bytes.ends_with(b" \n") && bytes.len() == 128);
        assert!(header("<i8", &[3])[10..].starts_with(b"{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"));
        for n in 0..200 {
            assert_eq!(header("<U1", &vec![1; n]).len() % ALIGNMENT, 0, "{n}");
        }
    }

    #[test]
    fn an_array_has_as_many_numbers_as_its_shape_says() {
        let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
        npz.begin_floats("features", &[2, 2]).unwrap();
        npz.floats(&[1.0, 2.0]).unwrap();
        assert!(npz.integers("labels", [1].into_iter()).unwrap_err().to_string().contains("fewer"));
        npz.floats(&[3.0, 4.0]).unwrap();
        assert!(npz.floats(&[5.0]).unwrap_err().to_string().contains("more"));
        assert!(npz.finish().is_ok());
    }
}
