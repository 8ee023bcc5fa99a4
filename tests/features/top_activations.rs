//! Top nine: exact, one entry an image, whatever the order; and what becomes of it while a network learns.

use crate::{Reference, assert_close, batch, floats, mixed, number, random_floats};
use burn::tensor::{Device, Tensor, TensorData};
use glassbox::lens::{Examples, TopActivations, TopEntry, UnitSheet, UnitStatistics, sheet_change, unit_cuts};
use glassbox::nets::{Architecture, Mode, Network};
use proptest::prelude::*;

#[test]
fn sheets_are_those_of_a_sort_in_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    let (images, labels) = reference.many();
    let cuts: Vec<usize> = reference.cases("top").iter().map(|case| number(&case["cut"])).collect();
    let mut top = TopActivations::new(&network, &cuts, 9, 5);
    let mut first = 0;
    for (images, labels) in images.chunks(16).zip(labels.chunks(16)) {
        let numbers: Vec<u32> = (first..first + images.len() as u32).collect();
        let examples = Examples { images: &numbers, labels, generation: 7 };
        let logits = top.observe_images(&network, batch(images), examples);
        assert_eq!(logits.to_data(), network.forward(batch(images)).to_data());
        first += images.len() as u32;
    }
    for case in reference.cases("top") {
        let sheet = top.sheet(number(&case["cut"]));
        let entries: Vec<TopEntry> = sheet.iter().flat_map(|unit| unit.top.clone()).collect();
        let column = |of: fn(&TopEntry) -> f32| entries.iter().map(of).collect::<Vec<f32>>();
        // Of equals PyTorch's stable sort has the first as well.
        assert_eq!(column(|entry| entry.image as f32), floats(&case["images"]));
        assert_close("activations", &column(|entry| entry.activation), &floats(&case["activations"]));
        assert_eq!(column(|entry| entry.y as f32), floats(&case["y"]));
        assert_eq!(column(|entry| entry.x as f32), floats(&case["x"]));
        let statistics =
            |of: fn(&UnitStatistics) -> f32| sheet.iter().map(|unit| of(&unit.statistics)).collect::<Vec<f32>>();
        assert_close("mean", &statistics(|unit| unit.mean), &floats(&case["mean"]));
        assert_close("active", &statistics(|unit| unit.active_share), &floats(&case["active_share"]));
        assert!(entries.iter().all(|entry| entry.generation == 7));
    }
}

#[test]
fn a_sheet_changes_by_the_share_of_its_new_images() {
    let entry = |image| TopEntry { image, activation: 1.0, y: 0, x: 0, generation: 0 };
    let sheet =
        |images: &[u32]| UnitSheet { top: images.iter().map(|&image| entry(image)).collect(), ..UnitSheet::default() };
    assert_eq!(sheet_change(&sheet(&[1, 2, 3, 4]), &sheet(&[4, 3, 9, 8])), 0.5);
    assert_eq!(sheet_change(&sheet(&[1, 2]), &sheet(&[2, 1])), 0.0);
    assert_eq!(sheet_change(&sheet(&[]), &sheet(&[2, 1])), 1.0);
    assert_eq!(sheet_change(&sheet(&[1]), &sheet(&[])), 0.0);
}

/// The network hands on its input, so that activations can be made up: `[units, 2, 3]`.
fn window(units: usize) -> Network {
    let text =
        format!("name = \"window\"\ninput = [{units}, 2, 3]\nlayers = [{{ name = \"flatten\", kind = \"flatten\" }}]");
    Network::new(Architecture::from_toml(&text, "test").unwrap(), 0, &Device::flex()).unwrap()
}

fn observe(
    top: &mut TopActivations,
    network: &Network,
    values: &[f32],
    images: &[u32],
    labels: &[usize],
    generation: u64,
) {
    let dims = network.cuts()[0].batched(images.len());
    let tensor = Tensor::from_data(TensorData::new(values.to_vec(), dims), &Device::flex());
    let trace = network.trace(tensor, 0..1, Mode::Evaluate);
    top.observe(&trace, Examples { images, labels, generation });
}

