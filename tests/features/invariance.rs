//! Shifted, scaled and turned images, against PyTorch's own sampling, and what layers make of them.

use crate::{Reference, assert_close, floats, number, numbers, random_floats};
use glassbox::lens::{Invariance, InvarianceSettings, Transformation, invariance};
use glassbox::nets::Shape;
use proptest::prelude::*;

fn transformation(name: &str) -> Transformation {
    match name {
        "translation" => Transformation::Translation,
        "scale" => Transformation::Scale,
        _ => Transformation::Rotation,
    }
}

#[test]
fn curves_are_those_of_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    for (case, image) in reference.cases("invariance").iter().zip(reference.images()) {
        let transformation = transformation(case["kind"].as_str().unwrap());
        let amounts: Vec<f32> = serde_json::from_value(case["amounts"].clone()).unwrap();
        let first = transformation.apply(amounts[0], &image, network.cuts()[0], &reference.fill()).unwrap();
        assert_close("image", &first, &floats(&case["image"]));
        let settings = InvarianceSettings {
            transformation,
            amounts,
            cuts: numbers(&case["cuts"]),
            fill: reference.fill(),
            truth: number(&case["truth"]),
        };
        let curves = invariance(&network, image, settings).unwrap();
        assert_close("truth", &curves.truth, &floats(&case["truth_probability"]));
        for (layer, expected) in curves.layers.iter().zip(case["distance"].as_array().unwrap()) {
            let distance: Vec<f32> = layer.distance.iter().map(|&distance| distance as f32).collect();
            assert_close("distance", &distance, &floats(expected));
            let relative = layer.relative();
            for (relative, distance) in relative.iter().zip(&layer.distance) {
                assert!((relative * layer.norm - distance).abs() < 1e-9);
            }
        }
    }
}

/// A quarter turn counter-clockwise, by hand: the last column becomes the first row.
#[test]
fn a_turn_is_counter_clockwise_and_a_shift_goes_down() {
    let shape = Shape::new(1, 2, 2);
    let image = [1.0, 2.0, 3.0, 4.0];
    let turned = Transformation::Rotation.apply(90.0, &image, shape, &[9.0]).unwrap();
    assert_close("turned", &turned, &[2.0, 4.0, 1.0, 3.0]);
    let shifted = Transformation::Translation.apply(1.0, &image, shape, &[9.0]).unwrap();
    assert_eq!(shifted, [9.0, 9.0, 1.0, 2.0]);
    let halfway = Transformation::Translation.apply(-0.5, &image, shape, &[0.0]).unwrap();
    assert_eq!(halfway, [2.0, 3.0, 1.5, 2.0]);
}

proptest! {
    #[test]
    fn whole_pixels_and_the_identity_are_exact(seed in 0u64..1000, height in 1usize..9, width in 1usize..9, pixels in -10i32..10) {
        let shape = Shape::new(2, height, width);
        let image = random_floats(seed, shape.units());
        for transformation in [Transformation::Translation, Transformation::Scale, Transformation::Rotation] {
            let same = transformation.apply(transformation.identity(), &image, shape, &[5.0, 6.0]).unwrap();
            prop_assert_eq!(&same, &image);
        }
        let shifted = Transformation::Translation.apply(pixels as f32, &image, shape, &[5.0, 6.0]).unwrap();
        for (place, &value) in shifted.iter().enumerate() {
            let (channel, row) = (place / (height * width), (place / width % height) as i32 - pixels);
            let expected = if (0..height as i32).contains(&row) {
                image[channel * height * width + row as usize * width + place % width]
            } else {
                [5.0, 6.0][channel]
            };
            prop_assert_eq!(value, expected);
        }
    }
}

#[test]
fn steps_give_what_one_call_gives() {
    let reference = Reference::read();
    let (network, image) = (reference.network(), reference.images().remove(3));
    let settings = InvarianceSettings {
        transformation: Transformation::Rotation,
        amounts: (0..7).map(|turn| turn as f32 * 10.0).collect(),
        cuts: vec![0, 4],
        fill: reference.fill(),
        truth: 4,
    };
    let whole = invariance(&network, image.clone(), settings.clone()).unwrap();
    let mut steps = Invariance::new(&network, image.clone(), settings.clone()).unwrap();
    assert_eq!((steps.done(), steps.total()), (0, 7));
    while steps.advance(&network, 3) {}
    assert_close("truth", &steps.curves().truth, &whole.truth);
    assert_eq!(whole.layers[1].distance[0], 0.0, "of no turn");
    let none = InvarianceSettings { amounts: Vec::new(), ..settings.clone() };
    assert!(invariance(&network, image.clone(), none).unwrap().truth.is_empty());
    for (transformation, amount) in [(Transformation::Scale, 0.0), (Transformation::Rotation, f32::INFINITY)] {
        let bad = InvarianceSettings { transformation, amounts: vec![1.0, amount], ..settings.clone() };
        assert!(invariance(&network, image.clone(), bad).is_err());
    }
}
