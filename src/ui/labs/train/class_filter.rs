//! Which classes to learn, as text.

use crate::data::ClassFilter;

/// As a person writes it.
pub(super) fn classes_text(filter: &ClassFilter) -> String {
    let list = |classes: &[usize]| classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match filter {
        ClassFilter::All => "all".to_owned(),
        ClassFilter::Only(classes) => list(classes),
        ClassFilter::Except(classes) => format!("all but {}", list(classes)),
    }
}

/// Reads what the window writes of them (`all`, `0, 3`, `all but 9`), and ranges (`3-5`).
///
/// # Errors
/// Says which part is no class.
pub fn parse_classes(text: &str) -> Result<ClassFilter, String> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("all") {
        return Ok(ClassFilter::All);
    }
    let (list, except) = text.strip_prefix("all but").map_or((text, false), |rest| (rest, true));
    let mut classes = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let read = |text: &str| text.trim().parse::<usize>().ok().filter(|&class| class < 100_000);
        match (read(first), read(last)) {
            (Some(first), Some(last)) if first <= last => classes.extend(first..=last),
            _ => return Err(format!("`{part}` is no class: write all, numbers such as 0, 3-5, or all but 9")),
        }
    }
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        return Err("no class is left: write all, numbers such as 0, 3-5, or all but 9".to_owned());
    }
    Ok(if except { ClassFilter::Except(classes) } else { ClassFilter::Only(classes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_as_people_write_them() {
        assert_eq!(parse_classes("all"), Ok(ClassFilter::All));
        assert_eq!(parse_classes("7, 0-2,2"), Ok(ClassFilter::Only(vec![0, 1, 2, 7])));
        assert_eq!(parse_classes("all but 9"), Ok(ClassFilter::Except(vec![9])));
        assert!(parse_classes("nine").is_err());
        assert!(parse_classes("5-2").is_err());
        assert!(parse_classes("all but").is_err());
        for text in ["all", "0, 3", "all but 3, 4"] {
            assert_eq!(classes_text(&parse_classes(text).unwrap()), text);
        }
    }
}
