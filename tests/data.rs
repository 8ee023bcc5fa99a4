//! The data module from outside: facts about MNIST, choices of images, batches, and damaged files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use glassbox::data::{
    Amount, Augmentation, BatchPlan, Change, ClassFilter, DataError, Dataset, ImageShape, Loader, Split,
    Standardisation, catalogue, compose_two_digits, epoch_order, find, load_idx_pair, mnist, named, open,
    read_idx_images, read_idx_labels, two_digits,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

// --- MNIST ---------------------------------------------------------------------------------------------------------

#[test]
fn mnist_is_the_canonical_one() {
    // Literal values from the published files, counted by a few lines of Python.
    let source = mnist().unwrap();
    assert_eq!((source.train.len(), source.test.len()), (60_000, 10_000));
    assert_eq!(source.train.shape().to_string(), "1x28x28");
    assert_eq!(source.train.class_names(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(source.train.class_names(), source.test.class_names());

    let first: Vec<usize> = (0..10).map(|i| source.train.label(i)).collect();
    assert_eq!(first, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    let first: Vec<usize> = (0..10).map(|i| source.test.label(i)).collect();
    assert_eq!(first, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let counts = Split::all(Arc::clone(&source.train)).class_counts();
    assert_eq!(counts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    let counts = Split::all(Arc::clone(&source.test)).class_counts();
    assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);

    let standardisation = Standardisation::measure(&Split::all(source.train));
    assert!((standardisation.mean[0] - 0.1307).abs() < 5e-5, "{standardisation:?}");
    assert!((standardisation.std[0] - 0.3081).abs() < 5e-5, "{standardisation:?}");
}

#[test]
fn mnist_is_unpacked_once() {
    let (once, again) = (mnist().unwrap(), named("MNIST").unwrap());
    assert!(Arc::ptr_eq(&once.train, &again.train) && Arc::ptr_eq(&once.test, &again.test));
}

#[test]
fn the_catalogue_tells_the_truth() {
    for entry in catalogue() {
        let source = named(entry.name).unwrap();
        assert_eq!((source.train.len(), source.test.len()), (entry.images, entry.test_images));
        assert_eq!((source.train.shape(), source.train.classes()), (entry.shape, entry.classes));
        assert_eq!(source.name, entry.name);
    }
    for name in ["no-such-thing", "scenes:of=no-such-thing,side=96"] {
        let message = find(name).unwrap_err().to_string();
        assert!(message.contains("named \"no-such-thing\"") && message.contains("mnist"), "{message}");
        assert_eq!(named(name).unwrap_err().to_string(), message);
    }
}

// --- Numbers of two digits -----------------------------------------------------------------------------------------

#[test]
fn numbers_of_two_digits_are_balanced_and_composed_once() {
    let source = two_digits().unwrap();
    assert_eq!(source.train.shape().to_string(), "1x28x56");
    assert_eq!((source.train.class_names()[0].as_str(), source.train.class_names()[99].as_str()), ("00", "99"));
    assert_eq!(source.train.class_names()[7], "07");
    assert_eq!(Split::all(Arc::clone(&source.train)).class_counts(), [600; 100]);
    assert_eq!(Split::all(Arc::clone(&source.test)).class_counts(), [100; 100]);
    let again = named("Two-Digits").unwrap();
    assert!(Arc::ptr_eq(&source.train, &again.train) && Arc::ptr_eq(&source.test, &again.test));
    // In random order, so that a part of it holds no class much more often than another.
    let first: BTreeSet<usize> = (0..100).map(|i| source.train.label(i)).collect();
    assert!((40..90).contains(&first.len()), "{} classes among the first hundred", first.len());
}

#[test]
fn each_half_is_a_digit_of_its_class_and_of_its_set() {
    let digits = mnist().unwrap();
    let pairs = compose_two_digits(3, 2, 7).unwrap();
    assert_eq!((pairs.train.len(), pairs.test.len()), (300, 200));
    for (pairs, digits) in [(&pairs.train, &digits.train), (&pairs.test, &digits.test)] {
        let known: HashMap<&[u8], usize> = (0..digits.len()).map(|i| (digits.image(i), digits.label(i))).collect();
        for i in 0..pairs.len() {
            for (start, digit) in [(0, pairs.label(i) / 10), (28, pairs.label(i) % 10)] {
                let half: Vec<u8> =
                    pairs.image(i).chunks(56).flat_map(|row| &row[start..start + 28]).copied().collect();
                assert_eq!(known.get(half.as_slice()), Some(&digit), "pair {i}, from column {start}");
            }
        }
    }
}

#[test]
fn a_seed_gives_the_same_numbers_of_two_digits() {
    let (once, again, other) = (compose_two_digits(2, 1, 3), compose_two_digits(2, 1, 3), compose_two_digits(2, 1, 4));
    let (once, again, other) = (once.unwrap(), again.unwrap(), other.unwrap());
    assert!(once.train == again.train && once.test == again.test);
    assert!(once.train != other.train && once.test != other.test);
    assert!(matches!(compose_two_digits(0, 1, 3), Err(DataError::NoImages { .. })));
}

// --- Datasets ------------------------------------------------------------------------------------------------------

/// `counts[c]` images of class `c`, classes interleaved; each of 2x3x4 bytes that depend on its position.
fn small(counts: &[usize]) -> Split {
    let shape = ImageShape::new(2, 3, 4);
    let mut labels = Vec::new();
    for round in 0..counts.iter().copied().max().unwrap_or(0) {
        labels.extend((0..counts.len()).filter(|&class| round < counts[class]).map(|class| class as u16));
    }
    let pixels = (0..labels.len() * shape.pixels()).map(|i| (i * 7 % 251) as u8).collect();
    let names = (0..counts.len()).map(|class| format!("class {class}")).collect();
    Split::all(Arc::new(Dataset::new("small", names, shape, pixels, labels).unwrap()))
}

fn indices(split: &Split) -> BTreeSet<u32> {
    split.indices.iter().copied().collect()
}

#[test]
fn a_dataset_must_be_consistent() {
    let shape = ImageShape::new(1, 2, 2);
    let make = |shape, pixels: usize, labels: &[u16]| {
        Dataset::new("d", vec!["a".to_owned(), "b".to_owned()], shape, vec![0; pixels], labels.to_vec())
    };
    assert!(make(shape, 8, &[0, 1]).is_ok());
    assert!(matches!(make(shape, 7, &[0, 1]), Err(DataError::PixelCount { expected: 8, found: 7, .. })));
    assert!(matches!(make(shape, 8, &[0, 2]), Err(DataError::LabelOutOfRange { position: 1, label: 2, .. })));
    assert!(matches!(make(shape, 0, &[]), Err(DataError::NoImages { .. })));
    assert!(matches!(make(ImageShape::new(1, 0, 2), 0, &[0]), Err(DataError::BadShape { .. })));
    assert!(matches!(make(ImageShape::new(1, usize::MAX, 2), 0, &[0]), Err(DataError::BadShape { .. })));
}

#[test]
fn standardisation_is_measured_for_each_channel() {
    // Channel 0 is 0 0 255 255 over the two images (mean 1/2, deviation 1/2); channel 1 is 51 throughout (1/5, none).
    let shape = ImageShape::new(2, 1, 2);
    let pixels = vec![0, 0, 51, 51, 255, 255, 51, 51];
    let dataset = Dataset::new("d", vec!["a".to_owned()], shape, pixels, vec![0, 0]).unwrap();
    let split = Split::all(Arc::new(dataset));
    let standardisation = Standardisation::measure(&split);
    assert_eq!(standardisation, Standardisation { mean: vec![0.5, 0.2], std: vec![0.5, 1e-6] });

    let mut numbers = [9.0; 8];
    let bytes = [split.image(0), split.image(1)].concat();
    standardisation.apply(shape, &bytes, &mut numbers);
    assert_eq!(numbers[..], [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    Standardisation::identity(2).apply(shape, &bytes, &mut numbers);
    assert_eq!(numbers[..], [0.0, 0.0, 0.2, 0.2, 1.0, 1.0, 0.2, 0.2]);

    assert!(standardisation.validate(2).is_ok());
    assert!(standardisation.validate(1).is_err());
    assert!(Standardisation { mean: vec![0.0], std: vec![0.0] }.validate(1).is_err());
    assert!(Standardisation { mean: vec![f32::NAN], std: vec![1.0] }.validate(1).is_err());
}

// --- Splits --------------------------------------------------------------------------------------------------------

#[test]
fn a_filter_keeps_numbers_and_order() {
    let split = small(&[4, 3, 2]);
    let only = split.filter_classes(&ClassFilter::Only(vec![2, 0])).unwrap();
    assert_eq!(only.class_counts(), [4, 0, 2]);
    assert!(only.indices.is_sorted());
    let except = split.filter_classes(&ClassFilter::Except(vec![2, 0])).unwrap();
    assert_eq!(except.class_counts(), [0, 3, 0]);
    assert_eq!(except.label(0), 1);
    assert_eq!(split.filter_classes(&ClassFilter::All).unwrap().indices, split.indices);

    assert!(matches!(
        split.filter_classes(&ClassFilter::Only(vec![3])),
        Err(DataError::UnknownClass { class: 3, last: 2, .. })
    ));
    assert!(matches!(split.filter_classes(&ClassFilter::Except(vec![0, 1, 2])), Err(DataError::NothingLeft { .. })));
}

#[test]
fn a_stratified_subset_is_in_proportion_and_exact() {
    let split = small(&[60, 30, 10]);
    assert_eq!(split.stratified(Amount::Count(10), 1).unwrap().class_counts(), [6, 3, 1]);
    // 6.6, 3.3, 1.1: the largest remainder is the first class's.
    assert_eq!(split.stratified(Amount::Count(11), 1).unwrap().class_counts(), [7, 3, 1]);
    assert_eq!(split.stratified(Amount::Fraction(0.2), 1).unwrap().class_counts(), [12, 6, 2]);
    assert_eq!(split.stratified(Amount::Fraction(1e-9), 1).unwrap().len(), 1);
    assert_eq!(split.stratified(Amount::All, 1).unwrap().indices, split.indices);

    let [one, same, other] = [1, 1, 2].map(|seed| split.stratified(Amount::Count(10), seed).unwrap());
    assert_eq!(one.indices, same.indices);
    assert_ne!(one.indices, other.indices);
    assert!(one.indices.is_sorted());
    let larger = split.stratified(Amount::Count(20), 1).unwrap();
    assert!(indices(&one).is_subset(&indices(&larger)), "subsets of one seed are nested");

    assert!(matches!(split.stratified(Amount::Count(101), 1), Err(DataError::TooManyAsked { available: 100, .. })));
}

#[test]
fn what_is_held_out_is_disjoint_and_the_rest_is_the_rest() {
    let split = small(&[60, 30, 10]).filter_classes(&ClassFilter::Except(vec![1])).unwrap();
    let (rest, held_out) = split.hold_out(Amount::Fraction(0.1), 5).unwrap();
    assert_eq!((rest.class_counts(), held_out.class_counts()), (vec![54, 0, 9], vec![6, 0, 1]));
    assert!(indices(&rest).is_disjoint(&indices(&held_out)));
    assert_eq!(&indices(&rest) | &indices(&held_out), indices(&split));
    assert!(rest.indices.is_sorted() && held_out.indices.is_sorted());
    assert_ne!(held_out.indices, split.stratified(Amount::Fraction(0.1), 5).unwrap().indices, "another purpose");

    assert!(matches!(split.hold_out(Amount::All, 5), Err(DataError::AllHeldOut { images: 70, .. })));
}

#[test]
fn a_split_is_checked_and_can_stand_alone() {
    let split = small(&[3, 2]);
    let chosen = Split::new(Arc::clone(&split.dataset), [4, 0]).unwrap();
    let alone = chosen.to_dataset("alone").unwrap();
    assert_eq!((alone.len(), alone.image(0), alone.label(0)), (2, split.image(4), split.label(4)));
    assert!(matches!(
        Split::new(Arc::clone(&split.dataset), [5]),
        Err(DataError::UnknownImage { index: 5, last: 4, .. })
    ));
    assert!(Split::new(Arc::clone(&split.dataset), []).is_err());
}

#[test]
fn amounts_are_read_and_written() {
    for (text, amount) in [
        ("all", Amount::All),
        ("1800", Amount::Count(1800)),
        ("3%", Amount::Fraction(0.03)),
        ("0.03", Amount::Fraction(0.03)),
        ("7%", Amount::Fraction(0.07)),
        ("100%", Amount::Fraction(1.0)),
        ("0.5%", Amount::Fraction(0.005)),
    ] {
        assert_eq!(text.parse::<Amount>().unwrap(), amount, "{text}");
        assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount, "{text}");
    }
    assert_eq!(Amount::Fraction(0.03).to_string(), "3%");
    for text in ["", "none", "-3", "0.0", "1.5", "101%", "0%", "nan", "NaN%", "inf", "1e3", "%", "3 images"] {
        let message = text.parse::<Amount>().unwrap_err().to_string();
        assert!(message.contains("is not an amount"), "{text}: {message}");
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Default)]
#[serde(default)]
struct Config {
    amount: Amount,
    classes: ClassFilter,
    augmentation: Augmentation,
}

#[test]
fn configurations_are_plain_toml() {
    let read = |text: &str| toml::from_str::<Config>(text);
    assert_eq!(read("").unwrap(), Config::default());
    assert_eq!(read("amount = \"all\"").unwrap().amount, Amount::All);
    assert_eq!(read("amount = 1800").unwrap().amount, Amount::Count(1800));
    assert_eq!(read("amount = 0.03").unwrap().amount, Amount::Fraction(0.03));
    assert_eq!(read("amount = \"3%\"").unwrap().amount, Amount::Fraction(0.03));
    assert_eq!(read("classes = \"all\"").unwrap().classes, ClassFilter::All);
    assert_eq!(read("classes = { except = [3] }").unwrap().classes, ClassFilter::Except(vec![3]));
    assert_eq!(read("augmentation = { flip = true }").unwrap().augmentation.jitter, 0);
    for bad in ["amount = -1", "amount = 1.5", "amount = true", "augmentation = { jiter = 1 }"] {
        assert!(read(bad).is_err(), "{bad}");
    }
    for amount in [Amount::All, Amount::Count(7), Amount::Fraction(1.0), Amount::Fraction(1e-7)] {
        let config = Config { amount, classes: ClassFilter::Only(vec![1, 2]), ..Config::default() };
        assert_eq!(read(&toml::to_string(&config).unwrap()).unwrap(), config);
    }
}

// --- Augmentation --------------------------------------------------------------------------------------------------

#[test]
fn jitter_moves_an_image_and_loses_nothing_when_there_is_room() {
    // One pixel of each value 1 to 4 in the middle of 8x8: a shift by two keeps all of them.
    let shape = ImageShape::new(1, 8, 8);
    let mut image = vec![0; 64];
    for (value, place) in [(1, 27), (2, 28), (3, 35), (4, 36)] {
        image[place] = value;
    }
    let augmentation = Augmentation { jitter: 2, ..Augmentation::default() };
    let mut places = BTreeSet::new();
    let mut moved = vec![9; 64];
    for position in 0..400 {
        augmentation.draw(3, 0, position).apply(shape, &image, &mut moved);
        let place = moved.iter().position(|&byte| byte == 1).unwrap();
        assert_eq!([moved[place + 1], moved[place + 8], moved[place + 9]], [2, 3, 4]);
        assert_eq!(moved.iter().filter(|&&byte| byte != 0).count(), 4);
        places.insert(place);
    }
    assert_eq!(places.len(), 25, "every shift in [-2, 2]^2 occurs, and no other");
    assert!(places.contains(&9) && places.contains(&45));
}

#[test]
fn a_change_does_what_it_says() {
    let shape = ImageShape::new(2, 2, 3);
    let image: Vec<u8> = (1..=12).collect();
    let changed = |change: Change| {
        let mut out = vec![99; 12];
        change.apply(shape, &image, &mut out);
        out
    };
    assert_eq!(changed(Change { pad: 1, top: 1, left: 1, flip: false }), image);
    assert_eq!(changed(Change { pad: 1, top: 1, left: 1, flip: true }), [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
    // Down by one and right by one.
    assert_eq!(changed(Change { pad: 1, top: 0, left: 0, flip: false }), [0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 7, 8]);
    // Up by one.
    assert_eq!(changed(Change { pad: 1, top: 2, left: 1, flip: false }), [4, 5, 6, 0, 0, 0, 10, 11, 12, 0, 0, 0]);
    // Out of the frame.
    assert_eq!(changed(Change { pad: 5, top: 10, left: 5, flip: false }), [0; 12]);
}

#[test]
fn flips_happen_half_the_time_and_crop_moves_like_jitter() {
    let flip = Augmentation { flip: true, ..Augmentation::default() };
    let flips = (0..1000).filter(|&position| flip.draw(1, 0, position).flip).count();
    assert!((440..560).contains(&flips), "{flips} of 1000");
    let both = Augmentation { jitter: 1, crop: 2, flip: true };
    let changes: Vec<_> = (0..1000).map(|position| both.draw(1, 0, position)).collect();
    assert!(changes.iter().all(|change| change.pad == 3 && change.top <= 6 && change.left <= 6));
    assert!(changes.iter().any(|change| change.top == 0) && changes.iter().any(|change| change.top == 6));
    assert_eq!(changes.iter().filter(|change| change.flip).count(), flips, "one setting keeps another's luck");

    let shape = ImageShape::new(1, 28, 20);
    assert!(Augmentation { jitter: 10, crop: 9, flip: false }.validate(shape).is_ok());
    assert!(Augmentation { jitter: 10, crop: 10, flip: false }.validate(shape).is_err());
    assert!(Augmentation { jitter: usize::MAX, crop: 1, flip: false }.validate(shape).is_err());
}

// --- Batches -------------------------------------------------------------------------------------------------------

fn plan(seed: u64) -> BatchPlan {
    let split = small(&[9, 8, 6]).filter_classes(&ClassFilter::Except(vec![0])).unwrap();
    BatchPlan {
        standardisation: Standardisation::measure(&split),
        split,
        augmentation: Augmentation { jitter: 1, flip: true, crop: 1 },
        batch_size: 4,
        seed,
    }
}

#[test]
fn an_order_is_a_fixed_permutation() {
    let order = epoch_order(100, 7, 3);
    assert_eq!(order, epoch_order(100, 7, 3));
    assert_ne!(order, epoch_order(100, 8, 3));
    assert_ne!(order, epoch_order(100, 7, 4));
    assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), (0..100).collect());
    assert_eq!(epoch_order(0, 7, 3), [0_u32; 0]);
    // Worked out by an independent ChaCha8 in Python. A change of these numbers would break the resuming of every run that was saved before it.
    assert_eq!(epoch_order(8, 1, 0), [6, 3, 1, 2, 5, 7, 0, 4]);
}

#[test]
fn an_epoch_covers_each_image_once() {
    let plan = plan(1);
    let order = epoch_order(plan.split.len(), plan.seed, 2);
    assert_eq!(plan.batches_per_epoch(), 4);
    let batches: Vec<_> = (0..4).map(|index| plan.batch(2, index, &order)).collect();
    assert_eq!(batches.iter().map(glassbox::data::Batch::len).collect::<Vec<_>>(), [4, 4, 4, 2]);
    let mut seen: Vec<u32> = batches.iter().flat_map(|batch| batch.indices.clone()).collect();
    seen.sort_unstable();
    assert_eq!(seen[..], plan.split.indices[..]);
    for batch in &batches {
        assert_eq!(batch.images.len(), batch.len() * batch.shape.pixels());
        for (&index, &label) in batch.indices.iter().zip(&batch.labels) {
            assert_eq!(plan.split.dataset.label(index as usize), label);
        }
    }
}

#[test]
fn batches_depend_on_the_seed_and_on_nothing_else() {
    let batch = |seed, epoch, index| plan(seed).batch(epoch, index, &epoch_order(14, seed, epoch));
    assert_eq!(batch(1, 0, 2), batch(1, 0, 2));
    assert_ne!(batch(1, 0, 2).images, batch(2, 0, 2).images);
    assert_ne!(batch(1, 0, 2).images, batch(1, 1, 2).images);

    // The same order in another epoch gives the same images, differently changed.
    let (plan, order) = (plan(1), epoch_order(14, 1, 0));
    let (first, later) = (plan.batch(0, 0, &order), plan.batch(1, 0, &order));
    assert_eq!(first.indices, later.indices);
    assert_ne!(first.images, later.images);
}

#[test]
fn without_augmentation_a_batch_holds_the_standardised_images() {
    let plan = BatchPlan { augmentation: Augmentation::default(), ..plan(1) };
    let batch = plan.batch(0, 1, &epoch_order(14, 1, 0));
    for (i, &index) in batch.indices.iter().enumerate() {
        let mut expected = vec![0.0; batch.shape.pixels()];
        plan.standardisation.apply(batch.shape, plan.split.dataset.image(index as usize), &mut expected);
        assert_eq!(batch.image(i), expected);
    }
}

#[test]
fn sequential_batches_are_in_order_and_unchanged() {
    let plan = plan(1);
    let batches: Vec<_> = plan.sequential().collect();
    let indices: Vec<u32> = batches.iter().flat_map(|batch| batch.indices.clone()).collect();
    assert_eq!(indices[..], plan.split.indices[..]);
    let unchanged = BatchPlan { augmentation: Augmentation::default(), ..plan };
    let in_order: Vec<u32> = (0..14).collect();
    for (index, batch) in batches.iter().enumerate() {
        assert_eq!(*batch, unchanged.batch(0, index, &in_order));
    }
}

#[test]
fn a_loader_gives_what_the_plan_gives_from_anywhere() {
    let plan = plan(1);
    for (epoch, index) in [(0, 0), (2, 3), (1, 4), (0, 9)] {
        let mut loader = Loader::start(plan.clone(), epoch, index);
        for step in index..index + 11 {
            let prepared = loader.next();
            assert_eq!((prepared.epoch, prepared.index), (epoch + step / 4, step % 4));
            let order = epoch_order(14, 1, prepared.epoch);
            assert_eq!(prepared.batch, plan.batch(prepared.epoch, prepared.index, &order));
            if step % 3 > 0 {
                loader.recycle(prepared.batch);
            }
        }
    }
}

#[test]
fn a_loader_ends_when_dropped() {
    // The thread holds the split: once the loader is gone, so is the thread's share of it.
    let plan = plan(1);
    for taken in [0, 1, 7] {
        let mut loader = Loader::start(plan.clone(), 0, 0);
        for _ in 0..taken {
            loader.next();
        }
        drop(loader);
        assert_eq!(Arc::strong_count(&plan.split.indices), 1);
    }
}

#[test]
fn a_plan_is_checked() {
    let check = |change: fn(&mut BatchPlan)| {
        let mut plan = plan(1);
        change(&mut plan);
        plan.validate()
    };
    assert!(check(|_| ()).is_ok());
    assert!(matches!(check(|plan| plan.batch_size = 0), Err(DataError::BatchSize)));
    assert!(check(|plan| plan.split.indices = Arc::from([])).is_err());
    assert!(check(|plan| plan.augmentation.jitter = 3).is_err());
    assert!(check(|plan| plan.standardisation = Standardisation::identity(1)).is_err());
    // One batch of everything, however large it may be.
    let everything = BatchPlan { batch_size: usize::MAX, ..plan(1) };
    assert_eq!(everything.sequential().map(|batch| batch.len()).collect::<Vec<_>>(), [14]);
    assert_eq!(Loader::start(everything, 0, 0).next().batch.len(), 14);
}

// --- IDX files -----------------------------------------------------------------------------------------------------

fn idx(kind: u8, dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three images of 2x2, and their labels.
fn images() -> Vec<u8> {
    idx(8, &[3, 2, 2], &(1..=12).collect::<Vec<u8>>())
}

fn labels() -> Vec<u8> {
    idx(8, &[3], &[0, 2, 1])
}

fn images_error(bytes: &[u8]) -> DataError {
    let error = read_idx_images(bytes, "some-file").unwrap_err();
    assert!(error.to_string().contains("some-file"), "a message names the file: {error}");
    error
}

#[test]
fn idx_files_are_read_plain_and_packed() {
    for bytes in [images(), gzip(&images())] {
        let images = read_idx_images(&bytes[..], "f").unwrap();
        assert_eq!((images.count(), images.shape.to_string().as_str()), (3, "1x2x2"));
        assert_eq!(images.pixels, (1..=12).collect::<Vec<u8>>());
    }
    for bytes in [labels(), gzip(&labels())] {
        assert_eq!(read_idx_labels(&bytes[..], "f").unwrap(), [0, 2, 1]);
    }
    let colour = idx(8, &[2, 3, 1, 2], &[7; 12]);
    assert_eq!(read_idx_images(&colour[..], "f").unwrap().shape, ImageShape::new(3, 1, 2));
}

#[test]
fn each_kind_of_damage_has_its_message() {
    let whole = images();
    assert!(matches!(images_error(&[]), DataError::EmptyFile { .. }));
    assert!(matches!(images_error(&whole[..9]), DataError::TruncatedHeader { .. }));
    assert!(matches!(images_error(&whole[..20]), DataError::Truncated { promised: 12, found: 4, .. }));
    assert!(matches!(images_error(&[&whole[..], &[0]].concat()), DataError::TooLong { promised: 12, .. }));
    assert!(matches!(images_error(b"\x89PNG\r\n\x1a\n"), DataError::NotIdx { .. }));
    assert!(matches!(images_error(&idx(0x0d, &[1, 1, 1], &[0; 4])), DataError::ElementType { found: 0x0d, .. }));
    assert!(matches!(images_error(&idx(8, &[2, 2], &[0; 4])), DataError::Rank { found: 2, .. }));
    assert!(matches!(images_error(&labels()), DataError::Mislabelled { expected: "images", found: "labels", .. }));
    let exchanged = read_idx_labels(&whole[..], "f");
    assert!(matches!(exchanged, Err(DataError::Mislabelled { expected: "labels", found: "images", .. })));
    assert!(matches!(images_error(&idx(8, &[0, 2, 2], &[])), DataError::NoData { .. }));
    assert!(matches!(images_error(&idx(8, &[2, 0, 2], &[])), DataError::NoData { .. }));
    assert!(matches!(images_error(&idx(8, &[1 << 20, 1 << 10, 8], &[])), DataError::Oversized { .. }));
    assert!(matches!(images_error(&idx(8, &[u32::MAX; 4], &[])), DataError::Oversized { .. }));
}

#[test]
fn each_kind_of_damage_to_gzip_is_noticed() {
    let packed = gzip(&images());
    let mut wrong_sum = packed.clone();
    let sum = packed.len() - 8;
    wrong_sum[sum] ^= 1;
    assert!(matches!(images_error(&wrong_sum), DataError::Gzip { .. }));
    for length in 2..packed.len() {
        assert!(matches!(images_error(&packed[..length]), DataError::Gzip { .. }), "cut to {length} bytes");
    }
    assert!(matches!(images_error(&[&packed[..], b"more"].concat()), DataError::Gzip { .. }));
    assert!(matches!(images_error(&[&packed[..], &gzip(b"more")].concat()), DataError::TooLong { .. }));
    assert!(matches!(images_error(&gzip(&[])), DataError::TruncatedHeader { .. }));
    assert!(matches!(images_error(&gzip(&images()[..20])), DataError::Truncated { .. }));
}

/// Counts what is read of an endless source.
struct Endless<'a>(&'a mut u64);

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        *self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn no_more_is_read_or_kept_than_the_header_promises() {
    let mut read = 0;
    let header = idx(8, &[3, 1000, 1000], &[]);
    let error = read_idx_images(header.chain(Endless(&mut read)), "f").unwrap_err();
    assert!(matches!(error, DataError::TooLong { promised: 3_000_000, .. }));
    assert_eq!(read, 3_000_001);

    // 64 MiB of zeros in 64 kB, of which one image of 100 bytes is asked for.
    let bomb = gzip(&idx(8, &[1, 10, 10], &vec![0; 64 << 20]));
    assert!(matches!(images_error(&bomb), DataError::TooLong { promised: 100, .. }));

    let pixels = read_idx_images(&idx(8, &[3, 1000, 1000], &vec![1; 3_000_000])[..], "f").unwrap().pixels;
    assert_eq!(pixels.capacity(), 3_000_000);
}

#[cfg(target_os = "linux")]
#[test]
fn a_huge_header_takes_no_memory() {
    fn peak_kib() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
    // In a process of its own: the threads of other tests take address space too.
    const ALONE: &str = "GLASSBOX_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        alone.args(["--exact", "a_huge_header_takes_no_memory"]).env(ALONE, "1");
        let output = alone.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let before = peak_kib();
    for header in [idx(8, &[4096, 1024, 1024], &[1; 100]), gzip(&idx(8, &[4096, 1024, 1024], &[1; 100]))] {
        assert!(matches!(images_error(&header), DataError::Truncated { found: 100, .. }));
    }
    // Address space counts even untouched: 4 GiB would show.
    let grown = peak_kib() - before;
    assert!(grown < 1 << 20, "the peak grew by {grown} KiB");
}

// --- Folders -------------------------------------------------------------------------------------------------------

fn write_four(folder: &Path) {
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    write("train-images-idx3-ubyte", images());
    write("train-labels-idx1-ubyte.gz", gzip(&labels()));
    write("t10k-images.idx3-ubyte", idx(8, &[1, 2, 2], &[9; 4]));
    write("t10k-labels.idx1-ubyte", idx(8, &[1], &[4]));
}

#[test]
fn a_folder_of_four_files_is_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("fashion");
    fs::create_dir(&inner).unwrap();
    write_four(&inner);
    let any_one =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"];
    for path in any_one.map(|name| inner.join(name)).into_iter().chain([inner.clone()]) {
        let source = named(path.to_str().unwrap()).unwrap();
        assert_eq!((source.name.as_str(), source.train.name()), ("fashion", "fashion train"));
        assert_eq!((source.train.len(), source.test.len()), (3, 1));
        assert_eq!((source.train.classes(), source.test.classes()), (5, 5), "one list of classes for both");
        assert_eq!((0..3).map(|i| source.train.label(i)).collect::<Vec<_>>(), [0, 2, 1]);
    }
}

#[test]
fn the_folder_that_torchvision_makes_is_a_source() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("raw")).unwrap();
    write_four(&folder.path().join("raw"));
    assert_eq!(open(folder.path()).unwrap().train.len(), 3);
}

#[test]
fn a_single_file_finds_its_labels_and_gives_a_test_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters-images-idx3-ubyte");
    fs::write(&path, idx(8, &[14, 1, 1], &(0..14).collect::<Vec<u8>>())).unwrap();
    assert!(matches!(open(&path), Err(DataError::NoLabelsFile { .. })));
    let labels = [0, 1].repeat(7);
    fs::write(folder.path().join("letters-labels-idx1-ubyte.gz"), gzip(&idx(8, &[14], &labels))).unwrap();
    for path in [path, folder.path().join("letters-labels-idx1-ubyte.gz")] {
        let source = open(&path).unwrap();
        assert_eq!((source.train.len(), source.test.len()), (12, 2));
        assert_eq!(Split::all(Arc::clone(&source.test)).class_counts(), [1, 1]);
        assert_eq!(source.name, "letters-images-idx3-ubyte");
        for i in 0..12 {
            assert_eq!(usize::from(source.train.image(i)[0]) % 2, source.train.label(i), "images keep their labels");
        }
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(open(&at("nowhere")), Err(DataError::Read { .. })));
    assert!(matches!(open(folder.path()), Err(DataError::NothingToOpen { .. })));

    fs::write(at("i"), images()).unwrap();
    fs::write(at("l"), idx(8, &[2], &[0, 1])).unwrap();
    let error = load_idx_pair(&at("i"), &at("l"), "pair").unwrap_err();
    assert!(matches!(error, DataError::CountsDiffer { images: 3, labels: 2, .. }));
    assert!(matches!(load_idx_pair(&at("l"), &at("i"), "pair"), Err(DataError::Mislabelled { .. })));
    assert!(matches!(open(&at("i")), Err(DataError::Unfit { .. })), "its name does not tell its labels");
    fs::write(at("packed"), gzip(&images())).unwrap();
    assert!(matches!(open(&at("packed")), Err(DataError::Unfit { .. })), "nor does this one's");
    fs::write(at("x.png"), "a text, whatever it is called").unwrap();
    assert!(matches!(open(&at("x.png")), Err(DataError::NothingToOpen { .. })));
    assert!(matches!(load_idx_pair(folder.path(), &at("l"), "pair"), Err(DataError::Read { .. })));

    write_four(folder.path());
    fs::write(at("t10k-images.idx3-ubyte"), idx(8, &[1, 2, 3], &[9; 6])).unwrap();
    assert!(matches!(open(folder.path()), Err(DataError::ShapesDiffer { .. })));
    fs::write(at("t10k-images.idx3-ubyte"), &gzip(&images())[..20]).unwrap();
    let message = open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("t10k-images.idx3-ubyte is a damaged gzip file"), "{message}");
}

