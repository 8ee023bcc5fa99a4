//! Whether the network looks at the object: a square slides over scenes in which it is known where that is (figure 7).

use super::config::ScenesConfig;
use super::gallery::{Gallery, Look, refused};
use super::results::{Findings, OcclusionFinding};
use crate::experiments::RunError;
use crate::lens::{Occluded, Occlusion, OcclusionMap, OcclusionSettings, Region};

/// Places in one piece of work.
const PLACES: usize = 64;

pub(super) struct Occluding {
    scenes: ScenesConfig,
    /// The scene that is looked at next.
    next: usize,
    under_way: Option<Occlusion>,
    found: Vec<Judged>,
}

/// Of one scene.
struct Judged {
    truth_on_object: bool,
    activity_on_object: bool,
    chance: f64,
    whole: f64,
    lowest: f64,
}

impl Occluding {
    pub(super) fn new(scenes: &ScenesConfig) -> Self {
        Self { scenes: scenes.clone(), next: 0, under_way: None, found: Vec::new() }
    }

    fn begin(&self, gallery: &Gallery) -> Result<Option<Occlusion>, RunError> {
        if !gallery.is_right(self.next) {
            return Ok(None);
        }
        let settings = OcclusionSettings {
            side: self.scenes.square,
            stride: self.scenes.stride,
            fill: gallery.fill.clone(),
            cut: gallery.last_map().map_or(0, |layer| layer.cut),
            unit: None,
            truth: gallery.classes[self.next],
        };
        Occlusion::new(gallery.network(), gallery.values(self.next), settings).map(Some).map_err(refused)
    }
}

impl Look for Occluding {
    fn advance(&mut self, gallery: &Gallery) -> Result<bool, RunError> {
        if let Some(occlusion) = &mut self.under_way {
            if !occlusion.advance(gallery.network(), PLACES) {
                self.found.push(judged(occlusion.map(), gallery.objects[self.next], self.scenes.square));
                self.under_way = None;
                self.next += 1;
            }
            return Ok(self.found.len() < self.scenes.occluded && self.next < gallery.images.len());
        }
        self.under_way = self.begin(gallery)?;
        if self.under_way.is_none() {
            self.next += 1;
        }
        Ok(self.next < gallery.images.len())
    }

    fn share(&self) -> f64 {
        self.found.len() as f64 / self.scenes.occluded as f64
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let count = self.found.len().max(1) as f64;
        let mean = |of: fn(&Judged) -> f64| self.found.iter().map(of).sum::<f64>() / count;
        findings.occlusion = Some(OcclusionFinding {
            scenes: self.found.len(),
            looked_at: self.next,
            layer: gallery.last_map().map_or_else(|| "input".to_owned(), |layer| layer.name.clone()),
            truth_on_object: self.found.iter().filter(|scene| scene.truth_on_object).count(),
            activity_on_object: self.found.iter().filter(|scene| scene.activity_on_object).count(),
            chance: mean(|scene| scene.chance),
            whole: mean(|scene| scene.whole),
            lowest: mean(|scene| scene.lowest),
        });
        Vec::new()
    }
}

fn judged(map: &OcclusionMap, object: Region, square: usize) -> Judged {
    let is_on_object = |place: usize| {
        let (top, left) = (map.tops[place / map.lefts.len()], map.lefts[place % map.lefts.len()]);
        // Twice the centre, which may lie between two pixels.
        let on = |start: usize, first: usize, length: usize| {
            let centre = 2 * start + square;
            centre >= 2 * first && centre <= 2 * (first + length)
        };
        on(top, object.top, object.height) && on(left, object.left, object.width)
    };
    let lowest = |of: fn(&Occluded) -> f32| {
        let places = map.places.iter().enumerate();
        places.fold(0, |best, (place, found)| if of(found) < of(&map.places[best]) { place } else { best })
    };
    let truth = lowest(|found| found.truth);
    let on_object = (0..map.places.len()).filter(|&place| is_on_object(place)).count();
    Judged {
        truth_on_object: is_on_object(truth),
        activity_on_object: is_on_object(lowest(|found| found.activity)),
        chance: on_object as f64 / map.places.len().max(1) as f64,
        whole: f64::from(map.whole.truth),
        lowest: f64::from(map.places[truth].truth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_place_counts_where_its_centre_is_on_the_box() {
        let place = |truth: f32, activity: f32| Occluded { activity, truth, predicted: 0 };
        // Squares of 4 pixels at 0, 4 and 8: centres at 2, 6 and 10.
        let mut map = OcclusionMap {
            tops: vec![0, 4, 8],
            lefts: vec![0, 4, 8],
            unit: 0,
            whole: place(0.9, 5.0),
            places: vec![place(0.9, 5.0); 9],
        };
        map.places[4] = place(0.2, 5.0);
        map.places[8] = place(0.8, 1.0);
        let object = Region { top: 5, left: 5, height: 3, width: 3 };
        let found = judged(&map, object, 4);
        assert!(found.truth_on_object && !found.activity_on_object);
        assert_eq!((found.chance, found.whole as f32, found.lowest as f32), (1.0 / 9.0, 0.9, 0.2));
    }
}
