//! Random numbers that depend only on what they are for.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are for: one purpose never sees another's numbers, so a new random choice changes no old one.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The order of the images in an epoch.
    Shuffle = 1,
    /// How one image is changed.
    Augment = 2,
    /// Which images are used at all.
    Subset = 3,
    /// Which images are held out.
    HoldOut = 4,
    /// Which digits stand beside each other.
    Pairs = 5,
    /// Where clusters start, and in which order they are fed.
    Clusters = 6,
    /// Which examples a bootstrap draws.
    Bootstrap = 7,
    /// Which images of other classes a specialist sees.
    Rest = 8,
    /// Which classes are in which half.
    Classes = 9,
    /// What is where in a scene.
    Scenes = 10,
    /// Which parts of an image, or which pixels, are hidden.
    Parts = 11,
    /// Which choices a permutation test makes.
    Permutations = 12,
    /// Where an image that is made for a unit starts, and how it moves.
    Maximisation = 13,
}

/// The generator for one purpose at one place: the same arguments, the same numbers, on every machine.
pub(crate) fn stream(seed: u64, purpose: Purpose, major: usize, minor: usize) -> ChaCha8Rng {
    // The whole 256-bit key is written here, not expanded from 64 bits, so that no two places can share a key.
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(major as u64).to_le_bytes());
    key[16..24].copy_from_slice(&(minor as u64).to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(purpose as u64);
    generator
}

/// A whole number in `0..bound`, each equally likely (Lemire 2019, arXiv 1805.10941).
///
/// Written out, as is [`shuffle`], because crates may change their way of drawing between versions, and an old run must
/// still resume.
pub(crate) fn below(generator: &mut impl Rng, bound: u32) -> u32 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(generator.next_u32()) * u64::from(bound);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

/// Fisher-Yates: each order equally likely.
pub(crate) fn shuffle<T>(items: &mut [T], generator: &mut impl Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(generator, i as u32 + 1) as usize);
    }
}
