//! MNIST, which travels inside the program. Origin and licence: `assets/mnist/README.md`.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::idx::IdxPair;
use super::idx_folder::source_of;
use super::{DataError, Source};

macro_rules! embedded {
    ($file:literal) => {
        (
            &include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/mnist/", $file))[..],
            concat!("the embedded ", $file),
        )
    };
}

/// MNIST: 60,000 training and 10,000 test images of handwritten digits, 1x28x28.
///
/// The first call unpacks it (55 MB; a fraction of a second); later ones share what the first unpacked.
///
/// # Errors
/// Only if the program itself is damaged.
pub fn mnist() -> Result<Source, DataError> {
    static UNPACKED: Mutex<Option<Source>> = Mutex::new(None);
    // Locked while unpacking, so that two who ask at once do not unpack twice.
    let mut unpacked = UNPACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = &*unpacked {
        return Ok(source.clone());
    }
    let source = unpack()?;
    *unpacked = Some(source.clone());
    Ok(source)
}

/// Each set on a thread of its own. Not rayon's: while it waits, a rayon thread takes up other work, and if that work
/// asked for MNIST too, it would wait for the lock that its own thread holds.
fn unpack() -> Result<Source, DataError> {
    let (train, test) = thread::scope(|scope| {
        let test = scope
            .spawn(|| IdxPair::read(embedded!("t10k-images-idx3-ubyte.gz"), embedded!("t10k-labels-idx1-ubyte.gz")));
        let train = IdxPair::read(embedded!("train-images-idx3-ubyte.gz"), embedded!("train-labels-idx1-ubyte.gz"));
        (train, test.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    source_of("mnist", train?, test?)
}
