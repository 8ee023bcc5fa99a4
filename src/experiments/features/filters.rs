//! The filters of the first layer, and what is wrong with them (figure 6).

use super::gallery::{Gallery, Look, mean};
use super::results::{FiltersFinding, Findings};
use super::sheet::{Tile, sheet};
use crate::experiments::RunError;
use crate::lens::{Filters, first_filters};

/// Filters beside each other in the picture.
const COLUMNS: usize = 8;

/// All at once: filters are few and small.
pub(super) struct FirstFilters;

impl Look for FirstFilters {
    fn advance(&mut self, _: &Gallery) -> Result<bool, RunError> {
        Ok(false)
    }

    fn share(&self) -> f64 {
        0.0
    }

    fn finish(&mut self, gallery: &Gallery, findings: &mut Findings) -> Vec<(String, Vec<u8>)> {
        let Some(found) = first_filters(gallery.network()) else { return Vec::new() };
        let living = found.filters.iter().filter(|filter| !filter.is_dead);
        let shares: Vec<[f64; 3]> =
            living.filter_map(|filter| bands(&filter.spectrum, found.shape.height, found.shape.width)).collect();
        let band = |index: usize| mean(shares.iter().map(|share| share[index])).unwrap_or(0.0);
        findings.filters = Some(FiltersFinding {
            layer: found.layer.clone(),
            height: found.shape.height,
            width: found.shape.width,
            filters: found.filters.len(),
            dead: found.filters.iter().filter(|filter| filter.is_dead).count(),
            duplicates: found.filters.iter().filter(|filter| filter.duplicate_of.is_some()).count(),
            bands: [band(0), band(1), band(2)],
        });
        picture(&found).into_iter().map(|png| ("filters".to_owned(), png)).collect()
    }
}

/// Shares of the energy in three bands of frequencies, that of the mean left out; none where there is no other.
fn bands(spectrum: &[f32], height: usize, width: usize) -> Option<[f64; 3]> {
    let mut energy = [0.0; 3];
    for (place, magnitude) in spectrum.iter().enumerate() {
        let along = |at: usize, side: usize| {
            let highest = (side / 2).max(1) as f64;
            (at as f64 - (side / 2) as f64) / highest
        };
        let (down, across) = (along(place / width, height), along(place % width, width));
        let radius = down.hypot(across);
        if radius > 0.0 {
            energy[((3.0 * radius).ceil() as usize).clamp(1, 3) - 1] += f64::from(*magnitude).powi(2);
        }
    }
    let total: f64 = energy.iter().sum();
    (total > 0.0).then(|| energy.map(|band| band / total))
}

/// Each filter beside its spectrum.
fn picture(found: &Filters) -> Option<Vec<u8>> {
    let shape = found.shape;
    let tiles: Vec<Vec<Tile>> = found
        .filters
        .iter()
        .map(|filter| {
            let spectrum = Tile::magnitudes(&filter.spectrum, shape.height, shape.width);
            vec![Tile::signed(&filter.weights, shape), spectrum]
        })
        .collect();
    let rows: Vec<Vec<Vec<Tile>>> = tiles.chunks(COLUMNS).map(<[_]>::to_vec).collect();
    sheet(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_as_far_from_the_middle_as_its_frequency() {
        // 7 x 7: frequencies up to 3 along an axis.
        let at = |row: usize, column: usize| {
            let mut spectrum = vec![0.0; 49];
            spectrum[row * 7 + column] = 2.0;
            spectrum[24] = 5.0;
            bands(&spectrum, 7, 7)
        };
        assert_eq!(at(3, 4), Some([1.0, 0.0, 0.0]));
        assert_eq!(at(1, 3), Some([0.0, 1.0, 0.0]));
        assert_eq!(at(0, 0), Some([0.0, 0.0, 1.0]));
        assert_eq!(at(3, 3), None);
    }
}