fn ranked(mut entries: Vec<(f32, u32)>, k: usize) -> Vec<(f32, u32)> {
    entries.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    entries.truncate(k);
    entries
}

fn pairs(entries: &[TopEntry]) -> Vec<(f32, u32)> {
    entries.iter().map(|entry| (entry.activation, entry.image)).collect()
}

proptest! {
    /// Few different values, so that there are many ties.
    #[test]
    fn any_order_and_any_batches_give_the_full_sort(seed in any::<u64>(), images in 1usize..60, size in 1usize..17, k in 1usize..10) {
        let network = window(3);
        let mut order: Vec<u32> = (0..images as u32).collect();
        order.sort_by_key(|&image| mixed(seed ^ u64::from(image)));
        let values = |image: u32| -> Vec<f32> {
            (0..18).map(|place| (mixed(seed.wrapping_add(u64::from(image) * 18 + place)) % 7) as f32 - 2.0).collect()
        };
        let mut top = TopActivations::new(&network, &[0], k, 2);
        for batch in order.chunks(size) {
            let labels: Vec<usize> = batch.iter().map(|&image| image as usize % 2).collect();
            let activations: Vec<f32> = batch.iter().flat_map(|&image| values(image)).collect();
            observe(&mut top, &network, &activations, batch, &labels, 0);
        }
        for unit in 0..3 {
            let plane = |image: u32| values(image)[unit * 6..unit * 6 + 6].to_vec();
            let maximum = |image: u32| plane(image).into_iter().fold(f32::NEG_INFINITY, f32::max);
            let sheet = top.unit(0, unit).unwrap();
            let expected = ranked((0..images as u32).map(|image| (maximum(image), image)).collect(), k);
            prop_assert_eq!(pairs(&sheet.top), expected);
            for entry in &sheet.top {
                let place = plane(entry.image).iter().position(|&value| value == entry.activation).unwrap();
                prop_assert_eq!((entry.y, entry.x), (place as u32 / 3, place as u32 % 3));
            }
            let highest = (0..images as u32).map(maximum).fold(f32::NEG_INFINITY, f32::max);
            prop_assert_eq!(sheet.statistics.maximum, highest);
            let active = (0..images as u32).filter(|&image| maximum(image) > 0.0).count();
            prop_assert!((sheet.statistics.active_share - active as f32 / images as f32).abs() < 1e-6);
        }
    }
}

#[test]
fn an_image_that_comes_twice_in_a_pass_has_one_entry() {
    let network = window(1);
    let mut top = TopActivations::new(&network, &[0], 3, 1);
    let values =
        |activations: &[f32]| activations.iter().flat_map(|&a| [0.0, a, 0.0, 0.0, 0.0, 0.0]).collect::<Vec<_>>();
    observe(&mut top, &network, &values(&[5.0, 3.0, 4.0]), &[8, 2, 8], &[0, 0, 0], 0);
    observe(&mut top, &network, &values(&[6.0, 1.0]), &[8, 9], &[0, 0], 1);
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(6.0, 8), (3.0, 2), (1.0, 9)]);
    assert_eq!(top.images(), 5);
}

