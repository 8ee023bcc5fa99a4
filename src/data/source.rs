//! Training and test images that belong together.

use std::sync::Arc;

use super::{Amount, Damaged, DataError, Dataset, Split};

/// Training and test images that belong together: one shape, one list of classes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    /// What both together are called, such as `mnist`.
    pub name: String,
    /// The images to learn from.
    pub train: Arc<Dataset>,
    /// The images to be tested with, never learned from.
    pub test: Arc<Dataset>,
    /// Files that belong to it and could not be opened.
    pub damaged: Arc<[Damaged]>,
}

/// Of images that are not told apart, the part that is held out for testing: a seventh, as MNIST's 10,000 of 70,000.
const TEST_PART: Amount = Amount::Fraction(1.0 / 7.0);
/// Which images are held out must be the same each time they are opened.
const TEST_SEED: u64 = 0;

/// Training images and a seventh of each class as test images, named after `name`. What is held out is copied; the rest
/// stays in its memory.
///
/// # Errors
/// If there is only one image.
pub(super) fn hold_out_test(whole: Dataset, name: &str) -> Result<(Dataset, Dataset), DataError> {
    let whole = Arc::new(whole);
    let (kept, test) = {
        let (train, test) = Split::all(Arc::clone(&whole)).hold_out(TEST_PART, TEST_SEED)?;
        (train.indices, test.to_dataset(format!("{name} test"))?)
    };
    // No split holds it any more, so this copies nothing.
    let train = Arc::unwrap_or_clone(whole).retained(format!("{name} train"), &kept)?;
    Ok((train, test))
}
