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

    /// As a JSON object a line, with the header's names in its order. What reads as a number is one; an empty field is null.
    pub fn into_json_lines(self) -> String {
        let csv = self.into_csv();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().expect("a header was written").clone();
        let mut lines = String::new();
        for row in reader.records().map(|row| row.expect("rows were written as long as the header")) {
            let field = |(name, value): (&str, &str)| format!("{}:{}", serde_json::Value::from(name), json(value));
            let fields: Vec<String> = header.iter().zip(&row).map(field).collect();
            lines.extend(["{", &fields.join(","), "}\n"]);
        }
        lines
    }

    fn write(&mut self, row: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        self.writer.write_record(row).expect("rows are as long as the header, and memory takes them");
    }
}

fn json(value: &str) -> serde_json::Value {
    if value.is_empty() {
        return serde_json::Value::Null;
    }
    let number = serde_json::from_str::<serde_json::Number>(value);
    number.map_or_else(|_| serde_json::Value::from(value), serde_json::Value::Number)
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

    #[test]
    fn lines_of_json_keep_the_order_of_the_header_and_tell_numbers_from_text() {
        let mut records = Records::new(["step", "run", "loss"]);
        records.push(["10", "say \"x\"", "0.25"]);
        records.push(["20", "", "NaN"]);
        let expected = concat!(
            "{\"step\":10,\"run\":\"say \\\"x\\\"\",\"loss\":0.25}\n",
            "{\"step\":20,\"run\":null,\"loss\":\"NaN\"}\n",
        );
        assert_eq!(records.into_json_lines(), expected);
    }
}
