//! Data sets that are fetched: from where their makers keep them, into the user's folder for such things.
//!
//! What was fetched is opened by name ([`named`](super::named)), without a connection. Nothing is fetched unless it is
//! asked for.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::{Digest, Md5};
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use ureq::http::{HeaderMap, StatusCode};
use ureq::{Agent, Body};

use super::{DataError, cache_folder};

/// A connection that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a connection that breaks is made again, to go on where it broke.
const ATTEMPTS: usize = 4;
const BLOCK: usize = 1 << 16;

/// A data set that can be fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Download {
    /// What to ask for.
    pub name: String,
    /// What it shows, in a few words.
    pub description: String,
    /// The files it consists of. Several are opened as the folder they lie in, one as itself.
    pub files: Vec<RemoteFile>,
}

/// One file of a [`Download`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteFile {
    /// Where its makers keep it. What follows the last `/` is the file's name.
    pub url: String,
    /// The MD5 of its content in hexadecimal, as its makers tell it.
    pub md5: String,
}

impl RemoteFile {
    fn new(url: &str, md5: &str) -> Self {
        Self { url: url.to_owned(), md5: md5.to_owned() }
    }

    fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

/// The data sets that can be fetched, with the check sums that their pages tell:
/// <https://www.cs.toronto.edu/~kriz/cifar.html> and <https://github.com/zalandoresearch/fashion-mnist>.
pub fn downloads() -> [Download; 3] {
    let download = |name: &str, description: &str, files: Vec<RemoteFile>| Download {
        name: name.to_owned(),
        description: description.to_owned(),
        files,
    };
    let cifar = |file, md5| vec![RemoteFile::new(&format!("https://www.cs.toronto.edu/~kriz/{file}"), md5)];
    let fashion = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ];
    let at_zalando = |(file, md5): (&str, &str)| {
        RemoteFile::new(&format!("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{file}"), md5)
    };
    [
        download(
            "cifar10",
            "60,000 photographs of 10 classes, 32 x 32",
            cifar("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
        ),
        download(
            "cifar100",
            "60,000 photographs of 100 classes, 32 x 32",
            cifar("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"),
        ),
        download(
            "fashion-mnist",
            "70,000 pictures of 10 kinds of clothes, 28 x 28",
            fashion.into_iter().map(at_zalando).collect(),
        ),
    ]
}

/// How far fetching is. The answer says whether to go on; without, it ends with [`DataError::Cancelled`], and what has
/// come stays for the next time.
pub trait FetchProgress {
    /// `bytes` of a file are there, of `all` if the server says how many.
    fn fetched(&mut self, file: &str, bytes: u64, all: Option<u64>) -> bool;
}

impl Download {
    /// The download of this name, in whatever case.
    pub fn named(name: &str) -> Option<Self> {
        downloads().into_iter().find(|download| download.name.eq_ignore_ascii_case(name))
    }

    /// The folder for its files: `data-sets/NAME` in the [`cache_folder`].
    ///
    /// # Errors
    /// If the user has no such folder.
    pub fn folder(&self) -> Result<PathBuf, DataError> {
        Ok(cache_folder().ok_or(DataError::NoCacheFolder)?.join("data-sets").join(&self.name))
    }

    /// What to open in `folder`, if all files are there.
    pub fn fetched(&self, folder: &Path) -> Option<PathBuf> {
        let is_here = self.files.iter().all(|file| folder.join(file.name()).is_file());
        is_here.then(|| match &self.files[..] {
            [file] => folder.join(file.name()),
            _ => folder.to_owned(),
        })
    }

    /// Fetches what is not yet in `folder`, and gives what to open. A file is there under its name only when all of it is,
    /// and its check sum is right; until then it is `NAME.part`, to which the next fetch adds what is missing.
    ///
    /// With `mirror`, the address of a folder, the files are fetched from there. Check sums hold all the same.
    ///
    /// # Errors
    /// If a file cannot be reached, written, or is not what it should be, and if `progress` says to stop.
    pub fn fetch(
        &self,
        folder: &Path,
        mirror: Option<&str>,
        progress: &mut dyn FetchProgress,
    ) -> Result<PathBuf, DataError> {
        fs::create_dir_all(folder).map_err(|source| unwritable(folder, source))?;
        for file in self.files.iter().filter(|file| !folder.join(file.name()).is_file()) {
            let url = mirror.map(|mirror| format!("{}/{}", mirror.trim_end_matches('/'), file.name()));
            let fetching = Fetching {
                url: url.unwrap_or_else(|| file.url.clone()),
                file,
                place: folder.join(file.name()),
                part: folder.join(format!("{}.part", file.name())),
            };
            fetching.run(progress)?;
        }
        self.fetched(folder).ok_or_else(|| DataError::NotFetched { name: self.name.clone() })
    }
}

/// One file on its way.
struct Fetching<'a> {
    url: String,
    file: &'a RemoteFile,
    place: PathBuf,
    part: PathBuf,
}