#[test]
fn a_file_is_idx_by_its_name_or_by_its_first_four_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let error = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        open(&folder.path().join(name)).unwrap_err()
    };
    assert!(matches!(error("empty", &[]), DataError::EmptyFile { .. }));
    for (name, bytes) in [
        ("zeros", vec![0; 64]),
        ("a type that there is not", vec![0, 0, 7, 3, 0, 0]),
        ("too many dimensions", vec![0, 0, 8, 5, 0, 0]),
        ("log.gz", gzip(b"a text, packed")),
        ("cut.gz", gzip(&images())[..6].to_vec()),
    ] {
        let message = error(name, &bytes).to_string();
        assert!(message.contains("nothing that can be opened") && message.contains("PNG"), "{name}: {message}");
    }
    assert!(matches!(error("zeros-idx3-ubyte", &[0; 64]), DataError::NoLabelsFile { .. }));
}

#[test]
fn classes_are_at_least_two() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = (folder.path().join("i"), folder.path().join("l"));
    fs::write(&images, idx(8, &[1, 1, 1], &[5])).unwrap();
    fs::write(&labels, idx(8, &[1], &[0])).unwrap();
    assert_eq!(load_idx_pair(&images, &labels, "pair").unwrap().class_names(), ["0", "1"]);
}

