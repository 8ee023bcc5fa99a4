//! The losses of distillation: values from an independent reference, gradients by finite differences, extremes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::train::{Goal, Loss, Objective, matching_angle};
use proptest::prelude::*;

const STUDENT: [f32; 4] = [1.5, -0.25, 0.75, -2.0];
const TEACHER: [f32; 4] = [4.0, 1.0, -1.0, 0.5];

/// numpy 2.4 and `scipy.special.log_softmax` of scipy 1.17, label 0.
#[test]
fn values_are_those_of_scipy() {
    let hard = 0.516_611_580_556_484_5;
    for (loss, soft, hard) in [
        (Loss::Hard, 0.0, hard),
        (Loss::Smoothed { smoothing: 0.1 }, 0.0, 0.666_611_580_556_484_5),
        (Loss::Distilled { temperature: 1.0, alpha: 1.0 }, 0.698_692_737_705_396_2, 0.0),
        (Loss::Distilled { temperature: 4.0, alpha: 0.9 }, 19.427_188_292_694_833, 0.051_661_158_055_648_45),
        (Loss::Distilled { temperature: 20.0, alpha: 0.5 }, 277.137_821_645_191_9, 0.258_305_790_278_242_3),
        (Loss::Distilled { temperature: 0.05, alpha: 0.3 }, 2.294_267_058_475_417e-10, 0.361_628_106_389_539_2),
        (Loss::Distilled { temperature: 1000.0, alpha: 1.0 }, 1_386_294.218_444_408_2, 0.0),
        (Loss::Logits { alpha: 0.8 }, 1.206_25, 0.103_322_316_111_296_93),
    ] {
        let terms = loss.terms(&STUDENT, &TEACHER, Some(0));
        for (found, expected) in [(terms.soft, soft), (terms.hard, hard)] {
            let far = (found - expected).abs() / f64::max(expected.abs(), 1e-6);
            assert!(far < 1e-5, "{loss:?}: {found} for {expected}");
        }
    }
}

#[test]
fn without_a_label_only_the_soft_part_is_left() {
    let loss = Loss::Distilled { temperature: 3.0, alpha: 0.7 };
    let (with, without) = (loss.terms(&STUDENT, &TEACHER, Some(2)), loss.terms(&STUDENT, &TEACHER, None));
    assert!((with.soft - without.soft).abs() < 1e-15 && with.hard > 0.0);
    assert!(without.hard == 0.0);
}

fn losses() -> impl Strategy<Value = Loss> {
    let temperature = (-1.0..1.5_f64).prop_map(|exponent| 10.0_f64.powf(exponent));
    prop_oneof![
        Just(Loss::Hard),
        (0.0..0.9).prop_map(|smoothing| Loss::Smoothed { smoothing }),
        (temperature, 0.0..=1.0).prop_map(|(temperature, alpha)| Loss::Distilled { temperature, alpha }),
        (0.0..=1.0).prop_map(|alpha| Loss::Logits { alpha }),
    ]
}

fn rows(classes: usize) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-6.0..6.0_f32, classes)
}

/// In units of the logits; small beside the temperatures of the test.
const STEP: f32 = 1.0 / 256.0;

