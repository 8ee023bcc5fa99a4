//! Evolution: in each state the strongest image of each unit is found anew, and carried back by that state's network.

use crate::{Reference, assert_close, batch, floats, number};
use burn::tensor::Device;
use glassbox::data::ImageOptions;
use glassbox::engine::{Evolution, EvolutionQuestion, Explorer, ImageSet, Question, Reply, Subject, TrainingState};
use glassbox::experiments::Classifier;
use glassbox::lens::{Place, StrongestImages, Target, reconstruct};
use glassbox::nets::{Checkpoint, Cut, Mode, Rule};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn the_strongest_image_is_the_first_of_a_sort_in_pytorch() {
    let reference = Reference::read();
    let network = reference.network();
    let (images, _) = reference.many();
    for case in reference.cases("top") {
        let cut = number(&case["cut"]);
        let mut found = StrongestImages::new(network.cuts()[cut], 3);
        for (part, images) in images.chunks(16).enumerate() {
            let activations = network.forward_between(batch(images), 0..cut, Mode::Evaluate);
            found.observe(&activations.into_data().try_into_vec().unwrap(), part as u32 * 16);
        }
        let best: Vec<_> = found.into_best().into_iter().flatten().collect();
        assert_eq!(best.len(), network.cuts()[cut].channels);
        let firsts = |name: &str| {
            let all = floats(&case[name]);
            all.chunks_exact(all.len() / best.len()).map(|unit| unit[0]).collect::<Vec<f32>>()
        };
        assert_eq!(best.iter().map(|entry| entry.image as f32).collect::<Vec<_>>(), firsts("images"));
        assert_eq!(best.iter().map(|entry| entry.y as f32).collect::<Vec<_>>(), firsts("y"));
        assert_eq!(best.iter().map(|entry| entry.x as f32).collect::<Vec<_>>(), firsts("x"));
        let activations: Vec<f32> = best.iter().map(|entry| entry.activation).collect();
        assert_close("activations", &activations, &firsts("activations"));
        assert!(best.iter().all(|entry| entry.generation == 3));
    }
}

/// `convnet-mnist` as it comes trained, with its weights made this much larger and alternating in sign.
pub fn state(step: u64, change: f32) -> TrainingState {
    let mut network: Checkpoint = Classifier::open("convnet-mnist", None, &Device::flex()).unwrap().to_checkpoint();
    for array in &mut network.arrays {
        for (index, value) in array.data.iter_mut().enumerate() {
            *value *= if index % 3 == 0 { 1.0 - change } else { 1.0 + change };
        }
    }
    TrainingState { step, epoch: step as f64 / 100.0, network: Arc::new(network) }
}

fn question(states: &[TrainingState], unit: usize, known: Option<Arc<Evolution>>) -> EvolutionQuestion {
    let images = ImageSet::Data { name: "mnist".to_owned(), options: ImageOptions::default(), most: 40 };
    let cut = states[0].network.architecture.cut("conv2").unwrap();
    EvolutionQuestion { states: states.to_vec(), cut, unit, rule: Rule::Deconvolution, images, known }
}

/// The whole film, and how many replies it took. Another network is looked into meanwhile.
fn film(explorer: &Explorer, question: EvolutionQuestion) -> (Arc<Evolution>, usize) {
    let total = question.states.len();
    let ticket = explorer.ask(Question::Evolve(question));
    explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_mins(2) {
        for (own, reply) in explorer.replies() {
            match reply {
                Reply::Evolution(film) if own == ticket => {
                    count += 1;
                    if film.frames.len() == total {
                        return (film, count);
                    }
                }
                Reply::Failed(reason) => panic!("{reason}"),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited in vain");
}

#[test]
fn each_frame_is_of_its_own_state() {
    let states = [state(1, 0.9), state(100, 0.4), state(200, 0.0)];
    let explorer = Explorer::start(|| ());
    explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    let (film, replies) = film(&explorer, question(&states, 5, None));
    assert_eq!((film.total, replies, film.images.len()), (3, 3, 40));
    for (index, (frame, state)) in film.frames.iter().zip(&states).enumerate() {
        assert_eq!((frame.step, frame.epoch), (state.step, state.epoch));
        let classifier = Classifier::of_checkpoint(&state.network, &Device::flex()).unwrap();
        let activations = |image: u32| classifier.activations(&[film.images.image(image)], film.cut);
        let entry = film.strongest(index).unwrap();
        let plane = activations(0).len() / frame.strongest.len();
        let most = |image: u32| {
            let of_unit = activations(image)[5 * plane..6 * plane].to_vec();
            of_unit.into_iter().fold(f32::NEG_INFINITY, f32::max)
        };
        for image in 0..40 {
            assert!(most(image) <= entry.activation + 1e-4, "image {image} is stronger");
        }
        assert_close("activation", &[most(entry.image)], &[entry.activation]);
        let target = Target { image: 0, unit: 5, place: Place::At([entry.y as usize, entry.x as usize]) };
        let images = classifier.images(&[film.images.image(entry.image)]);
        let expected = reconstruct(classifier.network(), &images, film.cut, &[target], Rule::Deconvolution).unwrap();
        let scale = expected[0].values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        assert_close("scale", &[frame.carried.as_ref().unwrap().scale], &[scale]);
    }
}

#[test]
fn what_is_known_gives_the_same_frames() {
    let states = [state(1, 0.9), state(100, 0.4)];
    let explorer = Explorer::start(|| ());
    explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    let (first, _) = film(&explorer, question(&states[..1], 2, None));
    for unit in [2, 7] {
        let (anew, _) = film(&explorer, question(&states, unit, None));
        let (again, _) = film(&explorer, question(&states, unit, Some(Arc::clone(&first))));
        for (a, b) in anew.frames.iter().zip(&again.frames) {
            assert_eq!((a.step, &a.strongest), (b.step, &b.strongest));
            assert_eq!(a.carried.as_ref().unwrap().picture, b.carried.as_ref().unwrap().picture);
        }
    }
}

#[test]
fn a_unit_that_is_not_there_is_refused() {
    let states = [state(30, 0.0)];
    let explorer = Explorer::start(|| ());
    explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    for (cut, unit) in [(Cut::from(2), 10_000), (Cut { layers: 99, inner: 3 }, 0)] {
        let ticket = explorer.ask(Question::Evolve(EvolutionQuestion { cut, ..question(&states, unit, None) }));
        let began = Instant::now();
        let reason = loop {
            let failed = explorer.replies().into_iter().find_map(|(own, reply)| match reply {
                Reply::Failed(reason) if own == ticket => Some(reason),
                _ => None,
            });
            if let Some(reason) = failed {
                break reason;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "waited in vain");
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(reason.contains("step 30"), "{reason}");
    }
}
