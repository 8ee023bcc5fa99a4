//! The dustbin's correction. Hinton, Vinyals and Dean 2015, section 5.2: a specialist is trained on more of its own
//! classes than there are, so that its dustbin comes out too improbable; adding a constant to the dustbin's logit puts
//! that right.

use crate::nets::softmax_at;

/// What to add to the dustbin's logit: the logarithm of the proportion by which the specialist's own classes were
/// oversampled.
///
/// `special` images of the training set are of the specialist's classes and `rest` are not; `share` of what it was
/// trained on was special (half, in the paper). Of its own classes it saw `share / special` an image, of the others
/// `(1 - share) / rest`; the first over the second is the proportion.
///
/// By Bayes' rule training under those shares multiplies the odds of each own class against the dustbin by the
/// proportion, and nothing else: within its own classes and within the dustbin images are drawn as they come. So
/// dividing it out restores the posterior under the true shares. It is above 0 whenever the specialist's classes were
/// oversampled.
///
/// `special` and `rest` are above 0, and `share` lies between 0 and 1, both left out.
pub fn dustbin_correction(special: usize, rest: usize, share: f64) -> f64 {
    let (special_rate, rest_rate) = (share / special as f64, (1.0 - share) / rest as f64);
    (special_rate / rest_rate).ln()
}

/// A specialist's corrected probabilities `[k + 1]` from its `logits` `[k + 1]`, the dustbin's last: their softmax,
/// with `correction` added to the dustbin's.
pub fn specialist_probabilities(logits: &[f32], correction: f64) -> Vec<f64> {
    let mut probabilities = softmax_at(logits, 1.0);
    // Adding to a logit multiplies the probability, before all are scaled to sum to 1.
    if let Some(dustbin) = probabilities.last_mut() {
        *dustbin *= correction.exp();
    }
    let sum: f64 = probabilities.iter().sum();
    for probability in &mut probabilities {
        *probability /= sum;
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_shares_give_plain_corrections() {
        // 600 of 6,000 images, half of those seen: each special image was seen as often as nine others.
        assert!((dustbin_correction(600, 5400, 0.5) - 9f64.ln()).abs() < 1e-15);
        // Sampled as they come: nothing to correct.
        assert!(dustbin_correction(600, 5400, 0.1).abs() < 1e-15);
        // scipy 1.17.1: softmax([1, 2, 0.5 + log(9)]).
        let expected = [0.108_967_386_444_788_18, 0.296_204_066_467_542_16, 0.594_828_547_087_669_6];
        for (found, expected) in specialist_probabilities(&[1.0, 2.0, 0.5], 9f64.ln()).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
        }
        assert!(specialist_probabilities(&[1000.0, -1000.0, -1000.0], 9.0).iter().all(|p| p.is_finite()));
        assert!(specialist_probabilities(&[], 1.0).is_empty());
    }

    proptest! {
        /// A world of six classes and five kinds of image, in which everything is known: a specialist that has learned
        /// the resampled world perfectly says, once corrected, what is true in the world as it is.
        #[test]
        fn the_true_posterior_is_restored(
            counts in prop::collection::vec(1usize..500, 6),
            kinds in prop::collection::vec(prop::collection::vec(0.01f64..1.0, 5), 6),
            k in 1usize..6,
            share in 0.05f64..0.95,
        ) {
            let (special, rest) = (counts[..k].iter().sum::<usize>(), counts[k..].iter().sum::<usize>());
            for kind in 0..5 {
                let of_kind = |class: usize| kinds[class][kind] / kinds[class].iter().sum::<f64>();
                let joint: Vec<f64> = (0..6).map(|class| counts[class] as f64 * of_kind(class)).collect();
                // What a calibrated specialist says of this kind of image, as logits.
                let seen = |class: usize| {
                    joint[class] * if class < k { share / special as f64 } else { (1.0 - share) / rest as f64 }
                };
                let mut logits: Vec<f32> = (0..k).map(|class| seen(class).ln() as f32).collect();
                logits.push((k..6).map(seen).sum::<f64>().ln() as f32);

                let found = specialist_probabilities(&logits, dustbin_correction(special, rest, share));
                let all: f64 = joint.iter().sum();
                for class in 0..k {
                    prop_assert!((found[class] - joint[class] / all).abs() < 1e-5);
                }
                prop_assert!((found[k] - joint[k..].iter().sum::<f64>() / all).abs() < 1e-5);
            }
        }
    }
}
