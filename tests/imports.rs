//! Who may import whom: `data, nets <- train, lens <- experiments <- engine <- cli, ui`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with what it may import of Glassbox, itself aside.
const ALLOWED: &[(&str, &[&str])] = &[
    ("data", &[]),
    ("nets", &[]),
    ("train", &["data", "nets"]),
    ("lens", &["data", "nets"]),
    ("experiments", &["data", "nets", "train", "lens"]),
    ("engine", &["data", "nets", "train", "lens", "experiments"]),
    ("ui", &["data", "nets", "train", "lens", "experiments", "engine"]),
    ("cli", &["data", "nets", "train", "lens", "experiments", "engine", "ui"]),
];

/// Crates that only some modules may know.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("egui", &["ui"]),
    ("eframe", &["ui"]),
    ("burn", &["nets", "train", "lens", "experiments", "engine"]),
    ("clap", &["cli"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// `a` of every `prefix a` in the code, comments left out.
fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.flat_map(|line| line.split(prefix).skip(1).map(name).collect::<Vec<_>>()).collect()
}

/// Names imported from the crate root, also through `use crate::{a, b}`.
fn crate_imports(text: &str) -> Vec<String> {
    let mut names = names_after(text, "crate::");
    for group in text.split("crate::{").skip(1) {
        let inside = group.split('}').next().unwrap_or_default();
        names.extend(inside.split(',').map(|item| item.trim().split("::").next().unwrap_or_default().to_owned()));
    }
    names
}

#[test]
fn every_module_is_in_the_table() {
    let mut found: Vec<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let mut known: Vec<&str> = ALLOWED.iter().map(|(module, _)| *module).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn imports_go_down_only() {
    let modules: Vec<&str> = ALLOWED.iter().map(|(module, _)| *module).collect();
    for (module, allowed) in ALLOWED {
        for file in rust_files(&source().join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            for name in crate_imports(&text) {
                let is_fine = name == *module || allowed.contains(&name.as_str()) || !modules.contains(&name.as_str());
                assert!(is_fine, "{} imports crate::{name}, but {module} may import only {allowed:?}", file.display());
            }
        }
    }
}

#[test]
fn tensors_and_windows_stay_where_they_belong() {
    for (module, _) in ALLOWED {
        for file in rust_files(&source().join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for (name, modules) in ONLY_IN {
                let used = code.contains(&format!("{name}::"));
                assert!(!used || modules.contains(module), "{} knows {name}", file.display());
            }
        }
    }
}

#[test]
fn every_module_says_what_lives_there() {
    for file in rust_files(&source()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} begins without a module comment", file.display());
    }
}
