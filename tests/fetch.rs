//! Fetching data sets, from a server on this machine: resumed, checked, refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/archives.rs"]
mod archives;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use archives::{gzipped, tarred};
use glassbox::data::{DataError, Download, FetchProgress, RemoteFile, downloads};

/// What a server has, and how it misbehaves.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    /// Answers end after so many bytes, the first time that a file is asked for.
    breaks_after: Option<usize>,
    ignores_ranges: bool,
    /// Every request: the path, and the first byte that was asked for.
    asked: Mutex<Vec<(String, usize)>>,
}

/// Serves until the process ends; gives its address.
fn serve(shelf: Arc<Shelf>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who goes away in the middle is no failure of the server.
            let _ = answer(stream, &shelf);
        }
    });
    address
}

fn answer(mut stream: TcpStream, shelf: &Shelf) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("range") && !shelf.ignores_ranges {
            from = value.trim().trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
        }
    }
    let is_first = {
        let mut asked = shelf.asked.lock().unwrap();
        asked.push((path.clone(), from));
        asked.iter().filter(|(other, _)| *other == path).count() == 1
    };
    let Some(bytes) = shelf.files.get(&path) else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    if from >= bytes.len() {
        return write!(stream, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let (status, range) = match from {
        0 => ("200 OK", String::new()),
        _ => ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{}\r\n", bytes.len() - 1, bytes.len())),
    };
    let left = &bytes[from..];
    write!(stream, "HTTP/1.1 {status}\r\n{range}Content-Length: {}\r\nConnection: close\r\n\r\n", left.len())?;
    let sent = shelf.breaks_after.filter(|_| is_first).unwrap_or(left.len());
    stream.write_all(&left[..sent.min(left.len())])
}

fn contents() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(i) >> 5) as u8).collect()
}

/// The MD5 of [`contents`], by Python's hashlib.
const SUM: &str = "d34ca3ce7e945b8ae02cad60fd9d3f8e";

fn shelf() -> Shelf {
    Shelf { files: [("/set/numbers.bin".to_owned(), contents())].into(), ..Shelf::default() }
}

fn download(address: &str) -> Download {
    let file = RemoteFile { url: format!("{address}/set/numbers.bin"), md5: SUM.to_owned() };
    Download { name: "numbers".to_owned(), description: String::new(), files: vec![file] }
}

/// Goes on until so many bytes are there.
struct Until(u64, Vec<u64>);

impl FetchProgress for Until {
    fn fetched(&mut self, file: &str, bytes: u64, all: Option<u64>) -> bool {
        assert_eq!((file, all), ("numbers.bin", Some(300_000)));
        self.1.push(bytes);
        bytes < self.0
    }
}

fn forever() -> Until {
    Until(u64::MAX, Vec::new())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_whole_and_once() {
    let shelf = Arc::new(shelf());
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new/place");
    let download = download(&serve(Arc::clone(&shelf)));
    assert_eq!(download.fetched(&place), None);
    let mut progress = forever();
    let path = download.fetch(&place, None, &mut progress).unwrap();
    assert_eq!(path, place.join("numbers.bin"));
    assert_eq!(fs::read(&path).unwrap(), contents());
    assert!(progress.1.is_sorted() && progress.1.last() == Some(&300_000), "{:?}", progress.1);
    assert_eq!(download.fetched(&place), Some(path));
    download.fetch(&place, None, &mut forever()).unwrap();
    assert_eq!(shelf.asked.lock().unwrap().len(), 1, "what is there is not fetched again");
    assert_eq!(names(&place), ["numbers.bin"]);
}

#[test]
fn what_was_stopped_goes_on_where_it_stopped() {
    for ignores_ranges in [false, true] {
        let shelf = Arc::new(Shelf { ignores_ranges, ..shelf() });
        let folder = tempfile::tempdir().unwrap();
        let download = download(&serve(Arc::clone(&shelf)));
        let error = download.fetch(folder.path(), None, &mut Until(100_000, Vec::new())).unwrap_err();
        assert!(matches!(error, DataError::Cancelled { .. }), "{error}");
        assert_eq!(names(folder.path()), ["numbers.bin.part"]);
        let there = fs::metadata(folder.path().join("numbers.bin.part")).unwrap().len() as usize;
        let path = download.fetch(folder.path(), None, &mut forever()).unwrap();
        assert_eq!(fs::read(path).unwrap(), contents());
        let from = if ignores_ranges { 0 } else { there };
        assert_eq!(shelf.asked.lock().unwrap()[1], ("/set/numbers.bin".to_owned(), from));
    }
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    let shelf = Arc::new(Shelf { breaks_after: Some(123_456), ..shelf() });
    let folder = tempfile::tempdir().unwrap();
    let path = download(&serve(Arc::clone(&shelf))).fetch(folder.path(), None, &mut forever()).unwrap();
    assert_eq!(fs::read(path).unwrap(), contents());
    let asked: Vec<usize> = shelf.asked.lock().unwrap().iter().map(|(_, from)| *from).collect();
    assert!(asked.len() == 2 && asked[0] == 0 && (1..=123_456).contains(&asked[1]), "{asked:?}");
}

#[test]
fn a_part_that_is_too_long_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("numbers.bin.part"), vec![9; 400_000]).unwrap();
    let path = download(&serve(Arc::new(shelf()))).fetch(folder.path(), None, &mut forever()).unwrap();
    assert_eq!(fs::read(path).unwrap(), contents());
}

