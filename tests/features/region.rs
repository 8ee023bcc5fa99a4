//! What a unit sees, and hiding.

use glassbox::data::Standardisation;
use glassbox::lens::{Fields, Fill, Patch, Region};
use glassbox::nets::{Architecture, Shape, preset};

/// AlexNet's numbers of Araujo et al. 2019, table 1, on the 195 pixels of its last pooling: every 32, the first at -66.
#[test]
fn a_patch_is_the_receptive_field_clipped_to_the_image() {
    let alexnet = preset("alexnet").unwrap();
    let pool5 = 1 + alexnet.layers.iter().position(|layer| layer.name == "pool5").unwrap();
    let fields = Fields::of_cuts(&alexnet).unwrap()[pool5];
    let corner = fields.patch(0, 0, alexnet.input);
    let inside = Region { top: 0, left: 0, height: 129, width: 129 };
    assert_eq!(corner, Patch { top: -66, left: -66, height: 195, width: 195, inside: Some(inside) });
    let middle = fields.patch(3, 5, alexnet.input);
    assert_eq!((middle.top, middle.left), (30, 94));
    assert_eq!(middle.inside, Some(Region { top: 30, left: 94, height: 194, width: 130 }));
}

#[test]
fn a_pixel_sees_itself_and_a_linear_unit_everything() {
    let text = r#"
        name = "wide"
        input = [1, 4, 9]
        layers = [
            { name = "pad", kind = "conv2d", channels = 1, kernel = 1, padding = 2 },
            { name = "flatten", kind = "flatten" },
            { name = "fc", kind = "linear", units = 2 },
        ]
    "#;
    let architecture = Architecture::from_toml(text, "test").unwrap();
    let fields = Fields::of_cuts(&architecture).unwrap();
    let pixel = Region { top: 3, left: 8, height: 1, width: 1 };
    assert_eq!(fields[0].patch(3, 8, architecture.input).inside, Some(pixel));
    // A unit that sees padding alone.
    let padding = fields[1].patch(0, 12, architecture.input);
    assert_eq!((padding.top, padding.left, padding.inside), (-2, 10, None));
    let whole = Region { top: 0, left: 0, height: 4, width: 9 };
    assert_eq!(fields[3].patch(0, 0, architecture.input).inside, Some(whole));
}

#[test]
fn hiding_stays_inside_the_image() {
    let shape = Shape::new(2, 3, 4);
    let mut image = vec![0.0; 24];
    Region { top: 1, left: 2, height: 5, width: usize::MAX }.hide(&mut image, shape, &[1.0, 2.0]);
    let plane = |value: f32| [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, value, value, 0.0, 0.0, value, value];
    assert_eq!(image, [plane(1.0), plane(2.0)].concat());
    let before = image.clone();
    Region { top: 7, left: 9, height: 1, width: 1 }.hide(&mut image, shape, &[5.0, 5.0]);
    assert_eq!(image, before);
}

#[test]
fn fills_are_standardised() {
    let standardisation = Standardisation { mean: vec![0.5, 0.25], std: vec![0.5, 0.125] };
    assert_eq!(Fill::Mean.values(&standardisation), [0.0, 0.0]);
    assert_eq!(Fill::Grey(0.5).values(&standardisation), [0.0, 2.0]);
}
