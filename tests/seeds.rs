//! Every reader of files that people bring, on the seeds of the fuzzing targets and on mutations of them: what was found
//! once stays found, without the time and the compiler flags that fuzzing takes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/readers.rs"]
mod readers;

use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use readers::{READERS, Reader};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

const MUTATIONS: usize = 150;
/// Of each reader, in the slow test.
const MANY: usize = 1_000_000;
/// Numbers at which counts and sizes go wrong.
const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

/// The same where numbers are written out.
const WRITTEN: [&str; 8] = ["0", "1", "-1", "9223372036854775807", "4294967296", "nan", "inf", "1e308"];

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no seed");
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// One to four changes, such as a fuzzer makes.
fn mutated(bytes: &[u8], other: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(1..=16)).min(bytes.len());
        match rng.random_range(0..8) {
            7 => {
                let from = bytes[at..].iter().position(u8::is_ascii_digit).map_or(bytes.len(), |found| at + found);
                let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                bytes.splice(from..from + digits, WRITTEN.choose(rng).unwrap().bytes());
            }
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes[at..end].iter_mut().for_each(|byte| *byte = rng.next_u32() as u8),
            3 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let from = rng.random_range(0..=other.len());
                bytes.splice(at..end, other[from..(from + 16).min(other.len())].iter().copied());
            }
            5 => {
                let edge = EDGES.choose(rng).unwrap();
                let edge = if rng.random() { edge.to_le_bytes() } else { edge.to_be_bytes() };
                let width = [1, 2, 4, 8][rng.random_range(0..4)].min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&edge[..width]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
        }
    }
    bytes
}

#[test]
fn every_target_has_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = READERS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

#[test]
fn no_reader_panics_on_a_seed_or_a_mutation_of_one() {
    for (name, read) in READERS {
        let seeds = seeds(name);
        for (_, bytes) in &seeds {
            try_on(name, read, bytes);
        }
        try_mutations(name, read, &seeds, MUTATIONS * seeds.len());
    }
}

/// `GLASSBOX_READERS=config,architecture` tries these alone.
#[test]
#[ignore = "a million mutations of each reader: minutes each"]
fn no_reader_panics_on_a_million_mutations() {
    let chosen = std::env::var("GLASSBOX_READERS").ok();
    let is_chosen = |name: &str| chosen.as_ref().is_none_or(|chosen| chosen.split(',').any(|own| own == name));
    for (name, read) in READERS.into_iter().filter(|(name, _)| is_chosen(name)) {
        let began = std::time::Instant::now();
        try_mutations(name, read, &seeds(name), MANY);
        println!("{name}: {MANY} mutations in {:.0} s", began.elapsed().as_secs_f64());
    }
}

/// Of the seeds in turn.
fn try_mutations(name: &str, read: Reader, seeds: &[(PathBuf, Vec<u8>)], count: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (_, bytes) in seeds.iter().cycle().take(count) {
        let (_, other) = seeds.choose(&mut rng).unwrap();
        try_on(name, read, &mutated(bytes, other, &mut rng));
    }
}

fn try_on(name: &str, read: Reader, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| read(input))).is_err() {
        let file = std::env::temp_dir().join(format!("glassbox-finding-{name}"));
        fs::write(&file, input).unwrap();
        panic!("{name} panics: see {}", file.display());
    }
}
