//! Drawings become images as MNIST's were made.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::data::{Drawing, ImageShape, PAPER, like_mnist, mnist};

const MNIST: ImageShape = ImageShape { channels: 1, height: 28, width: 28 };

fn line(from: [f32; 2], to: [f32; 2]) -> Drawing {
    let mut drawing = Drawing::default();
    drawing.begin(12.0, from);
    drawing.extend(to);
    drawing
}

/// Row and column of the centre of mass, and of the bounding box's first and last rows and columns.
fn measure(image: &[u8]) -> ([f64; 2], [usize; 4]) {
    let inked: Vec<(usize, usize, f64)> =
        image.iter().enumerate().map(|(at, &ink)| (at / 28, at % 28, f64::from(ink))).filter(|at| at.2 > 0.0).collect();
    let mass: f64 = inked.iter().map(|at| at.2).sum();
    let row = inked.iter().map(|at| at.0 as f64 * at.2).sum::<f64>() / mass;
    let column = inked.iter().map(|at| at.1 as f64 * at.2).sum::<f64>() / mass;
    let rows = || inked.iter().map(|at| at.0);
    let columns = || inked.iter().map(|at| at.1);
    let edges = [rows().min(), rows().max(), columns().min(), columns().max()];
    ([row, column], edges.map(Option::unwrap))
}

/// Every image of MNIST has a longer side of 20 pixels and its centre of mass within half a pixel of (14, 14).
#[test]
fn a_drawing_is_as_large_and_as_central_as_mnists_digits() {
    for (from, to) in [([30.0, 20.0], [40.0, 90.0]), ([200.0, 200.0], [270.0, 210.0]), ([140.0, 5.0], [20.0, 275.0])] {
        let image = line(from, to).image(MNIST).unwrap();
        let ([row, column], [top, bottom, left, right]) = measure(&image);
        assert!((row - 14.0).abs() <= 0.51 && (column - 14.0).abs() <= 0.51, "centre of mass at {row}, {column}");
        assert_eq!((bottom - top + 1).max(right - left + 1), 20);
    }
}

/// An image of MNIST, enlarged ten times and put anywhere on the paper, comes back as it was, but for its edges.
#[test]
fn mnists_own_digits_come_back() {
    let test = mnist().unwrap().test;
    for index in 0..50 {
        let image = test.image(index);
        let (mut enlarged, shift) = (vec![0; PAPER * PAPER], 3 * (index % 7));
        for y in 0..PAPER - shift {
            for x in shift..PAPER {
                enlarged[y * PAPER + x] = image[(y + shift) / 10 * 28 + (x - shift) / 10];
            }
        }
        let again = like_mnist(&enlarged, PAPER, 28, 28).unwrap();
        let difference: u32 = image.iter().zip(&again).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        let ink: u32 = image.iter().map(|&ink| u32::from(ink)).sum();
        assert!(difference < ink / 20, "image {index}: {difference} of {ink}");
    }
}

#[test]
fn strokes_and_clearing_are_undone_and_done_again() {
    let mut drawing = Drawing::default();
    assert!(!drawing.has_ink() && !drawing.can_undo() && drawing.image(MNIST).is_none());
    drawing.begin(10.0, [50.0, 50.0]);
    drawing.extend([90.0, 120.0]);
    let one = drawing.ink().to_vec();
    drawing.begin(20.0, [200.0, 200.0]);
    let two = drawing.ink().to_vec();
    assert_ne!(one, two);
    drawing.clear();
    assert!(!drawing.has_ink());
    drawing.undo();
    assert_eq!(drawing.ink(), two);
    drawing.undo();
    assert_eq!(drawing.ink(), one);
    drawing.redo();
    assert_eq!(drawing.ink(), two);
    drawing.undo();
    drawing.begin(5.0, [10.0, 10.0]);
    assert!(!drawing.can_redo(), "a new stroke forgets what was undone");
}

#[test]
fn ink_stays_on_the_paper_and_fits_any_shape() {
    let mut drawing = line([-50.0, -50.0], [400.0, 400.0]);
    drawing.begin(40.0, [279.0, 0.0]);
    let shape = ImageShape { channels: 3, height: 32, width: 48 };
    let image = drawing.image(shape).unwrap();
    assert_eq!(image.len(), 3 * 32 * 48);
    assert_eq!(image[..32 * 48], image[32 * 48..2 * 32 * 48]);
}
