//! What is wrong with an architecture, and that what is offered mends it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::nets::{Architecture, DataFit, KINDS, Layer, LayerKind, Repair, Shape, preset, preset_names, survey};
use proptest::prelude::*;

const MNIST: DataFit = DataFit { shape: Shape::new(1, 28, 28), classes: 10 };

fn from(text: &str) -> Architecture {
    Architecture::parse(text, "a test").unwrap()
}

/// Takes what is offered, the lowest fault first, until nothing is wrong. Returns how many repairs that took.
fn mend(architecture: &mut Architecture, data: Option<&DataFit>) -> usize {
    for count in 0.. {
        let found = survey(architecture, data);
        let Some(fault) = found.faults().next() else { return count };
        assert!(count < 4 * (architecture.layers.len() + 8), "{fault:?} is not mended: {architecture:?}");
        fault.repair.apply(architecture);
    }
    unreachable!()
}

#[test]
fn presets_are_surveyed_as_they_are_summarised() {
    for name in preset_names() {
        let architecture = preset(name).unwrap();
        let found = survey(&architecture, None);
        let rows: Vec<_> = found.layers.iter().map(|row| row.clone().unwrap()).collect();
        assert_eq!(rows, architecture.summary().unwrap(), "{name}");
        assert!(found.is_possible());
    }
}

#[test]
fn the_nearest_possible_kernel_is_offered() {
    let mut net = from(
        "name = 'a'\ninput = [1, 28, 28]\n[[layers]]\nname = 'conv1'\nkind = 'conv2d'\nchannels = 4\nkernel = 31\npadding = 1\n\
         [[layers]]\nname = 'flatten'\nkind = 'flatten'\n[[layers]]\nname = 'fc'\nkind = 'linear'\nunits = 10\n",
    );
    let found = survey(&net, Some(&MNIST));
    let fault = found.faults().next().unwrap().clone();
    assert_eq!(fault.repair.label(), "Use kernel 30", "28 pixels and one of padding on each side");
    fault.repair.apply(&mut net);
    assert!(survey(&net, Some(&MNIST)).is_possible() && net.summary().is_ok());
}

#[test]
fn a_linear_layer_on_maps_is_flattened_first_and_the_end_fits_the_classes() {
    let mut net = from(
        "name = 'a'\ninput = [1, 28, 28]\n[[layers]]\nname = 'conv1'\nkind = 'conv2d'\nchannels = 4\nkernel = 3\n\
         [[layers]]\nname = 'fc'\nkind = 'linear'\nunits = 7\n",
    );
    let labels: Vec<String> = survey(&net, Some(&MNIST)).faults().map(|fault| fault.repair.label()).collect();
    assert_eq!(labels, ["Flatten first", "Use 10 units"]);
    assert_eq!(mend(&mut net, Some(&MNIST)), 2);
    assert_eq!(net.classes().unwrap(), 10);
}

#[test]
fn a_survey_goes_on_past_the_first_fault() {
    let mut net = preset("lenet").unwrap();
    net.layers[0].name = "conv 1".to_owned();
    let LayerKind::Conv2d(conv) = &mut net.layers[3].kind else { panic!("conv2 is expected here") };
    conv.channels = 0;
    net.input = Shape::new(3, 28, 28);
    let found = survey(&net, Some(&MNIST));
    let repairs: Vec<&Repair> = found.faults().map(|fault| &fault.repair).collect();
    assert!(matches!(repairs[0], Repair::Input(shape) if *shape == MNIST.shape));
    assert!(matches!(repairs[1], Repair::Rename { layer: 0, name } if name == "conv_1"));
    assert!(matches!(repairs[2], Repair::Resize { layer: 3, .. }));
    assert_eq!(repairs.len(), 3, "the layers above the faults are well");
}

#[test]
fn the_command_line_says_what_is_impossible() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net.toml");
    let text = preset("lenet").unwrap().to_toml().replacen("kernel = 5", "kernel = 50", 1);
    std::fs::write(&file, text).unwrap();
    let check = |name: &str| {
        let program = env!("CARGO_BIN_EXE_glassbox");
        std::process::Command::new(program).args(["networks", name, "--check"]).output().unwrap()
    };
    let output = check(file.to_str().unwrap());
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("conv1: ") && said.contains("Use kernel 32."), "{said}");
    assert!(check("lenet").status.success());
}

fn number() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..8, 0usize..200, Just(usize::MAX), Just(1 << 40)]
}

fn layer() -> impl Strategy<Value = Layer> {
    let name = prop_oneof![Just("a"), Just("b"), Just(""), Just("x y"), Just("c.d"), Just("e"), Just("f")];
    (0..KINDS.len(), name, number(), number(), number()).prop_map(|(kind, name, a, b, c)| {
        let mut kind = KINDS[kind].clone();
        match &mut kind {
            LayerKind::Conv2d(conv) => (conv.channels, conv.kernel, conv.stride, conv.padding) = (a, b, c, a),
            LayerKind::MaxPool2d(pool) => (pool.kernel, pool.stride, pool.padding) = (a, b, c),
            LayerKind::AveragePool2d(pool) => (pool.kernel, pool.stride, pool.padding) = (a, b, c),
            LayerKind::Linear(linear) => linear.units = a,
            LayerKind::LocalResponseNorm(norm) => norm.size = a,
            _ => {}
        }
        Layer { name: name.to_owned(), kind }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a person puts together, taking what is offered ends in a network that can be built.
    #[test]
    fn what_is_offered_always_mends(
        layers in proptest::collection::vec(layer(), 0..8),
        input in (number(), number(), number()),
        knows_data in any::<bool>(),
    ) {
        let input = Shape::new(input.0, input.1, input.2);
        let mut net = Architecture { name: "any".to_owned(), input, layers };
        let data = knows_data.then_some(&MNIST);
        mend(&mut net, data);
        prop_assert!(net.classes().is_ok(), "{:?}: {:?}", net.classes(), net);
    }
}
