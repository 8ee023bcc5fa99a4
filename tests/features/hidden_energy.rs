//! Hiding what a saliency map shows.

use crate::random_floats;
use burn::tensor::Device;
use glassbox::lens::{HiddenEnergySettings, hidden_energy};
use glassbox::nets::{Architecture, Network};

/// The sum of all pixels of both channels, as its only unit.
fn sum() -> Network {
    let text = r#"
        name = "sum"
        input = [2, 10, 10]
        layers = [
            { name = "flatten", kind = "flatten" },
            { name = "fc1", kind = "linear", units = 1, bias = false },
        ]
    "#;
    let mut network = Network::new(Architecture::from_toml(text, "test").unwrap(), 0, &Device::flex()).unwrap();
    let mut arrays = network.to_arrays();
    arrays[0].data.fill(1.0);
    network.load_arrays(&arrays).unwrap();
    network
}

fn settings() -> HiddenEnergySettings {
    HiddenEnergySettings { cut: 2, unit: 0, share: 0.1, fill: vec![0.0; 2], draws: 400, seed: 1 }
}

/// Ten bright pixels of a hundred hold 100 of the sum of 145; random pixels take a tenth of it away.
#[test]
fn the_most_salient_pixels_are_hidden() {
    let image: Vec<f32> = (0..200).map(|place| if place % 10 == 3 { 5.0 } else { 0.25 }).collect();
    let found = hidden_energy(&sum(), &image, &image, &settings()).unwrap();
    assert_eq!(found.pixels, 10);
    assert!((found.whole.total - 145.0).abs() < 1e-4 && (found.salient.total - 45.0).abs() < 1e-4, "{found:?}");
    assert!((found.random.total - 0.9 * 145.0).abs() < 2.0, "{found:?}");
    let ratio = found.ratio().unwrap();
    assert!((ratio - 100.0 / 14.5).abs() < 1.0, "{ratio}");
    assert_eq!(found.whole.maximum, found.whole.total, "a map of one place");
}

/// Energy is over both channels, and the sign does not matter.
#[test]
fn energy_is_the_sum_of_squares() {
    let image = vec![1.0; 200];
    let mut saliency = vec![0.1; 200];
    (saliency[7], saliency[107]) = (-3.0, 3.0);
    (saliency[9], saliency[109]) = (4.0, 0.0);
    let two = HiddenEnergySettings { share: 0.02, fill: vec![-1.0, 0.0], ..settings() };
    let found = hidden_energy(&sum(), &image, &saliency, &two).unwrap();
    assert_eq!((found.pixels, found.salient.total), (2, 200.0 - 2.0 * 3.0));
    let one = HiddenEnergySettings { share: 0.001, ..two };
    let mut other = image.clone();
    other[7] = 11.0;
    let found = hidden_energy(&sum(), &other, &saliency, &one).unwrap();
    assert_eq!((found.pixels, found.whole.total - found.salient.total), (1, 13.0), "the pixel of energy 18");
}

#[test]
fn what_does_not_fit_is_said() {
    let image = random_floats(1, 200);
    let bad = [
        HiddenEnergySettings { share: 0.0, ..settings() },
        HiddenEnergySettings { share: f64::NAN, ..settings() },
        HiddenEnergySettings { draws: 0, ..settings() },
        HiddenEnergySettings { unit: 1, ..settings() },
        HiddenEnergySettings { cut: 3, ..settings() },
    ];
    for settings in bad {
        assert!(hidden_energy(&sum(), &image, &image, &settings).is_err());
    }
    assert!(hidden_energy(&sum(), &image, &image[1..], &settings()).is_err());
    let flat = hidden_energy(&sum(), &[0.0; 200], &image, &settings()).unwrap();
    assert_eq!(flat.ratio(), None);
}
