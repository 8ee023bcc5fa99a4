//! The figures behind a pane, as a table of texts.

/// A header and rows of as many fields, kept as the CSV that they are saved as: there may be millions of them.
pub struct Records {
    writer: csv::Writer<Vec<u8>>,
    rows: usize,
}

impl Records {
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self::with_header(header)
    }

    /// For a header that is not known beforehand.
    pub fn with_header(header: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut records = Self { writer: csv::Writer::from_writer(Vec::new()), rows: 0 };
        records.write(header);
        records
    }

    /// A row; numbers are written in full, as `to_string` has them.
    pub fn push<const N: usize>(&mut self, row: [impl AsRef<[u8]>; N]) {
        self.push_all(row);
    }

    /// A row of as many fields as the header has.
    pub fn push_all(&mut self, row: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        self.write(row);
        self.rows += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// As CSV with a header line, fields quoted where that is needed.
    pub fn into_csv(self) -> String {
        String::from_utf8(self.writer.into_inner().expect("memory takes it")).expect("fields are text")
    }

    fn write(&mut self, row: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        self.writer.write_record(row).expect("rows are as long as the header, and memory takes them");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_needed() {
        let mut records = Records::new(["run", "what"]);
        assert!(records.is_empty());
        records.push(["a, b", "say \"x\""]);
        assert_eq!(records.into_csv(), "run,what\n\"a, b\",\"say \"\"x\"\"\"\n");
    }
}
