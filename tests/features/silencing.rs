//! Units and layers silenced, against PyTorch and against zeroing weights by hand.

use crate::{Reference, batch, number};
use glassbox::lens::{CachedActivations, Change, SilencingSweep, Surgery, SurgeryOutcome, logits_after, resume_cuts};
use glassbox::nets::{Network, Shape};
use serde_json::Value;
use std::collections::BTreeMap;

fn surgery(case: &Value) -> Surgery {
    let change = |case: &Value| {
        let value = case[2].as_f64().unwrap() as f32;
        let change = match case[1].as_str().unwrap() {
            "silence" => Change::Silence,
            "clamp" => Change::Clamp(value),
            _ => Change::Boost(value),
        };
        (number(&case[0]), change)
    };
    Surgery {
        changes: case["changes"].as_array().unwrap().iter().map(change).collect(),
        resume: case["resume"].as_u64().map(|cut| cut as usize),
    }
}

/// In three batches, the last smaller.
fn cached(reference: &Reference, network: &Network, cut: usize) -> CachedActivations {
    let (images, labels) = reference.many();
    let mut cache = CachedActivations::new(network, cut).unwrap();
    for (images, labels) in images.chunks(16).zip(labels.chunks(16)) {
        cache.add(network, batch(images), labels).unwrap();
    }
    assert_eq!((cache.cut(), cache.batches()), (cut, 3));
    cache
}

#[test]
fn confusions_are_those_of_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    for case in reference.cases("surgery") {
        let cache = cached(&reference, &network, number(&case["cut"]));
        let outcome = cache.outcome(&network, &surgery(case)).unwrap();
        let expected: Vec<Vec<u32>> = serde_json::from_value(case["confusion"].clone()).unwrap();
        assert_eq!(outcome.confusion, expected, "{case}");
        let right: u32 = (0..5).map(|class| expected[class][class]).sum();
        assert_eq!((outcome.images, outcome.errors), (40, 40 - right as usize));
        assert!((outcome.accuracy() - f64::from(right) / 40.0).abs() < 1e-12);
    }
}

/// A unit without weights and bias is silent.
#[test]
fn silencing_is_zeroing_weights_by_hand() {
    let reference = Reference::read();
    let (network, mut zeroed) = (reference.network(), reference.network());
    let mut arrays = zeroed.to_arrays();
    for array in arrays.iter_mut().filter(|array| array.name.starts_with("conv2")) {
        let row = array.data.len() / array.dims[0];
        array.data[2 * row..3 * row].fill(0.0);
    }
    zeroed.load_arrays(&arrays).unwrap();
    let silenced = Surgery { changes: vec![(2, Change::Silence)], resume: None };
    let found = cached(&reference, &network, 4).outcome(&network, &silenced).unwrap();
    let expected = cached(&reference, &zeroed, 4).outcome(&zeroed, &Surgery::default()).unwrap();
    assert_eq!(found, expected);
    assert_ne!(found, cached(&reference, &network, 4).outcome(&network, &Surgery::default()).unwrap());
}

#[test]
fn changes_follow_each_other_and_batches_add_up() {
    let reference = Reference::read();
    let network = reference.network();
    let cache = cached(&reference, &network, 5);
    let outcome = |changes: &[(usize, Change)]| {
        cache.outcome(&network, &Surgery { changes: changes.to_vec(), resume: None }).unwrap()
    };
    assert_eq!(
        outcome(&[(0, Change::Clamp(2.0)), (0, Change::Boost(1.5))]),
        outcome(&[(0, Change::Boost(9.0)), (0, Change::Clamp(3.0))])
    );
    assert_eq!(outcome(&[(1, Change::Silence), (1, Change::Boost(4.0))]), outcome(&[(1, Change::Clamp(0.0))]));
    let surgery = Surgery { changes: vec![(3, Change::Boost(-2.0))], resume: None };
    let mut sum = SurgeryOutcome::nothing(&network);
    assert_eq!(sum.accuracy(), 0.0);
    for batch in 0..5 {
        cache.add_outcome(&network, &surgery, batch, &mut sum).unwrap();
    }
    assert_eq!(sum, cache.outcome(&network, &surgery).unwrap());
}

