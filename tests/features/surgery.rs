//! A trained network that is asked what it does without some of its units.

use glassbox::data::ImageOptions;
use glassbox::engine::{
    Explorer, ImageSet, Operation, Question, Reply, Subject, SurgeryQuestion, SurgerySeen, SweepQuestion, SweepSeen,
    Ticket,
};
use glassbox::lens::Change;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn explorer() -> Explorer {
    let explorer = Explorer::start(|| ());
    explorer.look_into(Subject::Named("convnet-mnist".to_owned()));
    explorer
}

fn digits(most: usize) -> ImageSet {
    ImageSet::Data { name: "mnist".to_owned(), options: ImageOptions::default(), most }
}

/// The first reply to a question that is as it should be.
#[track_caller]
fn wait<T>(explorer: &Explorer, asked: Ticket, found: impl Fn(Reply) -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(2) {
        for (ticket, reply) in explorer.replies() {
            assert!(!matches!(reply, Reply::Failed(_)), "{reply:?}");
            if let Some(found) = found(reply).filter(|_| ticket == asked) {
                return found;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("waited in vain");
}

fn finished(reply: Reply) -> Option<Arc<SurgerySeen>> {
    match reply {
        Reply::Surgery(seen) if seen.total > 0 && seen.done == seen.total => Some(seen),
        _ => None,
    }
}

fn operate(explorer: &Explorer, operations: &[Operation]) -> Arc<SurgerySeen> {
    let question = SurgeryQuestion {
        images: digits(2_000),
        picture: Some(vec![0; 784].into()),
        operations: operations.to_vec(),
        cut: 5,
    };
    let began = Instant::now();
    let seen = wait(explorer, explorer.ask(Question::Operate(question)), finished);
    eprintln!("{operations:?}: {} s", began.elapsed().as_secs_f64());
    seen
}

/// The layers of `convnet-mnist`: conv1 relu1 pool1 conv2 relu2 pool2 flatten fc3 relu3 fc4.
#[test]
fn a_network_without_some_units_is_tried_on_the_test_images() {
    let explorer = explorer();
    let whole = operate(&explorer, &[]);
    assert!(whole.is_labelled && whole.before == whole.after);
    assert!(whole.before.accuracy() > 0.97, "{}", whole.before.accuracy());
    let silenced = |cut, unit| Operation::Unit { cut, unit, change: Change::Silence };
    let few = operate(&explorer, &[silenced(2, 0), silenced(2, 1), silenced(5, 3)]);
    assert_eq!(few.before, whole.before);
    assert!(few.after.accuracy() > 0.5 && few.after != few.before);
    // Without anything of the image, all images are taken for one class.
    let nothing = operate(&explorer, &[Operation::SilenceLayer { cut: 5 }]);
    let taken: Vec<u32> = (0..10).map(|class| nothing.after.confusion.iter().map(|row| row[class]).sum()).collect();
    assert_eq!(taken.iter().filter(|&&count| count > 0).count(), 1, "{taken:?}");
    let [before, after] = nothing.picture.clone().unwrap();
    assert!((before.iter().sum::<f64>() - 1.0).abs() < 1e-6 && before != after);
    // Layers that are silent leave nothing for those above to change.
    let boosted = Operation::Unit { cut: 3, unit: 0, change: Change::Boost(3.0) };
    assert_eq!(operate(&explorer, &[boosted, Operation::SilenceLayer { cut: 5 }]).after, nothing.after);
    let linear = operate(&explorer, &[Operation::LeaveOut { cut: 9 }]);
    assert_ne!(linear.after, linear.before);
    let again = operate(&explorer, &[]);
    assert_eq!((&again.before, &again.after), (&whole.before, &whole.after));
}

#[test]
fn operations_that_do_not_fit_are_refused() {
    let explorer = explorer();
    let operations = vec![Operation::LeaveOut { cut: 1 }];
    let asked =
        explorer.ask(Question::Operate(SurgeryQuestion { images: digits(10), picture: None, operations, cut: 9 }));
    let began = Instant::now();
    let reason = loop {
        let refused = explorer.replies().into_iter().find_map(|(ticket, reply)| match reply {
            Reply::Failed(reason) if ticket == asked => Some(reason),
            _ => None,
        });
        if let Some(reason) = refused {
            break reason;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(reason.contains("cannot be left out"), "{reason}");
}

#[test]
fn a_sweep_can_be_stopped_and_agrees_with_surgery() {
    let explorer = explorer();
    let swept = |reply| match reply {
        Reply::Sweep(seen) => Some(seen),
        _ => None,
    };
    let ask = |cut, most| explorer.ask(Question::Sweep(SweepQuestion { images: digits(most), cut }));
    let asked = ask(2, 2_000);
    let first: Arc<SweepSeen> = wait(&explorer, asked, swept);
    assert_eq!((first.costs.len(), first.total), (32, 2_000));
    explorer.stop(asked);
    let asked = ask(9, 128);
    let all = |reply| swept(reply).filter(|seen| seen.done == seen.total);
    let seen = wait(&explorer, asked, all);
    assert!(explorer.replies().is_empty(), "the stopped one goes on");
    assert_eq!((seen.costs.len(), seen.done), (128, 128));
    for unit in [0, 17, 90] {
        let operations = vec![Operation::Unit { cut: 9, unit, change: Change::Silence }];
        let question = SurgeryQuestion { images: digits(128), picture: None, operations, cut: 9 };
        let alone = wait(&explorer, explorer.ask(Question::Operate(question)), finished);
        assert_eq!((seen.costs[unit].errors, seen.errors), (alone.after.errors, alone.before.errors));
    }
}
