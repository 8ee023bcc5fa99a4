//! What walks over all images is worked out on a thread of its own, and kept until it is out of date.

use crate::ui::app::{Progress, Task};
use egui::Context;

/// Something worked out of a key; while a newer one is under way, the older one stays.
pub(super) struct Worked<K, T> {
    task: Option<(K, Task<T>)>,
    done: Option<(K, T)>,
    /// What could not be worked out is not tried again.
    lost: Option<K>,
}

impl<K, T> Default for Worked<K, T> {
    fn default() -> Self {
        Self { task: None, done: None, lost: None }
    }
}

impl<K, T: Send + 'static> Worked<K, T> {
    /// Picks up what is ready, and starts to work out what `key` asks for if that is neither there nor under way. One thread
    /// works at a time.
    pub(super) fn update(
        &mut self,
        ctx: &Context,
        key: K,
        is_same: impl Fn(&K, &K) -> bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) {
        if let Some((own, task)) = self.task.take() {
            match task.poll() {
                Progress::Working => self.task = Some((own, task)),
                Progress::Done(result) => self.done = Some((own, result)),
                Progress::Lost => self.lost = Some(own),
            }
        }
        let is = |other: Option<&K>| other.is_some_and(|other| is_same(other, &key));
        let is_there = is(self.done.as_ref().map(|(own, _)| own)) || is(self.lost.as_ref());
        if self.task.is_none() && !is_there {
            self.task = Some((key, Task::spawn(ctx, work)));
        }
    }

    /// The last that was worked out, and of what.
    pub(super) fn get(&self) -> Option<(&K, &T)> {
        self.done.as_ref().map(|(key, result)| (key, result))
    }

    pub(super) fn get_mut(&mut self) -> Option<(&K, &mut T)> {
        self.done.as_mut().map(|(key, result)| (&*key, result))
    }

    pub(super) fn is_working(&self) -> bool {
        self.task.is_some()
    }
}

impl<K: Clone + PartialEq, T: Send + 'static> Worked<K, T> {
    /// What `work` makes of `key`. While that is under way it is the result before it, so that nothing flickers as a slider
    /// moves.
    pub(super) fn of(&mut self, ctx: &Context, key: &K, work: impl FnOnce() -> T + Send + 'static) -> Option<(&K, &T)> {
        self.update(ctx, key.clone(), |own, other| own == other, work);
        self.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn wait(worked: &mut Worked<u32, u32>, ctx: &Context, key: u32) -> (u32, u32) {
        let began = Instant::now();
        loop {
            if let Some((&of, &value)) = worked.of(ctx, &key, move || 2 * key).filter(|(of, _)| **of == key) {
                return (of, value);
            }
            assert!(began.elapsed() < Duration::from_mins(1), "waited in vain");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_result_stays_until_the_next_is_there() {
        let (ctx, mut worked) = (Context::default(), Worked::default());
        assert!(worked.of(&ctx, &1, || 2).is_none(), "nothing is there at once");
        assert_eq!(wait(&mut worked, &ctx, 1), (1, 2));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let slow = move || {
            let _ = held.recv();
            4
        };
        assert_eq!(worked.of(&ctx, &2, slow), Some((&1, &2)), "the old one, while the new one is made");
        release.send(()).unwrap();
        assert_eq!(wait(&mut worked, &ctx, 2), (2, 4));
        assert_eq!(worked.of(&ctx, &2, || panic!("it is known")), Some((&2, &4)));
    }

    #[test]
    fn what_fails_is_not_tried_for_ever() {
        let (ctx, mut worked) = (Context::default(), Worked::<u32, u32>::default());
        let began = Instant::now();
        while worked.lost.is_none() {
            worked.of(&ctx, &1, || panic!("this message belongs to a test"));
            assert!(began.elapsed() < Duration::from_mins(1), "waited in vain");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(worked.of(&ctx, &1, || unreachable!()).is_none());
        assert!(worked.task.is_none());
        assert_eq!(wait(&mut worked, &ctx, 3), (3, 6));
    }
}
