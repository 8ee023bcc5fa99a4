//! Sheets of one state of a network that learns, made with a share of the time while another network is looked into.

use burn::tensor::Device;
use glassbox::data::ImageOptions;
use glassbox::engine::{Explorer, ImageSet, Question, Reply, Sheets, SheetsQuestion, Subject, Ticket};
use glassbox::experiments::Classifier;
use glassbox::lens::StrongestImages;
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
