//! Images of a split in an order. This walks over all of them, so it runs on a thread of its own.

use super::super::pair::Pair;
use super::HeldOut;
use crate::lens::{Ranked, hardest, largest_disagreements};
use crate::nets::{Shape, most_likely};
use crate::ui::widgets::pages::ImagePages;

/// The list holds so many at most.
pub(super) const MOST: usize = 300;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Random,
    Hardest,
    Disagreement,
    /// No order: a pad to draw on.
    Drawn,
}

impl Order {
    pub(super) const ALL: [Self; 4] = [Self::Random, Self::Hardest, Self::Disagreement, Self::Drawn];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Random => "at random",
            Self::Hardest => "hardest first",
            Self::Disagreement => "disagreement first",
            Self::Drawn => "drawn by you",
        }
    }

    pub(super) fn tooltip(self) -> &'static str {
        match self {
            Self::Random => "Images at random; the dice draws others",
            Self::Hardest => {
                "Those that the student gets most wrong: the largest cross-entropy of the true class at T = 1 first"
            }
            Self::Disagreement => {
                "Those on which the student is farthest from its teacher: the largest KL(teacher || student) at T first"
            }
            Self::Drawn => "Draw a digit, and both networks say what they make of it",
        }
    }
}

/// What a list depends on.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) pair: Pair,
    pub(super) split: HeldOut,
    pub(super) order: Order,
    pub(super) class: Option<usize>,
    pub(super) seed: u64,
    pub(super) temperature: f64,
}

impl Key {
    /// Whether one list is the other's too; `at_any_temperature` as long as the temperature is being changed.
    pub(super) fn is_same(&self, other: &Self, at_any_temperature: bool) -> bool {
        let of = |key: &Self| (key.split, key.order, key.class);
        of(self) == of(other)
            && self.pair.is_same(&other.pair)
            && (self.order != Order::Random || self.seed == other.seed)
            && (self.order != Order::Disagreement || at_any_temperature || self.temperature == other.temperature)
    }
}

/// The images in their order.
pub(super) struct List {
    pub(super) tiles: Vec<Tile>,
    /// Images of the class, or all of the split.
    pub(super) possible: usize,
    pub(super) pages: ImagePages,
}

pub(super) struct Tile {
    /// By position in the split.
    pub(super) image: usize,
    pub(super) label: usize,
    pub(super) teacher_right: bool,
    pub(super) student_right: bool,
    /// What put it in its place, in nats.
    pub(super) value: Option<f64>,
}

impl List {
    pub(super) fn new(key: &Key) -> Self {
        let pair = &key.pair;
        let labels: Vec<usize> = (0..pair.images.len()).map(|image| pair.images.label(image)).collect();
        let keeps = |image: usize| key.class.is_none_or(|class| labels[image] == class);
        let possible = (0..labels.len()).filter(|&image| keeps(image)).count();
        let mut ranked = ranked(key, &labels);
        ranked.retain(|(image, _)| keeps(*image));
        ranked.truncate(MOST);
        let tile = |(image, value): (usize, Option<f64>)| Tile {
            image,
            label: labels[image],
            teacher_right: most_likely(pair.teacher_logits(image)) == labels[image],
            student_right: most_likely(pair.student_logits(image)) == labels[image],
            value,
        };
        let shape = pair.images.shape();
        let pages = ImagePages::new(Shape::new(shape.channels, shape.height, shape.width));
        Self { tiles: ranked.into_iter().map(tile).collect(), possible, pages }
    }
}

/// All images of the split, and what put each in its place.
fn ranked(key: &Key, labels: &[usize]) -> Vec<(usize, Option<f64>)> {
    let (pair, classes, count) = (&key.pair, key.pair.classes(), labels.len());
    let valued = |ranked: Vec<Ranked>| ranked.into_iter().map(|found| (found.row, Some(found.value))).collect();
    match key.order {
        Order::Hardest => valued(hardest(&pair.student.logits, labels, classes, count)),
        Order::Disagreement => {
            let (teacher, student) = (&pair.teacher.logits, &pair.student.logits);
            valued(largest_disagreements(teacher, student, classes, key.temperature, count))
        }
        Order::Random | Order::Drawn => {
            let mut images: Vec<usize> = (0..count).collect();
            images.sort_by_key(|&image| mixed(key.seed, image as u64));
            images.into_iter().map(|image| (image, None)).collect()
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014) of a seed and a position: the same order each time.
fn mixed(seed: u64, position: u64) -> u64 {
    let mut value = position.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_an_order() {
        let order = |seed| {
            let mut images: Vec<u64> = (0..20).collect();
            images.sort_by_key(|&image| mixed(seed, image));
            images
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        // The reference implementation's first outputs from a state of 0 (Vigna, splitmix64.c).
        assert_eq!(mixed(0, 0), 0xe220_a839_7b1d_cdaf);
    }
}