/// The old sheet stays until its images are looked at again, also where they activate less by then.
#[test]
fn a_new_pass_replaces_entries_image_by_image() {
    let network = window(1);
    let mut top = TopActivations::new(&network, &[0], 2, 1);
    let look = |top: &mut TopActivations, image: u32, activation: f32, generation: u64| {
        observe(top, &network, &[activation; 6], &[image], &[0], generation);
    };
    let generations = |top: &TopActivations| -> Vec<u64> {
        top.unit(0, 0).unwrap().top.iter().map(|entry| entry.generation).collect()
    };
    top.begin_pass();
    for (image, activation) in [(0, 9.0), (1, 8.0), (2, 7.0)] {
        look(&mut top, image, activation, 1);
    }
    top.begin_pass();
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(9.0, 0), (8.0, 1)]);
    look(&mut top, 0, 2.0, 2);
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(8.0, 1), (2.0, 0)]);
    assert_eq!(generations(&top), [1, 2]);
    assert_eq!(top.unit(0, 0).unwrap().statistics.mean, 8.0, "of the last whole pass");
    look(&mut top, 2, 3.0, 2);
    top.end_pass();
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(3.0, 2), (2.0, 0)]);
    assert_eq!(top.unit(0, 0).unwrap().statistics.mean, 2.5);
    // Begun anew before it came to all: nothing is lost, and nothing dropped comes back.
    top.begin_pass();
    look(&mut top, 0, 1.0, 3);
    top.begin_pass();
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(3.0, 2), (1.0, 0)]);
    look(&mut top, 5, 0.5, 4);
    top.end_pass();
    assert_eq!(pairs(&top.unit(0, 0).unwrap().top), [(0.5, 5)]);
}

/// Classes with mean activations 3, 1 and 0 (below zero counts as zero): (3 - 0.5) / (3 + 0.5).
#[test]
fn selectivity_is_that_of_morcos() {
    let network = window(2);
    let mut top = TopActivations::new(&network, &[0], 1, 4);
    let planes: Vec<f32> = [2.0f32, 4.0, 1.0, -5.0].iter().flat_map(|&a| [[a; 6], [-1.0; 6]].concat()).collect();
    observe(&mut top, &network, &planes, &[0, 1, 2, 3], &[0, 0, 1, 2], 0);
    let selective = top.unit(0, 0).unwrap().statistics;
    assert_eq!(selective.best_class, Some(0));
    assert!((selective.selectivity - 2.5 / 3.5).abs() < 1e-6, "{}", selective.selectivity);
    let dead = top.unit(0, 1).unwrap().statistics;
    assert_eq!((dead.active_share, dead.selectivity, dead.best_class, dead.maximum), (0.0, 0.0, None, -1.0));
}

#[test]
fn values_that_are_no_numbers_are_on_no_sheet() {
    let network = window(1);
    let mut top = TopActivations::new(&network, &[0], 4, 1);
    let values = [[f32::NAN; 6], [f32::INFINITY; 6], [f32::NAN, 1.0, 0.0, 2.0, f32::NAN, 0.0]].concat();
    observe(&mut top, &network, &values, &[0, 1, 2], &[0, 0, 0], 0);
    let sheet = top.unit(0, 0).unwrap();
    assert_eq!(pairs(&sheet.top), [(2.0, 2)]);
    assert_eq!(sheet.statistics.maximum, 2.0);
    assert_eq!(top.unit(0, 1), None);
    assert_eq!(top.unit(1, 0), None);
    assert!(top.sheet(5).is_empty());
}

#[test]
fn a_trace_and_a_pass_of_its_own_find_the_same() {
    let reference = Reference::read();
    let network = reference.network();
    let cuts = unit_cuts(&network);
    assert_eq!(cuts, [1, 2, 3, 4, 5, 7], "all but flatten");
    let images: Vec<Vec<f32>> = (0..12).map(|seed| random_floats(seed, 360)).collect();
    let (numbers, labels): (Vec<u32>, Vec<usize>) = (0..12).map(|image| (image, image as usize % 5)).unzip();
    let examples = Examples { images: &numbers, labels: &labels, generation: 3 };
    let [mut traced, mut passed] = [0, 1].map(|_| TopActivations::new(&network, &cuts, 9, 5));
    traced.observe(&network.trace(batch(&images), 0..network.top(), Mode::Evaluate), examples);
    passed.observe_images(&network, batch(&images), examples);
    for cut in cuts {
        assert_eq!(traced.sheet(cut), passed.sheet(cut), "cut {cut}");
    }
}
