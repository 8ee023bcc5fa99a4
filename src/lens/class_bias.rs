//! The learned-bias correction for classes that a transfer set lacked. Hinton, Vinyals and Dean 2015, section 3: a
//! student that never saw a 3 has too low a bias for it, which a shift of that one logit puts right.
//!
//! Shifts are in units of logits and are added to them. Logits are finite, `[n, classes]`; `labels` `[n]` are below
//! `classes`; of equal logits the lower class is the prediction.

/// What a shift does on a set of labelled images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShiftErrors {
    /// The shift, in units of logits.
    pub shift: f64,
    /// Wrong predictions on all the images.
    pub errors: usize,
    /// Of these, on images of the shifted classes.
    pub errors_on_shifted: usize,
}

/// Wrong predictions by true class, `[classes]`, with `shifts` `[classes]` added to the logits.
pub fn errors_with_shifts(logits: &[f32], labels: &[usize], classes: usize, shifts: &[f64]) -> Vec<usize> {
    let mut errors = vec![0; classes];
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        if best_of(row, shifts, |_| true).is_none_or(|best| best.class != label) {
            errors[label] += 1;
        }
    }
    errors
}

/// One shift, common to some classes, prepared so that the errors at any value of it are counted at once, by bisection:
/// a slider can follow the pointer.
///
/// As the shift grows, an image changes its prediction once: from the best of the other classes to the best of the
/// shifted ones, where the shift is the difference of their logits. So each image is always wrong, or right on one side
/// of one breakpoint.
#[derive(Clone, Debug)]
pub struct CommonShift {
    images: usize,
    images_of_shifted: usize,
    /// Images of shifted classes: right beyond the breakpoint. Ascending.
    right_beyond: Vec<Breakpoint>,
    /// Images of other classes: right until the breakpoint. Ascending.
    right_until: Vec<Breakpoint>,
}

impl CommonShift {
    /// For the classes `shifted`; a number in it that is no class is left out.
    pub fn new(logits: &[f32], labels: &[usize], classes: usize, shifted: &[usize]) -> Self {
        Self::beside(logits, labels, classes, shifted, &vec![0.0; classes])
    }

    /// With `shifts` `[classes]` added to the logits already.
    fn beside(logits: &[f32], labels: &[usize], classes: usize, shifted: &[usize], shifts: &[f64]) -> Self {
        let is_shifted: Vec<bool> = (0..classes).map(|class| shifted.contains(&class)).collect();
        let mut found =
            Self { images: labels.len(), images_of_shifted: 0, right_beyond: Vec::new(), right_until: Vec::new() };
        for (row, &label) in logits.chunks_exact(classes).zip(labels) {
            found.images_of_shifted += usize::from(is_shifted[label]);
            let of_shifted = best_of(row, shifts, |class| is_shifted[class]);
            let of_others = best_of(row, shifts, |class| !is_shifted[class]);
            let (at, inclusive) = match (&of_shifted, &of_others) {
                (Some(shifted), Some(other)) => (other.logit - shifted.logit, shifted.class < other.class),
                (Some(_), None) => (f64::NEG_INFINITY, true),
                (None, _) => (f64::INFINITY, false),
            };
            let breakpoint = Breakpoint { at, inclusive };
            if of_shifted.is_some_and(|best| best.class == label) {
                found.right_beyond.push(breakpoint);
            } else if of_others.is_some_and(|best| best.class == label) {
                found.right_until.push(breakpoint);
            }
        }
        found.right_beyond.sort_by(Breakpoint::order);
        found.right_until.sort_by(Breakpoint::order);
        found
    }

    /// What `shift` does.
    pub fn errors_at(&self, shift: f64) -> ShiftErrors {
        let passed = |breakpoints: &[Breakpoint]| breakpoints.partition_point(|breakpoint| breakpoint.is_passed(shift));
        let right_of_shifted = passed(&self.right_beyond);
        let right = right_of_shifted + self.right_until.len() - passed(&self.right_until);
        let errors_on_shifted = self.images_of_shifted - right_of_shifted;
        ShiftErrors { shift, errors: self.images - right, errors_on_shifted }
    }

    /// What each of `shifts` does.
    pub fn curve(&self, shifts: &[f64]) -> Vec<ShiftErrors> {
        shifts.iter().map(|&shift| self.errors_at(shift)).collect()
    }