#[test]
fn what_is_not_the_file_is_removed_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let other = Shelf { files: [("/set/numbers.bin".to_owned(), vec![1; 300_000])].into(), ..Shelf::default() };
    let error = download(&serve(Arc::new(other))).fetch(folder.path(), None, &mut forever()).unwrap_err();
    assert!(error.to_string().contains(&format!("not {SUM}")), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn what_a_server_has_not_and_a_server_that_is_not_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let address = serve(Arc::new(Shelf::default()));
    let error = download(&address).fetch(folder.path(), None, &mut forever()).unwrap_err();
    assert!(matches!(&error, DataError::Refused { status, .. } if status.contains("404")), "{error}");
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = download(&format!("http://{free}")).fetch(folder.path(), None, &mut forever()).unwrap_err();
    assert!(matches!(error, DataError::NotReached { .. }), "{error}");
    let place = folder.path().join("numbers.bin").display().to_string();
    assert!(error.to_string().contains("Check the connection") && error.to_string().contains(&place), "{error}");
}

fn glassbox(cache: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glassbox")).args(args).env("GLASSBOX_CACHE", cache).output().unwrap()
}

#[test]
fn the_command_fetches_from_a_mirror_and_checks_what_it_gets() {
    let cache = tempfile::tempdir().unwrap();
    let record = [vec![3_u8], vec![7; 3072]].concat();
    let batches =
        [("cifar-10-batches-bin/data_batch_1.bin", record.clone()), ("cifar-10-batches-bin/test_batch.bin", record)];
    let archive = gzipped(&tarred(&batches));
    let shelf =
        Shelf { files: [("/mirror/cifar-10-binary.tar.gz".to_owned(), archive.clone())].into(), ..Shelf::default() };
    let address = serve(Arc::new(shelf));
    let mirror = format!("{address}/mirror/");
    // It is not the archive whose sum is known.
    let output = glassbox(cache.path(), &["data", "fetch", "cifar10", "--mirror", &mirror]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("c32a1d4ab5d03f1284b67883e8d87530"), "{message}");

    let output = glassbox(cache.path(), &["data", "info", "cifar10"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("glassbox data fetch cifar10"));
    // Once a file lies in its place, its name opens it.
    let place = cache.path().join("data-sets/cifar10");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("cifar-10-binary.tar.gz"), archive).unwrap();
    let output = glassbox(cache.path(), &["data", "info", "CIFAR10"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("cifar10: 1 training and 1 test images of 3x32x32"), "{shown}");
    let output = glassbox(cache.path(), &["data", "fetch", "cifar10"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("there already"));
    let output = glassbox(cache.path(), &["data", "fetch", "imagenet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("fashion-mnist"));
}

#[test]
fn what_can_be_fetched_is_found_by_name_and_has_a_sum() {
    for download in downloads() {
        assert_eq!(Download::named(&download.name.to_uppercase()), Some(download.clone()));
        for file in &download.files {
            assert!(file.md5.len() == 32 && file.md5.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
}
