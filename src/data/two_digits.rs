//! Numbers of two digits, composed from MNIST: a hundred classes of which some are easily taken for each other, for the
//! specialists of Hinton, Vinyals and Dean 2015, section 5.

use std::sync::{Arc, Mutex, PoisonError};

use super::random::{Purpose, below, shuffle, stream};
use super::{DataError, Dataset, ImageShape, Source, mnist};

/// Training pairs and test pairs of each class.
const TRAIN_A_CLASS: usize = 600;
const TEST_A_CLASS: usize = 100;
/// The data set must be the same each time it is opened.
const SEED: u64 = 0;

/// `two-digits`: 60,000 training and 10,000 test pairs of MNIST's digits side by side, 1x28x56, in 100 classes of equal
/// size called `00` to `99`. [`compose_two_digits`] says how; the seed is always the same.
///
/// The first call composes it (110 MB; a fraction of a second); later ones share what the first composed.
///
/// # Errors
/// Only if the program itself is damaged.
pub fn two_digits() -> Result<Source, DataError> {
    static COMPOSED: Mutex<Option<Source>> = Mutex::new(None);
    // Locked while composing, so that two who ask at once do not compose twice.
    let mut composed = COMPOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = &*composed {
        return Ok(source.clone());
    }
    let source = compose_two_digits(TRAIN_A_CLASS, TEST_A_CLASS, SEED)?;
    *composed = Some(source.clone());
    Ok(source)
}

/// Pairs of MNIST's digits, `train` and `test` of each class, in random order. Training pairs are made of training
/// digits alone, test pairs of test digits alone. Each digit of a pair is drawn from all of its class, equally likely
/// and put back.
///
/// The same sizes and seed give the same pairs.
///
/// # Errors
/// If no pair is asked for.
pub fn compose_two_digits(train: usize, test: usize, seed: u64) -> Result<Source, DataError> {
    let (digits, name) = (mnist()?, "two-digits");
    Ok(Source {
        name: name.to_owned(),
        train: compose(&digits.train, format!("{name} train"), train, seed, 0)?.into(),
        test: compose(&digits.test, format!("{name} test"), test, seed, 1)?.into(),
        damaged: Arc::default(),
    })
}

/// `part` tells the training pairs' random numbers from the test pairs'.
fn compose(digits: &Dataset, name: String, a_class: usize, seed: u64, part: usize) -> Result<Dataset, DataError> {
    let mut of_digit = vec![Vec::new(); digits.classes()];
    for image in 0..digits.len() {
        of_digit[digits.label(image)].push(image);
    }
    let mut generator = stream(seed, Purpose::Pairs, part, 0);
    let mut labels: Vec<u16> = (0..100 * a_class).map(|pair| (pair % 100) as u16).collect();
    shuffle(&mut labels, &mut generator);

    let single = digits.shape();
    let shape = ImageShape::new(single.channels, single.height, 2 * single.width);
    let mut pixels = Vec::with_capacity(labels.len() * shape.pixels());
    let mut draw = |digit: usize| {
        let images = &of_digit[digit];
        digits.image(images[below(&mut generator, images.len() as u32) as usize])
    };
    for &label in &labels {
        let (left, right) = (draw(usize::from(label / 10)), draw(usize::from(label % 10)));
        for (left, right) in left.chunks_exact(single.width).zip(right.chunks_exact(single.width)) {
            pixels.extend_from_slice(left);
            pixels.extend_from_slice(right);
        }
    }
    let class_names = (0..100).map(|class| format!("{class:02}")).collect();
    Dataset::new(name, class_names, shape, pixels, labels)
}
