//! One image before a generalist and its specialists: who is asked, what each says, and what comes of it. Hinton, Vinyals
//! and Dean 2015, section 5.4.

use super::dustbin::specialist_probabilities;
use super::inference::{Opinion, active_specialists, combine_opinions};
use crate::nets::softmax_at;

/// A specialist and what it makes of one image.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// Its own classes.
    pub classes: &'a [usize],
    /// `[k + 1]`, the dustbin's last.
    pub logits: &'a [f32],
    /// What is added to the dustbin's; see [`dustbin_correction`](super::dustbin_correction).
    pub correction: f64,
}

/// What a generalist and its specialists make of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Consultation {
    /// Of the generalist alone, `[classes]`.
    pub generalist: Vec<f64>,
    /// Positions of the specialists that were asked.
    pub asked: Vec<usize>,
    /// What each of them says, corrected: `[k + 1]`, the dustbin's last.
    pub opinions: Vec<Vec<f64>>,
    /// Of all of them together, `[classes]`.
    pub combined: Vec<f64>,
}

/// Asks the specialists of the `most_probable` classes that the generalist, with logits `[classes]`, holds likeliest.
pub fn consult(generalist: &[f32], voices: &[Voice<'_>], most_probable: usize) -> Consultation {
    let generalist = softmax_at(generalist, 1.0);
    let sets: Vec<&[usize]> = voices.iter().map(|voice| voice.classes).collect();
    let asked = active_specialists(&generalist, most_probable, &sets);
    let opinions: Vec<Vec<f64>> =
        asked.iter().map(|&index| specialist_probabilities(voices[index].logits, voices[index].correction)).collect();
    let heard: Vec<Opinion<'_>> = asked
        .iter()
        .zip(&opinions)
        .map(|(&index, probabilities)| Opinion { classes: voices[index].classes, probabilities })
        .collect();
    let combined = combine_opinions(&generalist, &heard).probabilities;
    Consultation { generalist, asked, opinions, combined }
}

/// The most probable of `classes`, the first of equals; none of none.
pub fn likeliest(probabilities: &[f64], classes: impl Iterator<Item = usize>) -> Option<usize> {
    let mut best: Option<usize> = None;
    for class in classes.filter(|&class| class < probabilities.len()) {
        if best.is_none_or(|best| probabilities[class] > probabilities[best]) {
            best = Some(class);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_specialists_of_the_likeliest_class_are_asked_and_can_turn_it() {
        let sure = |at: usize| -> Vec<f32> { (0..3).map(|output| if output == at { 6.0 } else { 0.0 }).collect() };
        let (first, second) = (sure(1), sure(2));
        let voices = [
            Voice { classes: &[0, 1], logits: &first, correction: 0.5 },
            Voice { classes: &[2, 3], logits: &second, correction: 0.5 },
        ];
        let generalist = [1.0, 0.8, -2.0, -2.0];
        let found = consult(&generalist, &voices, 1);
        assert_eq!(found.asked, [0]);
        assert_eq!(likeliest(&found.generalist, 0..4), Some(0));
        assert_eq!(likeliest(&found.combined, 0..4), Some(1), "the specialist of 0 and 1 holds it to be 1");
        assert_eq!(consult(&generalist, &voices, 4).asked, [0, 1]);
        assert_eq!(consult(&generalist, &[], 1).combined, found.generalist);
        assert_eq!(likeliest(&found.combined, [2, 9].into_iter()), Some(2));
        assert_eq!(likeliest(&found.combined, 0..0), None);
    }
}