// --- Properties ----------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Damage {
    Truncate(usize),
    Flip(usize, u8),
    Append(Vec<u8>),
    Gzip,
}

impl Damage {
    fn to(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len().max(1);
        match self {
            Self::Truncate(at) => bytes.truncate(at % length),
            Self::Flip(at, bit) => bytes.iter_mut().skip(at % length).take(1).for_each(|byte| *byte ^= 1 << bit),
            Self::Append(more) => bytes.extend(more),
            Self::Gzip => bytes = gzip(&bytes),
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        any::<usize>().prop_map(Damage::Truncate),
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        prop::collection::vec(any::<u8>(), 1..20).prop_map(Damage::Append),
        Just(Damage::Gzip),
    ];
    prop::collection::vec(one, 0..4)
}

fn damaged(bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    damage.iter().fold(bytes, |bytes, damage| damage.to(bytes))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn damaged_files_give_an_error_or_a_consistent_dataset(to_images in damage(), to_labels in damage()) {
        let folder = tempfile::tempdir().unwrap();
        let (image_path, label_path) = (folder.path().join("i"), folder.path().join("l"));
        fs::write(&image_path, damaged(images(), &to_images)).unwrap();
        fs::write(&label_path, damaged(labels(), &to_labels)).unwrap();
        match load_idx_pair(&image_path, &label_path, "pair") {
            Err(error) => prop_assert!(error.to_string().contains(folder.path().to_str().unwrap())),
            Ok(dataset) => {
                prop_assert!(!dataset.is_empty() && dataset.classes() >= 2);
                for i in 0..dataset.len() {
                    prop_assert_eq!(dataset.image(i).len(), dataset.shape().pixels());
                    prop_assert!(dataset.label(i) < dataset.classes());
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), packed in any::<bool>()) {
        let with_header = [&[0, 0, 8, 3], &bytes[..]].concat();
        for bytes in [bytes, with_header] {
            let bytes = if packed { gzip(&bytes) } else { bytes };
            if let Ok(images) = read_idx_images(&bytes[..], "f") {
                prop_assert_eq!(images.count() * images.shape.pixels(), images.pixels.len());
            }
            let _ = read_idx_labels(&bytes[..], "f");
        }
    }

    #[test]
    fn a_stratified_subset_is_exact_and_within_one_of_its_share(
        counts in prop::collection::vec(1..30_usize, 1..6), part in 0.0..1.0_f64, seed in any::<u64>(),
    ) {
        let split = small(&counts);
        let take = ((split.len() as f64 * part) as usize).max(1);
        let subset = split.stratified(Amount::Count(take), seed).unwrap();
        prop_assert_eq!(subset.len(), take);
        prop_assert_eq!(indices(&subset).len(), take);
        for (class, got) in subset.class_counts().into_iter().enumerate() {
            let share = counts[class] as f64 * take as f64 / split.len() as f64;
            prop_assert!((got as f64 - share).abs() < 1.0);
        }
    }

    #[test]
    fn an_amount_survives_being_written(count in 1..usize::MAX, fraction in 1e-12..1.0_f64) {
        for amount in [Amount::Count(count), Amount::Fraction(fraction)] {
            prop_assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }
    }
}