impl Fetching<'_> {
    fn run(&self, progress: &mut dyn FetchProgress) -> Result<(), DataError> {
        let unwritable = |source| unwritable(&self.part, source);
        let mut out = File::options().create(true).append(true).open(&self.part).map_err(unwritable)?;
        match out.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DataError::BeingFetched { url: self.url.clone() }),
            // Where files cannot be locked, they are not.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let fetched = self.run_alone(&mut out, progress);
        // Said, since a process that was started meanwhile may hold the file for a moment longer.
        let _ = out.unlock();
        fetched
    }

    fn run_alone(&self, out: &mut File, progress: &mut dyn FetchProgress) -> Result<(), DataError> {
        let unwritable = |source| unwritable(&self.part, source);
        for attempt in 1.. {
            match self.go_on(out, progress) {
                Ok(()) => break,
                Err(DataError::NotReached { .. }) if attempt < ATTEMPTS && length(out) > 0 => {}
                Err(error) => return Err(error),
            }
        }
        out.sync_all().map_err(unwritable)?;
        let found = md5_of(&self.part).map_err(unwritable)?;
        if found != self.file.md5 {
            let _ = fs::remove_file(&self.part);
            return Err(DataError::WrongSum { url: self.url.clone(), found, expected: self.file.md5.clone() });
        }
        fs::rename(&self.part, &self.place).map_err(unwritable)
    }

    /// Adds to `out` what is missing.
    fn go_on(&self, out: &mut File, progress: &mut dyn FetchProgress) -> Result<(), DataError> {
        let there = length(out);
        let response = self.ask(there)?;
        let restarts = !(response.status() == StatusCode::PARTIAL_CONTENT && begins_at(response.headers(), there));
        if restarts {
            out.set_len(0).map_err(|source| unwritable(&self.part, source))?;
        }
        let mut bytes = length(out);
        let all = number(response.headers()).map(|rest| bytes + rest);
        let mut body = response.into_body().into_reader();
        let mut block = vec![0; BLOCK];
        loop {
            if !progress.fetched(self.file.name(), bytes, all) {
                return Err(DataError::Cancelled { name: self.url.clone() });
            }
            let read = body.read(&mut block).map_err(|error| self.not_reached(&error.to_string()))?;
            if read == 0 {
                break;
            }
            out.write_all(&block[..read]).map_err(|source| unwritable(&self.part, source))?;
            bytes += read as u64;
        }
        match all {
            Some(all) if bytes < all => Err(self.not_reached("the connection ended before the file did")),
            _ => Ok(()),
        }
    }

    /// Asks for what follows the first `there` bytes. A server may send everything.
    fn ask(&self, there: u64) -> Result<ureq::http::Response<Body>, DataError> {
        let config = Agent::config_builder()
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .http_status_as_error(false)
            .build();
        let agent = Agent::new_with_config(config);
        let get = |from: u64| {
            let request = agent.get(&self.url);
            let request = if from > 0 { request.header(RANGE, format!("bytes={from}-")) } else { request };
            request.call().map_err(|error| self.not_reached(&error.to_string()))
        };
        let mut response = get(there)?;
        // What is there is as long as the file, or longer: the check sum alone could tell. All of it once more is simpler.
        if there > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            response = get(0)?;
        }
        let status = response.status();
        if !status.is_success() {
            return Err(DataError::Refused { url: self.url.clone(), status: status.to_string() });
        }
        Ok(response)
    }

    fn not_reached(&self, reason: &str) -> DataError {
        DataError::NotReached {
            url: self.url.clone(),
            reason: reason.to_owned(),
            place: self.place.display().to_string(),
        }
    }
}

fn length(file: &File) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

/// Whether a part of a file begins where it was asked for.
fn begins_at(headers: &HeaderMap, start: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {start}-")))
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn md5_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Md5::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(format!("{:032x}", u128::from_be_bytes(sum.finalize().into()))),
            read => sum.update(&block[..read]),
        }
    }
}

fn unwritable(path: &Path, source: io::Error) -> DataError {
    DataError::Write { file: path.display().to_string(), source }
}