    /// The shift with the fewest errors, exactly: the errors are constant between breakpoints, so every interval is
    /// tried.
    ///
    /// It is the middle of the best interval, far from where the errors change. Of equally good intervals it is that
    /// nearest to no shift at all, and of two equally near the lower.
    pub fn best(&self) -> ShiftErrors {
        let mut best = self.errors_at(0.0);
        let mut best_distance = f64::INFINITY;
        for interval in self.edges().windows(2) {
            let (low, high) = (interval[0], interval[1]);
            let found = self.errors_at(middle(low, high));
            let distance = low.max(-high).max(0.0);
            if (found.errors, distance) < (best.errors, best_distance) {
                (best, best_distance) = (found, distance);
            }
        }
        best
    }

    /// The middle of the shifts around the [best](Self::best) whose errors lie within one standard error of the fewest
    /// (the rule of Breiman, Friedman, Olshen and Stone 1984, section 3.4.3). Near the minimum a handful of images
    /// decides between shifts that are far apart, so the best on one set of images is mostly chance on another.
    pub fn steady(&self) -> ShiftErrors {
        let best = self.best();
        let errors = best.errors as f64;
        let most = errors + (errors * (1.0 - errors / (self.images.max(1)) as f64)).sqrt();
        let edges = self.edges();
        let within = |interval: &[f64]| self.errors_at(middle(interval[0], interval[1])).errors as f64 <= most;
        let home = edges.partition_point(|&edge| edge < best.shift).clamp(1, edges.len() - 1);
        let below = edges[..=home].windows(2).rev().take_while(|interval| within(interval)).count();
        let above = edges[home - 1..].windows(2).take_while(|interval| within(interval)).count();
        if below == 0 || above == 0 {
            return best;
        }
        let wanted = middle(edges[home - below], edges[home - 1 + above]);
        // On an edge a tie decides, as it does nowhere beside it.
        let is_edge = edges.binary_search_by(|edge| edge.total_cmp(&wanted));
        self.errors_at(is_edge.map_or(wanted, |at| middle(edges[at], edges[at + 1])))
    }

    /// Where the errors change, ascending, between two endless intervals.
    fn edges(&self) -> Vec<f64> {
        let breakpoints = self.right_beyond.iter().chain(&self.right_until).map(|breakpoint| breakpoint.at);
        let mut edges: Vec<f64> = breakpoints.filter(|at| at.is_finite()).collect();
        edges.extend([f64::NEG_INFINITY, f64::INFINITY]);
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        edges
    }
}

/// A shift for each of some classes, and what they do together.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassShifts {
    /// `[classes]`, in units of logits: 0 for the others.
    pub shifts: Vec<f64>,
    /// Wrong predictions by true class, `[classes]`.
    pub errors: Vec<usize>,
}

/// Shifts for each class of `shifted` on its own, with few errors: starts from the best common one, then takes the best
/// shift of one class after another, each exactly, until none of them helps.
///
/// Never more errors than with the best common shift. The last step of each class is the best there is for it alone;
/// together they need not be.
pub fn best_class_shifts(logits: &[f32], labels: &[usize], classes: usize, shifted: &[usize]) -> ClassShifts {
    let common = CommonShift::new(logits, labels, classes, shifted).best();
    let mut shifts = vec![0.0; classes];
    let shifted: Vec<usize> = (0..classes).filter(|class| shifted.contains(class)).collect();
    for &class in &shifted {
        shifts[class] = common.shift;
    }
    let mut errors: usize = errors_with_shifts(logits, labels, classes, &shifts).iter().sum();
    // Ends, because each round but the last makes at least one error less.
    loop {
        let before = errors;
        for &class in &shifted {
            let held = std::mem::take(&mut shifts[class]);
            let best = CommonShift::beside(logits, labels, classes, &[class], &shifts).best();
            let is_better = best.errors < errors;
            shifts[class] = if is_better { best.shift } else { held };
            errors = errors.min(best.errors);
        }
        if errors == before {
            return ClassShifts { errors: errors_with_shifts(logits, labels, classes, &shifts), shifts };
        }
    }
}

struct Best {
    class: usize,
    logit: f64,
}

/// The highest shifted logit among some classes, the first of equals.
fn best_of(row: &[f32], shifts: &[f64], among: impl Fn(usize) -> bool) -> Option<Best> {
    let mut best: Option<Best> = None;
    for (class, (&logit, shift)) in row.iter().zip(shifts).enumerate().filter(|(class, _)| among(*class)) {
        let logit = f64::from(logit) + shift;
        if best.as_ref().is_none_or(|best| logit > best.logit) {
            best = Some(Best { class, logit });
        }
    }
    best
}

