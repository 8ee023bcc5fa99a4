//! Class partitions, and scenes of known objects.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use glassbox::data::{
    Bounds, DataError, Dataset, ImageShape, SceneOptions, SceneSpec, Unwatched, classes_of, compose_scene,
    compose_scenes, mnist, named_with, natural_and_man_made, random_halves, scenes, scenes_of,
};
use proptest::prelude::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Five images of one pixel, whose value tells which it is; their classes are 0 1 2 1 0.
fn five() -> Dataset {
    Dataset::new(
        "five",
        names(&["a", "b", "c"]),
        ImageShape::new(1, 1, 1),
        vec![10, 11, 12, 13, 14],
        vec![0, 1, 2, 1, 0],
    )
    .unwrap()
}

fn listed(dataset: &Dataset) -> Vec<(u8, &str)> {
    (0..dataset.len()).map(|i| (dataset.image(i)[0], dataset.class_names()[dataset.label(i)].as_str())).collect()
}

// --- Partitions ----------------------------------------------------------------------------------------------------

#[test]
fn any_set_of_classes_gets_new_numbers() {
    let chosen = five().only_classes(&[2, 0]).unwrap();
    assert_eq!(chosen.class_names(), ["c", "a"]);
    assert_eq!(listed(&chosen), [(10, "a"), (12, "c"), (14, "a")]);
    assert_eq!((chosen.label(0), chosen.label(1)), (1, 0));
    assert!(matches!(five().only_classes(&[0, 3]), Err(DataError::UnknownClass { class: 3, last: 2, .. })));
    assert!(matches!(five().only_classes(&[0, 0]), Err(DataError::ClassTwice { class: 0, .. })));
    assert!(matches!(five().only_classes(&[]), Err(DataError::NothingLeft { .. })));
}

#[test]
fn classes_are_renamed_and_merged_without_a_copy() {
    let dataset = five();
    let renamed = dataset.with_class_names(&names(&["x", "y", "z"])).unwrap();
    assert_eq!(listed(&renamed), [(10, "x"), (11, "y"), (12, "z"), (13, "y"), (14, "x")]);
    assert!(matches!(
        dataset.with_class_names(&names(&["x"])),
        Err(DataError::ClassNames { names: 1, classes: 3, .. })
    ));

    let groups = [("b".to_owned(), vec![1]), ("a or c".to_owned(), vec![2, 0])];
    let merged = dataset.merged(&groups).unwrap();
    assert_eq!(listed(&merged), [(10, "a or c"), (11, "b"), (12, "a or c"), (13, "b"), (14, "a or c")]);
    for other in [&renamed, &merged] {
        assert_eq!(other.image(0).as_ptr(), dataset.image(0).as_ptr(), "the pixels are shared");
    }
    assert!(matches!(dataset.merged(&groups[..1]), Err(DataError::ClassLeftOut { class: 0, .. })));
    let twice = [("x".to_owned(), vec![0, 1, 2]), ("y".to_owned(), vec![1])];
    assert!(matches!(dataset.merged(&twice), Err(DataError::ClassTwice { class: 1, .. })));
}

