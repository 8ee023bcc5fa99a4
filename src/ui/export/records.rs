//! The figures behind a pane, as a table of texts.

/// A header and rows of as many fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Records {
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { header: header.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// A row; numbers are written in full, as `to_string` has them.
    pub fn push<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(Vec::from(row));
    }

    /// As CSV with a header line, fields quoted where that is needed.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(row).expect("rows are as long as the header, and memory takes them");
        }
        String::from_utf8(writer.into_inner().expect("memory takes it")).expect("fields are text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_needed() {
        let mut records = Records::new(["run", "what"]);
        records.push(["a, b".to_owned(), "say \"x\"".to_owned()]);
        assert_eq!(records.to_csv(), "run,what\n\"a, b\",\"say \"\"x\"\"\"\n");
    }
}
