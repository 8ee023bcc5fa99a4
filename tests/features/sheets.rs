//! Sheets of one state of a network that learns, made with a share of the time while another network is looked into.

use burn::tensor::Device;
use glassbox::data::{ImageOptions, named};
use glassbox::engine::{Explorer, ImageSet, Question, Reply, Sheets, SheetsQuestion, Subject, Ticket, layer_sheet};
use glassbox::experiments::Classifier;
use glassbox::lens::{Fields, Place, StrongestImages, Target, reconstruct};
use glassbox::nets::{Rule, Shape};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn question(known: Option<Arc<Sheets>>) -> SheetsQuestion {
    let images = ImageSet::Data { name: "mnist".to_owned(), options: ImageOptions::default(), most: 320 };
    SheetsQuestion { images, state: Some(crate::evolution::state(70, 0.5)), known }
}

#[track_caller]
fn whole(explorer: &Explorer, ticket: Ticket) -> Arc<Sheets> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(2) {
        for (own, reply) in explorer.replies() {
            match reply {
                Reply::Sheets(sheets) if own == ticket && sheets.is_whole() => return sheets,
                Reply::Failed(reason) => panic!("{reason}"),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited in vain");
}

#[test]
fn sheets_of_a_state_are_its_own_and_keep_to_their_share() {
    let explorer = Explorer::start(|| ());
    let looked_into = || explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    looked_into();
    let ticket = explorer.ask(Question::Sheets(question(None)));
    // The network that is looked into is renewed meanwhile.
    looked_into();
    let first = whole(&explorer, ticket);
    let state = question(None).state.unwrap();
    assert_eq!(first.state.as_ref().map(|state| state.step), Some(70));
    let classifier = Classifier::of_checkpoint(&state.network, &Device::flex()).unwrap();
    let cut = classifier.network().architecture().cut("conv1").unwrap();
    let seen: Vec<&[u8]> = (0..320).map(|number| first.images.image(number)).collect();
    let mut best = StrongestImages::new(classifier.network().cuts()[cut.layers], 70);
    best.observe(&classifier.activations(&seen, cut), 0);
    for (unit, best) in best.into_best().into_iter().enumerate() {
        let (found, best) = (first.top.unit(cut.layers, unit).unwrap().top[0], best.unwrap());
        assert_eq!((found.generation, found.y, found.x, found.image), (70, best.y, best.x, best.image), "unit {unit}");
    }

    explorer.set_live_share(0.2);
    let ticket = explorer.ask(Question::Sheets(question(Some(Arc::clone(&first)))));
    let second = whole(&explorer, ticket);
    assert!(Arc::ptr_eq(&first.images, &second.images), "the images are prepared once");
    // A busy machine can only make the rests longer; half leaves room for a slow last step.
    assert!(second.share() < 0.5, "{:?} of {:?}", second.worked, second.took);
}

/// Every tile is the part of an image, or of a reconstruction, that lies in the unit's receptive field.
#[test]
fn a_contact_sheet_shows_what_each_unit_sees() {
    let classifier = Classifier::open("convnet-mnist", None, &Device::flex()).unwrap();
    let architecture = classifier.network().architecture();
    let cut = architecture.cut("relu2").unwrap();
    let images = || ImageSet::Data { name: "mnist".to_owned(), options: ImageOptions::default(), most: 60 };
    let plain = layer_sheet(&classifier, images(), cut, None).unwrap();
    let carried = layer_sheet(&classifier, images(), cut, Some(Rule::Guided)).unwrap();
    assert_eq!((plain.layer.as_str(), plain.images, plain.step), ("relu2", 60, None));
    assert_eq!(plain.units.len(), architecture.cut_shape(cut).unwrap().channels);
    let digits = named("mnist").unwrap().test;
    let [vertical, horizontal] = architecture.receptive_fields(cut);
    let fields = Fields { vertical, horizontal };
    for (unit, (tiles, backs)) in plain.units.iter().zip(&carried.units).enumerate() {
        assert!(tiles.len() <= 9 && tiles.iter().all(|tile| tile.entry.activation > 0.0));
        for (tile, back) in tiles.iter().zip(backs) {
            assert_eq!((tile.entry, tile.shape), (back.entry, back.shape));
            let (y, x) = (tile.entry.y as usize, tile.entry.x as usize);
            let region = fields.patch(y, x, Shape::new(1, 28, 28)).inside.unwrap();
            let crop = |whole: &[u8]| -> Vec<u8> {
                let rows = whole.chunks_exact(28).skip(region.top).take(region.height);
                rows.flat_map(|row| row[region.left..region.left + region.width].to_vec()).collect()
            };
            let image = digits.image(tile.entry.image as usize);
            assert_eq!(tile.pixels, crop(image), "unit {unit}");
            if unit < 4 {
                let target = Target { image: 0, unit, place: Place::At([y, x]) };
                let images = classifier.images(&[image]);
                let found = reconstruct(classifier.network(), &images, cut, &[target], Rule::Guided).unwrap();
                let most = found[0].values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
                let bytes: Vec<u8> = found[0]
                    .values
                    .iter()
                    .map(|value| (value * 127.0 / most + 128.0).clamp(1.0, 255.0) as u8)
                    .collect();
                let differ = crop(&bytes).iter().zip(&back.pixels).filter(|(a, b)| a.abs_diff(**b) > 1).count();
                assert_eq!(differ, 0, "unit {unit}");
            }
        }
    }
    let flatten = architecture.cut("flatten");
    if let Ok(flatten) = flatten {
        let reason = layer_sheet(&classifier, images(), flatten, None).unwrap_err();
        assert!(reason.contains("flatten"), "{reason}");
    }
}
