//! Occlusion maps, against PyTorch and place by place.

use crate::{Reference, assert_close, batch, floats, number, numbers};
use glassbox::lens::{Occluded, Occlusion, OcclusionMap, OcclusionSettings, Region, occlude};
use glassbox::nets::{Network, most_likely, softmax_at};

fn settings(fill: Vec<f32>) -> OcclusionSettings {
    OcclusionSettings { side: 5, stride: 4, fill, cut: 2, unit: Some(3), truth: 1 }
}

#[test]
fn maps_are_those_of_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    for (case, image) in reference.cases("occlusion").iter().zip(reference.images()) {
        let settings = OcclusionSettings {
            side: number(&case["side"]),
            stride: number(&case["stride"]),
            fill: reference.fill(),
            cut: number(&case["cut"]),
            unit: None,
            truth: number(&case["truth"]),
        };
        let OcclusionMap { tops, lefts, unit, places, .. } = occlude(&network, image, settings).unwrap();
        assert_eq!((tops, lefts), (numbers(&case["tops"]), numbers(&case["lefts"])));
        assert_eq!(unit, number(&case["unit"]));
        let column = |of: fn(&Occluded) -> f32| places.iter().map(of).collect::<Vec<f32>>();
        assert_close("activity", &column(|place| place.activity), &floats(&case["activity"]));
        assert_close("truth", &column(|place| place.truth), &floats(&case["truth_probability"]));
        let predicted: Vec<usize> = places.iter().map(|place| place.predicted).collect();
        assert_eq!(predicted, numbers(&case["predicted"]));
    }
}

fn alone(network: &Network, image: &[f32], settings: &OcclusionSettings) -> Occluded {
    let maps = network.forward_between(batch(&[image.to_vec()]), 0..settings.cut, glassbox::nets::Mode::Evaluate);
    let activity = maps.narrow(1, settings.unit.unwrap(), 1).sum().into_scalar::<f32>();
    let logits: Vec<f32> = network.forward(batch(&[image.to_vec()])).into_data().try_into_vec().unwrap();
    let truth = softmax_at(&logits, 1.0)[settings.truth] as f32;
    Occluded { activity, truth, predicted: most_likely(&logits) }
}

/// In steps of any size, and each place alone.
#[test]
fn a_map_is_its_places() {
    let reference = Reference::read();
    let (network, image) = (reference.network(), reference.images().remove(2));
    let settings = settings(reference.fill());
    let whole = occlude(&network, image.clone(), settings.clone()).unwrap();
    assert_eq!((&whole.tops[..], &whole.lefts[..]), (&[0, 4, 7][..], &[0, 4, 5][..]));
    for at_most in [1, 4, 100] {
        let mut steps = Occlusion::new(&network, image.clone(), settings.clone()).unwrap();
        let mut done = 0;
        while steps.advance(&network, at_most) {
            done += at_most;
            assert_eq!((steps.done(), steps.total()), (done, 9));
        }
        assert_eq!(steps.done(), 9);
        assert!(!steps.advance(&network, at_most), "it stays where it ended");
        let activity = |map: &OcclusionMap| map.places.iter().map(|place| place.activity).collect::<Vec<f32>>();
        assert_close("activity", &activity(steps.map()), &activity(&whole));
    }
    let places = whole.tops.iter().flat_map(|&top| whole.lefts.iter().map(move |&left| (top, left)));
    for (found, (top, left)) in whole.places.iter().zip(places) {
        let mut hidden = image.clone();
        Region { top, left, height: 5, width: 5 }.hide(&mut hidden, network.cuts()[0], &settings.fill);
        let expected = alone(&network, &hidden, &settings);
        assert_close("place", &[found.activity, found.truth], &[expected.activity, expected.truth]);
        assert_eq!(found.predicted, expected.predicted);
    }
    let untouched = alone(&network, &image, &settings);
    assert_close("whole", &[whole.whole.activity, whole.whole.truth], &[untouched.activity, untouched.truth]);
}

#[test]
fn what_does_not_fit_is_said() {
    let reference = Reference::read();
    let (network, image) = (reference.network(), reference.images().remove(0));
    let good = settings(reference.fill());
    let bad = [
        (OcclusionSettings { side: 0, ..good.clone() }, "square of 0"),
        (OcclusionSettings { side: 11, ..good.clone() }, "12 x 10"),
        (OcclusionSettings { stride: 0, ..good.clone() }, "stride"),
        (OcclusionSettings { fill: vec![0.0], ..good.clone() }, "3 channels"),
        (OcclusionSettings { cut: 8, ..good.clone() }, "cut 8"),
        (OcclusionSettings { unit: Some(4), ..good.clone() }, "unit 4"),
        (OcclusionSettings { truth: 5, ..good.clone() }, "class 5"),
    ];
    for (settings, part) in bad {
        let text = occlude(&network, image.clone(), settings).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    assert!(occlude(&network, image[1..].to_vec(), good).unwrap_err().to_string().contains("3x12x10"));
}