#[test]
fn layers_are_left_out_only_where_the_shape_stays() {
    let reference = Reference::read();
    let network = reference.network();
    assert_eq!(resume_cuts(&network, 3).unwrap(), [4, 5]);
    assert_eq!(resume_cuts(&network, 1).unwrap(), [2]);
    assert!(resume_cuts(&network, 6).unwrap().is_empty());
    assert!(resume_cuts(&network, 9).is_err());
    let cache = cached(&reference, &network, 3);
    let bad = [
        (Surgery { resume: Some(1), ..Surgery::default() }, "cuts 3 and 1"),
        (Surgery { resume: Some(6), ..Surgery::default() }, "4x6x5"),
        (Surgery { resume: Some(8), ..Surgery::default() }, "cut 8"),
        (Surgery { changes: vec![(4, Change::Silence)], resume: None }, "unit 4"),
        (Surgery { changes: vec![(0, Change::Boost(f32::NAN))], resume: None }, "NaN"),
    ];
    for (surgery, part) in bad {
        let text = cache.outcome(&network, &surgery).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    let text = CachedActivations::new(&network, 3).unwrap().add(&network, batch(&reference.images()), &[5; 6]);
    assert!(text.unwrap_err().to_string().contains("class 5"));
    assert_eq!(CachedActivations::bytes(Shape::new(4, 6, 5), 100), 48_000);
}

/// Silencing at two cuts is silencing at the lower one, and then at the higher one what comes of it; what is done to layers
/// that are left out has no effect.
#[test]
fn surgery_at_several_cuts_goes_from_below() {
    let reference = Reference::read();
    let network = reference.network();
    let silence = |unit| Surgery { changes: vec![(unit, Change::Silence)], resume: None };
    let outcome = |cut, surgeries: &BTreeMap<usize, Surgery>| {
        let (cache, mut outcome) = (cached(&reference, &network, cut), SurgeryOutcome::nothing(&network));
        for batch in 0..cache.batches() {
            cache.add_outcome_of_all(&network, surgeries, batch, &mut outcome).unwrap();
        }
        outcome
    };
    let both = BTreeMap::from([(1, silence(0)), (4, silence(2))]);
    assert_eq!(outcome(0, &both), outcome(1, &both));
    assert_ne!(outcome(0, &both), outcome(0, &BTreeMap::from([(4, silence(2))])));
    assert_ne!(outcome(0, &both), outcome(0, &BTreeMap::from([(1, silence(0))])));
    let left_out = Surgery { changes: Vec::new(), resume: Some(5) };
    assert_eq!(
        outcome(3, &BTreeMap::from([(3, left_out.clone()), (4, silence(2))])),
        outcome(3, &BTreeMap::from([(3, left_out)]))
    );
    let images = batch(&reference.images());
    let text = logits_after(&network, images, 4, &both).unwrap_err().to_string();
    assert!(text.contains("cut 1"), "{text}");
}

#[test]
fn a_sweep_silences_each_unit_in_turn() {
    let reference = Reference::read();
    let network = reference.network();
    let (images, labels) = reference.many();
    let mut sweep = SilencingSweep::new(&network, 4).unwrap();
    for (images, labels) in images.chunks(16).zip(labels.chunks(16)) {
        sweep.take(&network, batch(images), labels).unwrap();
        let before = sweep.images();
        while sweep.advance(&network) {
            assert_eq!(sweep.images(), before);
        }
    }
    let cache = cached(&reference, &network, 4);
    let whole = cache.outcome(&network, &Surgery::default()).unwrap();
    assert_eq!((sweep.images(), sweep.errors()), (40, whole.errors));
    assert_eq!(sweep.costs().len(), network.cuts()[4].channels);
    for cost in sweep.costs() {
        let silenced = Surgery { changes: vec![(cost.unit, Change::Silence)], resume: None };
        let without = cache.outcome(&network, &silenced).unwrap();
        assert_eq!(cost.errors, without.errors);
        let fall = |class| whole.recall(class).unwrap_or(0.0) - without.recall(class).unwrap_or(0.0);
        let most = (0..5).map(fall).fold(0.0, f64::max);
        assert!((cost.hardest.map_or(0.0, |(_, fall)| fall) - most).abs() < 1e-12);
        assert!(cost.hardest.is_none_or(|(class, own)| (fall(class) - own).abs() < 1e-12));
    }
    assert!(SilencingSweep::new(&network, 99).is_err());
}