#[test]
fn cifar_10_falls_into_what_lives_and_what_is_made() {
    let classes = names(&["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);
    let [natural, made] = natural_and_man_made(&classes).unwrap();
    assert_eq!((natural, made), (vec![2, 3, 4, 5, 6, 7], vec![0, 1, 8, 9]));
    assert_eq!(natural_and_man_made(&classes[1..]), None);
    assert_eq!(natural_and_man_made(&names(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])), None);
}

#[test]
fn a_source_is_changed_as_a_whole() {
    let odd = mnist().unwrap().with_each(|set| set.only_classes(&[1, 3, 5, 7, 9])).unwrap();
    assert_eq!((odd.train.classes(), odd.test.classes()), (5, 5));
    // 6742 + 6131 + 5421 + 6265 + 5949 and 1135 + 1010 + 892 + 1028 + 1009.
    assert_eq!((odd.train.len(), odd.test.len()), (30_508, 5_074));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn random_halves_are_halves(classes in 0..200_usize, seed in any::<u64>()) {
        let [first, second] = random_halves(classes, seed);
        prop_assert!(first.len() == second.len() || first.len() == second.len() + 1);
        prop_assert!(first.is_sorted() && second.is_sorted());
        let all: BTreeSet<usize> = first.iter().chain(&second).copied().collect();
        prop_assert_eq!(all, (0..classes).collect::<BTreeSet<_>>());
        prop_assert_eq!(random_halves(classes, seed), [first, second]);
    }
}

#[test]
fn other_seeds_give_other_halves() {
    let halves: BTreeSet<[Vec<usize>; 2]> = (0..20).map(|seed| random_halves(10, seed)).collect();
    assert!(halves.len() > 15, "{} different ones", halves.len());
}

// --- Scenes --------------------------------------------------------------------------------------------------------

/// One white image of 10 x 10 pixels, of class 1.
fn square(channels: usize) -> Dataset {
    let shape = ImageShape::new(channels, 10, 10);
    Dataset::new("square", names(&["none", "square"]), shape, vec![255; shape.pixels()], vec![1]).unwrap()
}

fn still() -> SceneOptions {
    SceneOptions { side: 32, scale: (1.0, 1.0), rotation: 0.0, clutter: 0, ..SceneOptions::default() }
}

/// The box of all pixels that are brighter than half.
fn bright(pixels: &[u8], side: usize) -> Bounds {
    let lit: Vec<usize> = (0..side * side).filter(|&i| pixels[i] > 127).collect();
    let (rows, columns) = (lit.iter().map(|i| i / side), lit.iter().map(|i| i % side));
    Bounds {
        left: columns.clone().min().unwrap(),
        top: rows.clone().min().unwrap(),
        right: columns.max().unwrap() + 1,
        bottom: rows.max().unwrap() + 1,
    }
}

#[test]
fn an_object_is_where_the_scene_says() {
    for channels in [1, 3] {
        for index in 0..50 {
            let scene = compose_scene(&square(channels), &still(), 3, index).unwrap();
            let object = &scene.objects[0];
            assert_eq!((scene.objects.len(), object.class, object.image), (1, 1, 0));
            let lit = bright(&scene.pixels, 32);
            // A place between pixels spreads an edge over two.
            for (said, seen) in [(object.bounds.left, lit.left), (object.bounds.top, lit.top)] {
                assert!(said.abs_diff(seen) <= 1, "{object:?} is at {lit:?}");
            }
            assert!(lit.area().abs_diff(100) <= 21, "{lit:?}");
            let middle = [(lit.left + lit.right) as f32 / 2.0, (lit.top + lit.bottom) as f32 / 2.0];
            for (said, seen) in object.centre.iter().zip(middle) {
                assert!((said - seen).abs() <= 1.0, "{object:?} is at {lit:?}");
            }
            let sum: f64 = scene.pixels.iter().map(|&light| f64::from(light) / 255.0).sum();
            assert!((sum / channels as f64 - 100.0).abs() < 1.0, "nothing of it is lost: {sum}");
        }
    }
}

#[test]
fn scale_and_rotation_change_the_box_as_they_should() {
    let larger = SceneOptions { scale: (2.0, 2.0), ..still() };
    for index in 0..20 {
        let scene = compose_scene(&square(3), &larger, 1, index).unwrap();
        assert!(scene.objects[0].bounds.area().abs_diff(400) <= 41, "{:?}", scene.objects[0]);
    }
    let turned = SceneOptions { rotation: 180.0, ..still() };
    for index in 0..50 {
        let object = &compose_scene(&square(3), &turned, 1, index).unwrap().objects[0];
        let (sine, cosine) = object.rotation.to_radians().sin_cos();
        let side = 10.0 * (sine.abs() + cosine.abs());
        let seen = (object.bounds.right - object.bounds.left) as f32;
        assert!((seen - side).abs() <= 2.0, "{object:?} should be {side} pixels wide");
    }
}

#[test]
fn clockwise_is_clockwise() {
    // White at the left: turned by a quarter clockwise it is at the top.
    let shape = ImageShape::new(1, 10, 10);
    let pixels = (0..100).map(|i| if i % 10 < 3 { 255 } else { 0 }).collect();
    let left = Dataset::new("left", names(&["left"]), shape, pixels, vec![0]).unwrap();
    let options = SceneOptions { rotation: 100.0, ..still() };
    let quarter = (0..4000)
        .map(|index| compose_scene(&left, &options, 0, index).unwrap())
        .find(|scene| (scene.objects[0].rotation - 90.0).abs() < 2.0)
        .unwrap();
    let object = &quarter.objects[0];
    let wide = object.bounds.right - object.bounds.left > object.bounds.bottom - object.bounds.top;
    assert!(wide && (object.bounds.bottom as f32) < object.centre[1], "{object:?}");
}

#[test]
fn several_objects_do_not_hide_each_other() {
    let digits = mnist().unwrap().test;
    let options = SceneOptions { side: 128, objects: (2, 4), ..SceneOptions::default() };
    let scenes = compose_scenes(&digits, &options, 200, 5, "several").unwrap();
    let counts: BTreeSet<usize> = scenes.objects.iter().map(Vec::len).collect();
    assert_eq!(counts, BTreeSet::from([2, 3, 4]));
    for (i, objects) in scenes.objects.iter().enumerate() {
        assert_eq!(scenes.dataset.label(i), objects[0].class, "the label is the largest object's");
        let classes = classes_of(objects);
        assert!(classes.is_sorted_by(|a, b| a < b) && classes.contains(&objects[0].class));
        assert!(objects.iter().all(|object| classes.contains(&object.class)));
        assert!(objects.is_sorted_by_key(|object| std::cmp::Reverse(object.bounds.area())));
        for (a, one) in objects.iter().enumerate() {
            assert!(one.bounds.right <= 128 && one.bounds.bottom <= 128 && one.bounds.area() > 0);
            assert_eq!(one.class, digits.label(one.image));
            for other in &objects[..a] {
                let (one, other) = (one.bounds, other.bounds);
                let apart = one.right <= other.left || other.right <= one.left;
                assert!(apart || one.bottom <= other.top || other.bottom <= one.top, "{one:?} {other:?}");
            }
        }
    }
}

#[test]
fn a_seed_gives_the_same_scenes_and_one_scene_stands_alone() {
    let digits = mnist().unwrap().test;
    let options = SceneOptions::default();
    let make = |seed| compose_scenes(&digits, &options, 20, seed, "some").unwrap();
    let (once, again, other) = (make(1), make(1), make(2));
    assert!(once.dataset == again.dataset && once.objects == again.objects);
    assert!(once.dataset != other.dataset);
    let alone = compose_scene(&digits, &options, 1, 7).unwrap();
    assert_eq!((alone.pixels.as_slice(), &alone.objects), (once.dataset.image(7), &once.objects[7]));
    let bare = SceneOptions { clutter: 0, ..options };
    let light = |options| {
        let scenes = compose_scenes(&digits, &options, 50, 1, "some").unwrap();
        (0..50).flat_map(|i| scenes.dataset.image(i).to_vec()).map(u64::from).sum::<u64>()
    };
    assert!(light(options) > light(bare) * 11 / 10, "clutter is there");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let good = still();
    for bad in [
        SceneOptions { side: 8, ..good },
        SceneOptions { objects: (0, 1), ..good },
        SceneOptions { objects: (3, 2), ..good },
        SceneOptions { scale: (0.0, 1.0), ..good },
        SceneOptions { scale: (f32::NAN, 1.0), ..good },
        SceneOptions { scale: (1.0, 9.0), ..good },
        SceneOptions { rotation: -1.0, ..good },
        SceneOptions { clutter: 1_001, ..good },
    ] {
        assert!(matches!(compose_scene(&square(1), &bad, 0, 0), Err(DataError::BadScene { .. })), "{bad:?}");
    }
    assert!(matches!(compose_scenes(&square(1), &good, 0, 0, "none"), Err(DataError::NoImages { .. })));
}

#[test]
fn the_scenes_that_are_built_in_have_boxes_and_are_composed_once() {
    let (once, again) = (scenes().unwrap(), scenes().unwrap());
    assert!(Arc::ptr_eq(&once.source.train, &again.source.train));
    assert_eq!((once.train.len(), once.test.len()), (once.source.train.len(), once.source.test.len()));
    assert_eq!(once.source.train.shape(), ImageShape::new(1, 64, 64));
    for (i, objects) in once.test.iter().enumerate() {
        assert_eq!((objects.len(), objects[0].class), (1, once.source.test.label(i)));
    }
    let with = |images: &str| named_with("scenes", &images.parse().unwrap(), &Unwatched);
    assert_eq!(with("96").unwrap().train.shape(), ImageShape::new(1, 96, 96), "the size of the canvas is a choice");
    for (images, says) in [("20", "larger than the canvas"), ("64x96", "square"), ("1000", "more than 2 GiB")] {
        let message = with(images).unwrap_err().to_string();
        assert!(message.contains(says), "{images}: {message}");
    }
}

#[test]
fn scenes_are_named_with_what_differs_from_the_usual() {
    let spec: SceneSpec = "scenes:count=60,side=96,objects=2-3,scale=0.5-0.8,clutter=0".parse().unwrap();
    let scenes = scenes_of(&spec, &Unwatched).unwrap();
    assert_eq!((scenes.train.len(), scenes.test.len()), (60, 12));
    assert!(scenes.train.iter().all(|objects| (1..=3).contains(&objects.len())));
    assert!(scenes.train.iter().any(|objects| objects.len() == 3));
    let named = named_with(&spec.to_string(), &"automatic".parse().unwrap(), &Unwatched).unwrap();
    assert!(Arc::ptr_eq(&named.train, &scenes.source.train), "the same scenes are shared");
    let folder = tempfile::tempdir().unwrap();
    let pixels = vec![200; 3 * 8 * 8];
    for class in ["a", "b"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for number in 0..4 {
            let file = folder.path().join(class).join(format!("{number}.png"));
            image::save_buffer(file, &pixels, 8, 8, image::ColorType::Rgb8).unwrap();
        }
    }
    let name = format!("scenes:of={},count=10,side=32", folder.path().display());
    let open = || named_with(&name, &"automatic".parse().unwrap(), &Unwatched).unwrap();
    let of_folder = open();
    assert_eq!((of_folder.train.shape(), of_folder.train.class_names().len()), (ImageShape::new(3, 32, 32), 2));
    fs::rename(folder.path().join("a"), folder.path().join("c")).unwrap();
    assert_eq!(open().train.class_names(), ["b", "c"], "the folder has changed since");
}

#[test]
fn scenes_that_nobody_has_take_no_memory() {
    let spec: SceneSpec = "scenes:count=7,side=48".parse().unwrap();
    let scenes = scenes_of(&spec, &Unwatched).unwrap();
    let (train, test) = (Arc::downgrade(&scenes.source.train), Arc::downgrade(&scenes.source.test));
    drop(scenes);
    assert!(train.upgrade().is_none() && test.upgrade().is_none());
}
