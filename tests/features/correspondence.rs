//! Signs of feature changes, against PyTorch; and what the test says where there is something to find, and where not.

use crate::{Reference, numbers, random_floats};
use burn::tensor::Device;
use glassbox::lens::{
    Correspondence, CorrespondenceSettings, LayerCorrespondence, MarkedImage, Region, correspondence,
};
use glassbox::nets::{Architecture, Network};

fn settings(cuts: Vec<usize>, fill: Vec<f32>) -> CorrespondenceSettings {
    CorrespondenceSettings { cuts, fill, random_parts: 20, permutations: 500, seed: 3 }
}

#[test]
fn fractions_are_those_of_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    for case in reference.cases("correspondence") {
        let parts = case["parts"].as_array().unwrap().iter().map(|part| {
            let part = numbers(part);
            Region { top: part[0], left: part[1], height: part[2], width: part[3] }
        });
        let images = reference.images().into_iter().zip(parts);
        let images: Vec<MarkedImage> = images.map(|(image, part)| MarkedImage { image, part }).collect();
        let rows = case["rows"].as_array().unwrap();
        let cuts = rows.iter().map(|row| row["cut"].as_u64().unwrap() as usize).collect();
        let settings = settings(cuts, reference.fill());
        let found = correspondence(&network, images.clone(), settings.clone()).unwrap();
        for (found, row) in found.iter().zip(rows) {
            assert!((found.marked - row["mean"].as_f64().unwrap()).abs() < 1e-6, "{found:?}");
            assert!((found.marked_deviation - row["deviation"].as_f64().unwrap()).abs() < 1e-6, "{found:?}");
        }
        assert_eq!(correspondence(&network, images, settings).unwrap(), found, "the same seed, the same draws");
    }
}

/// Compared at the input, where it is plain what hiding a part does.
fn network() -> Network {
    let text = "name = \"plain\"\ninput = [1, 16, 16]\nlayers = [{ name = \"flatten\", kind = \"flatten\" }]";
    Network::new(Architecture::from_toml(text, "test").unwrap(), 0, &Device::flex()).unwrap()
}

/// Images of noise; the marked part of each is bright, at `place(i)`.
fn bright_parts(place: impl Fn(usize) -> (usize, usize)) -> LayerCorrespondence {
    let network = network();
    let images = (0..8).map(|index| {
        let (top, left) = place(index);
        let part = Region { top, left, height: 4, width: 4 };
        let mut image: Vec<f32> = random_floats(index as u64, 256);
        part.hide(&mut image, network.cuts()[0], &[3.0]);
        MarkedImage { image, part }
    });
    correspondence(&network, images.collect(), settings(vec![0], vec![0.0])).unwrap()[0]
}

#[test]
fn a_part_that_is_related_is_found_and_no_other() {
    let found = bright_parts(|_| (4, 8));
    assert_eq!(found.marked, 0.0, "the same pixels darken on all images");
    assert!(found.random > 0.05 && found.p_value < 0.01, "{found:?}");
    // At eight places apart from each other: they agree less than random parts, which overlap by chance.
    let other = bright_parts(|index| (index % 2 * 12, index / 2 * 4));
    assert!(other.marked > other.random && other.p_value > 0.5, "{other:?}");
}

/// Over marks that are random themselves, p-values are spread evenly: about a fifth are below a fifth.
#[test]
fn the_test_is_fair() {
    let small = (0..60).filter(|&trial: &u64| {
        let random = random_floats(1000 + trial, 16);
        let images = (0..8).map(|index| {
            let along = |value: f32| (f32::midpoint(value, 1.0) * 12.99) as usize;
            let part = Region { top: along(random[index]), left: along(random[index + 8]), height: 4, width: 4 };
            MarkedImage { image: random_floats(trial * 8 + index as u64, 256), part }
        });
        let settings = CorrespondenceSettings { permutations: 200, seed: trial, ..settings(vec![0], vec![0.0]) };
        correspondence(&network(), images.collect(), settings).unwrap()[0].p_value <= 0.2
    });
    let small = small.count();
    assert!((4..=22).contains(&small), "{small} of 60");
}

#[test]
fn what_does_not_fit_is_said() {
    let network = network();
    let image = |top: usize, height: usize| MarkedImage {
        image: random_floats(1, 256),
        part: Region { top, left: 0, height, width: 4 },
    };
    let good = settings(vec![1], vec![0.0]);
    let check = |images: Vec<MarkedImage>, settings: CorrespondenceSettings, part: &str| {
        let text = correspondence(&network, images, settings).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    check(vec![image(0, 4)], good.clone(), "two images");
    check(vec![image(0, 4), image(13, 4)], good.clone(), "image 1");
    check(vec![image(0, 4), image(0, 0)], good.clone(), "image 1");
    check(vec![image(0, 4), image(0, usize::MAX)], good.clone(), "image 1");
    check(vec![image(0, 4); 2], CorrespondenceSettings { random_parts: 0, ..good.clone() }, "random parts");
    check(vec![image(0, 4); 2], CorrespondenceSettings { cuts: vec![3], ..good }, "cut 3");
}

/// More parts than go through the network at once: the images come one after the other, and rows when two are done.
#[test]
fn it_advances_in_small_steps() {
    let network = network();
    let part = Region { top: 2, left: 3, height: 4, width: 4 };
    let images: Vec<MarkedImage> = (0..3).map(|seed| MarkedImage { image: random_floats(seed, 256), part }).collect();
    let settings = CorrespondenceSettings { random_parts: 150, ..settings(vec![1, 0], vec![0.0]) };
    let mut steps = Correspondence::new(&network, images.clone(), settings.clone()).unwrap();
    assert_eq!((steps.images(), steps.parts(), steps.hidden()), (3, 3 * 151, 0));
    let (mut count, mut hidden) = (1, 0);
    while steps.advance(&network) {
        assert!(steps.hidden() > hidden && steps.hidden() < steps.parts());
        assert_eq!(steps.layers().len(), if steps.done() < 2 { 0 } else { 2 });
        (count, hidden) = (count + 1, steps.hidden());
    }
    assert_eq!((count, steps.done(), steps.hidden()), (9, 3, 453));
    assert_eq!(steps.layers(), correspondence(&network, images, settings).unwrap());
    assert_eq!(steps.layers().iter().map(|layer| layer.cut).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((steps.layer_at(1), steps.layer_at(2)), (steps.layers().pop(), None));
    assert!(!steps.advance(&network), "there is no more to do");
}