proptest! {
    #[test]
    fn gradients_agree_with_finite_differences(loss in losses(), student in rows(5), teacher in rows(5), label in 0..5_usize) {
        let gradients = loss.gradients(&student, &teacher, Some(label));
        for class in 0..5 {
            let at = |shift: f32| {
                let mut moved = student.clone();
                moved[class] += shift;
                // What was added in 32 bits is what counts.
                (loss.terms(&moved, &teacher, Some(label)), f64::from(moved[class]))
            };
            let ((up, high), (down, low)) = (at(STEP), at(-STEP));
            for (found, up, down) in
                [(gradients.soft[class], up.soft, down.soft), (gradients.hard[class], up.hard, down.hard)]
            {
                let expected = (up - down) / (high - low);
                let scale = 1.0 + expected.abs() + up.abs() * 1e-3;
                prop_assert!((found - expected).abs() < 1e-3 * scale, "{loss:?}, class {class}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn what_flows_back_is_the_mean_of_the_rows_gradients(
        loss in losses(),
        rows in proptest::collection::vec((rows(4), rows(4), 0..4_usize), 1..6),
    ) {
        let (batch, classes) = (rows.len(), 4);
        let students: Vec<f32> = rows.iter().flat_map(|row| row.0.clone()).collect();
        let teachers: Vec<f32> = rows.iter().flat_map(|row| row.1.clone()).collect();
        let labels: Vec<usize> = rows.iter().map(|row| row.2).collect();
        let logits: Tensor<4> =
            Tensor::from_data(TensorData::new(students, [batch, classes, 1, 1]), &Device::flex());
        let goal = Goal { loss, teacher: &teachers, labelled: true };
        let found: Vec<f32> =
            Objective::new(&goal, &labels, classes, &logits).gradient(&logits).into_data().try_into_vec().unwrap();
        for (index, (student, teacher, label)) in rows.iter().enumerate() {
            let expected = loss.gradients(student, teacher, Some(*label));
            for class in 0..classes {
                let expected = (expected.soft[class] + expected.hard[class]) / batch as f64;
                let found = f64::from(found[index * classes + class]);
                prop_assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{loss:?}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn extremes_stay_finite() {
    for temperature in [0.05, 0.5, 1.0, 20.0, 1000.0] {
        let loss = Loss::Distilled { temperature, alpha: 0.5 };
        for (student, teacher) in
            [([1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]), ([-1000.0, -1000.0, -1000.0], [1000.0, 1000.0, -1000.0])]
        {
            let terms = loss.terms(&student, &teacher, Some(1));
            assert!(terms.soft.is_finite() && terms.hard.is_finite(), "{terms:?} at {temperature}");
            let gradients = loss.gradients(&student, &teacher, Some(1));
            assert!(gradients.soft.iter().chain(&gradients.hard).all(|value| value.is_finite()));
            let logits: Tensor<4> = Tensor::from_data(TensorData::new(student.to_vec(), [1, 3, 1, 1]), &Device::flex());
            let goal = Goal { loss, teacher: &teacher, labelled: true };
            let back: Vec<f32> =
                Objective::new(&goal, &[1], 3, &logits).gradient(&logits).into_data().try_into_vec().unwrap();
            assert!(back.iter().all(|value| value.is_finite()), "{back:?} at {temperature}");
        }
    }
}

/// Section 2.1: logit matching is the limit of high temperature.
#[test]
fn distillation_turns_into_logit_matching_as_the_temperature_grows() {
    let (student, teacher) = ([STUDENT, TEACHER].concat(), [TEACHER, STUDENT].concat());
    let angles: Vec<f64> = [1.0, 4.0, 20.0, 100.0, 1000.0]
        .map(|temperature| matching_angle(&student, &teacher, 4, temperature).unwrap())
        .to_vec();
    assert!(angles.windows(2).all(|pair| pair[1] < pair[0]), "{angles:?}");
    assert!(angles[0] > 10.0 && angles[4] < 0.1, "{angles:?}");
    let loss = |temperature| Loss::Distilled { temperature, alpha: 1.0 }.gradients(&STUDENT, &TEACHER, None).soft;
    let matched = Loss::Logits { alpha: 1.0 }.gradients(&STUDENT, &TEACHER, None).soft;
    for (found, expected) in loss(10_000.0).iter().zip(&matched) {
        assert!((found - expected).abs() < 1e-3, "{found} for {expected}: (z - v) / N");
    }
    assert_eq!(matching_angle(&STUDENT, &STUDENT, 4, 2.0), None, "no gradient, no angle");
}

#[test]
fn parameters_that_make_no_sense_are_named() {
    for (loss, part) in [
        (Loss::Distilled { temperature: 0.0, alpha: 0.5 }, "temperature is 0"),
        (Loss::Distilled { temperature: -3.0, alpha: 0.5 }, "temperature is -3"),
        (Loss::Distilled { temperature: f64::NAN, alpha: 0.5 }, "temperature is NaN"),
        (Loss::Distilled { temperature: 2.0, alpha: 1.5 }, "alpha is 1.5"),
        (Loss::Logits { alpha: -0.1 }, "alpha is -0.1"),
        (Loss::Smoothed { smoothing: 1.0 }, "smoothing is 1"),
    ] {
        let message = loss.check().unwrap_err();
        assert!(message.contains(part), "{message}");
    }
}
