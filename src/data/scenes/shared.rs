//! Scenes that are in use, so that whoever asks for the same ones gets the same memory. They are not kept for longer.

use super::{Placed, SceneSource, SceneSpec, source_of};
use crate::data::{Dataset, Source};
use std::sync::{Arc, Mutex, PoisonError, Weak};

static SHARED: Mutex<Vec<Shared>> = Mutex::new(Vec::new());

struct Shared {
    spec: SceneSpec,
    /// The images that they were composed of: what a folder holds may change, and `spec` names it only.
    images: [Weak<Dataset>; 2],
    /// The canvases of the training and of the test scenes.
    scenes: [Weak<Dataset>; 2],
    objects: [Arc<[Vec<Placed>]>; 2],
}

impl Shared {
    /// None once nobody has them.
    fn scenes(&self) -> Option<SceneSource> {
        let [scenes_train, scenes_test] = &self.scenes;
        let [train, test] = self.objects.clone();
        Some(SceneSource { source: source_of(scenes_train.upgrade()?, scenes_test.upgrade()?), train, test })
    }

    fn is_of(&self, spec: &SceneSpec, images: &Source) -> bool {
        let is = |own: &Weak<Dataset>, other: &Arc<Dataset>| own.upgrade().is_some_and(|own| Arc::ptr_eq(&own, other));
        let [train, test] = &self.images;
        self.spec == *spec && is(train, &images.train) && is(test, &images.test)
    }
}

/// The scenes that `spec` made of these very images, if somebody has them.
pub(super) fn find(spec: &SceneSpec, images: &Source) -> Option<SceneSource> {
    let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.iter().filter(|shared| shared.is_of(spec, images)).find_map(Shared::scenes)
}

/// Lets others find what `spec` made of these images.
pub(super) fn share(spec: &SceneSpec, images: &Source, scenes: &SceneSource) {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|shared| shared.scenes.iter().all(|set| set.strong_count() > 0));
    let sets = |source: &Source| [Arc::downgrade(&source.train), Arc::downgrade(&source.test)];
    shared.push(Shared {
        spec: spec.clone(),
        images: sets(images),
        scenes: sets(&scenes.source),
        objects: [Arc::clone(&scenes.train), Arc::clone(&scenes.test)],
    });
}