/// Where an image's prediction becomes a shifted class.
#[derive(Clone, Copy, Debug)]
struct Breakpoint {
    at: f64,
    /// Whether it is one at this shift already: a tie that the shifted class wins because it is the lower.
    inclusive: bool,
}

impl Breakpoint {
    fn is_passed(&self, shift: f64) -> bool {
        shift > self.at || (self.inclusive && shift == self.at)
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(other.inclusive.cmp(&self.inclusive))
    }
}

/// The middle of an interval. Of an endless one, what is nearest to 0 and at least 1 from its end.
fn middle(low: f64, high: f64) -> f64 {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => f64::midpoint(low, high),
        (true, false) => (low + 1.0).max(0.0),
        (false, true) => (high - 1.0).min(0.0),
        (false, false) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Logits and labels that a few lines of Python make again.
    fn example() -> (Vec<f32>, Vec<usize>) {
        let labels: Vec<usize> = (0..300).map(|i| i * 7 % 5).collect();
        let mut logits: Vec<f32> = (0..1500).map(|i| (i * i * 31 % 1009) as f32 / 200.0).collect();
        for (row, &label) in logits.chunks_mut(5).zip(&labels) {
            row[label] += 3.0;
            row[3] -= 4.0;
            row[4] += 2.5;
        }
        (logits, labels)
    }

    /// numpy 2.4.6: `argmax(z + shift, axis=1) != labels`, by true class.
    #[test]
    fn errors_are_numpys() {
        let (logits, labels) = example();
        for (shifts, expected) in [
            ([0.0; 5], [21, 24, 25, 60, 0]),
            ([0.0, 0.0, 0.0, 4.0, 0.0], [22, 24, 25, 23, 0]),
            ([0.5, -1.0, 0.0, 3.5, -2.5], [2, 18, 5, 15, 15]),
        ] {
            assert_eq!(errors_with_shifts(&logits, &labels, 5, &shifts), expected, "{shifts:?}");
        }
        let three = CommonShift::new(&logits, &labels, 5, &[3]);
        let found: Vec<_> = three.curve(&[0.0, 2.0, 8.0]).iter().map(|s| (s.errors, s.errors_on_shifted)).collect();
        assert_eq!(found, [(130, 60), (119, 49), (146, 0)]);
    }

    /// numpy 2.4.6: errors between each two neighbours of all the sorted differences of logits.
    #[test]
    fn the_best_shift_is_numpys() {
        let (logits, labels) = example();
        for (shifted, shift, errors) in [
            (&[3][..], 4.942_499_876_022_339, 91),
            (&[4], -2.072_499_990_463_257, 91),
            (&[3, 4], -1.915_000_200_271_606_4, 93),
            (&[0, 1], 1.055_000_305_175_781_2, 117),
        ] {
            let best = CommonShift::new(&logits, &labels, 5, shifted).best();
            assert_eq!(best.errors, errors, "{shifted:?}");
            assert!((best.shift - shift).abs() < 1e-6, "{shifted:?}: {} is not {shift}", best.shift);
        }
    }

    /// Far from both edges; and where there is one edge or none, no farther than need be.
    #[test]
    fn plain_cases_are_as_one_expects() {
        let right = CommonShift::new(&[4.0, 0.0, 0.0, 6.0], &[0, 1], 2, &[1]).best();
        assert_eq!(right, ShiftErrors { shift: -1.0, errors: 0, errors_on_shifted: 0 });
        let low = CommonShift::new(&[2.0, 0.0, 5.0, 0.0], &[1, 0], 2, &[1]).best();
        assert_eq!(low, ShiftErrors { shift: 3.5, errors: 0, errors_on_shifted: 0 });
        let alone = CommonShift::new(&[0.0, 8.0], &[1], 2, &[1]).best();
        assert_eq!(alone, ShiftErrors { shift: 0.0, errors: 0, errors_on_shifted: 0 });
        for shifted in [&[][..], &[0, 1]] {
            let found = CommonShift::new(&[4.0, 0.0, 0.0, 6.0], &[1, 1], 2, shifted).best();
            assert_eq!((found.shift, found.errors), (0.0, 1));
        }
        assert_eq!(CommonShift::new(&[], &[], 2, &[1]).best().errors, 0);
    }

    #[test]
    fn a_class_that_was_never_seen_comes_back() {
        let (logits, labels) = example();
        let without = errors_with_shifts(&logits, &labels, 5, &[0.0; 5]);
        let found = best_class_shifts(&logits, &labels, 5, &[3, 4]);
        assert!(found.errors.iter().sum::<usize>() < without.iter().sum::<usize>());
        assert!(found.shifts[3] > 2.0 && found.shifts[4] < -1.0, "{:?}", found.shifts);
        assert_eq!(found.shifts[..3], [0.0; 3]);
    }

    /// Whole logits, so that there are ties, and shifts by quarters, so that sums are exact.
    fn images() -> impl Strategy<Value = (Vec<f32>, Vec<usize>, Vec<usize>)> {
        (1usize..30).prop_flat_map(|n| {
            let logits = prop::collection::vec((-6i8..6).prop_map(f32::from), n * 4);
            (logits, prop::collection::vec(0usize..4, n), prop::collection::vec(0usize..4, 0..4))
        })
    }

    proptest! {
        #[test]
        fn bisection_counts_as_counting_does((logits, labels, shifted) in images(), quarters in -60i32..60) {
            let shift = f64::from(quarters) / 4.0;
            let shifts: Vec<f64> = (0..4).map(|class| if shifted.contains(&class) { shift } else { 0.0 }).collect();
            let counted = errors_with_shifts(&logits, &labels, 4, &shifts);
            let of_shifted: usize = (0..4).filter(|class| shifted.contains(class)).map(|class| counted[class]).sum();
            let found = CommonShift::new(&logits, &labels, 4, &shifted).errors_at(shift);
            prop_assert_eq!((found.errors, found.errors_on_shifted), (counted.iter().sum(), of_shifted));
        }

        #[test]
        fn no_shift_is_better_than_the_best((logits, labels, shifted) in images()) {
            let common = CommonShift::new(&logits, &labels, 4, &shifted);
            let best = common.best();
            prop_assert_eq!(common.errors_at(best.shift), best);
            for quarters in -60i32..60 {
                prop_assert!(best.errors <= common.errors_at(f64::from(quarters) / 4.0 + 0.125).errors);
            }
        }

        /// Against a walk from the best shift to both sides: all breakpoints are whole numbers here.
        #[test]
        fn the_steady_shift_is_the_middle_of_those_that_are_as_good((logits, labels, shifted) in images()) {
            let common = CommonShift::new(&logits, &labels, 4, &shifted);
            let (best, steady) = (common.best(), common.steady());
            let errors = best.errors as f64;
            let most = errors + (errors * (1.0 - errors / labels.len() as f64)).sqrt();
            prop_assert!(steady.errors as f64 <= most);
            let walk = |direction: f64| {
                let home = best.shift.floor() + 0.5;
                let is_good = |shift: &f64| common.errors_at(*shift).errors as f64 <= most;
                (0..200).map(|i| home + direction * f64::from(i)).take_while(is_good).last().map(|end| end + direction / 2.0)
            };
            let (low, high) = (walk(-1.0).unwrap_or(best.shift), walk(1.0).unwrap_or(best.shift));
            let middle = f64::midpoint(low, high);
            // Where one side is endless, there is no middle; on a breakpoint a tie decides.
            if high - low < 100.0 && middle.fract() != 0.0 {
                prop_assert_eq!(steady.shift, middle, "of {} to {}", low, high);
            }
        }

        #[test]
        fn where_no_shift_is_as_good_the_best_has_no_change_between((logits, labels, shifted) in images()) {
            let common = CommonShift::new(&logits, &labels, 4, &shifted);
            let (near, best) = (common.errors_at(0.125), common.best());
            prop_assume!(near.errors == best.errors);
            for quarters in -60i32..60 {
                let between = f64::from(quarters) / 4.0 + 0.125;
                if (between > best.shift.min(0.0)) && (between < best.shift.max(0.0)) {
                    prop_assert_eq!(common.errors_at(between).errors, best.errors, "at {}", between);
                }
            }
        }

        #[test]
        fn shifts_of_their_own_are_never_worse((logits, labels, shifted) in images()) {
            let common = CommonShift::new(&logits, &labels, 4, &shifted).best();
            let found = best_class_shifts(&logits, &labels, 4, &shifted);
            let errors: usize = found.errors.iter().sum();
            prop_assert!(errors <= common.errors);
            for class in shifted {
                let mut others = found.shifts.clone();
                others[class] = 0.0;
                let alone = CommonShift::beside(&logits, &labels, 4, &[class], &others).best();
                prop_assert!(alone.errors >= errors, "class {class} could still be better");
            }
        }
    }
}
