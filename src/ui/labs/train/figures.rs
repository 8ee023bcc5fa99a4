//! The curves of the lab without a window: from what run folders hold, as the panes draw them.

use super::curves::{ACCURACY, Figure, LOSS};
use crate::engine::{Point, RunId};
use crate::ui::curves::{CurvePlot, CurveStore, Line, PlotView, records};
use crate::ui::{export, theme};
use egui::{Vec2, vec2};

/// Room for a legend beside the title, and for a page.
const SIZE: Vec2 = vec2(800.0, 480.0);

/// What a run measured.
pub struct RunCurves {
    pub name: String,
    /// Of any run; they become those of this one.
    pub points: Vec<Point>,
}

/// A figure, ready to be written.
pub struct RunFigure {
    /// Of its files.
    pub stem: &'static str,
    pub svg: String,
    pub csv: String,
}

/// Loss and accuracy of all runs, in one plot each; a plot without a point is left out.
pub fn figures(runs: &[RunCurves], smoothing: f64, dark: bool) -> Vec<RunFigure> {
    let mut store = CurveStore::new();
    store.set_smoothing(smoothing);
    for (index, run) in runs.iter().enumerate() {
        let id = RunId(index as u64);
        store.append(run.points.iter().map(|point| Point { run: id, ..point.clone() }));
    }
    [("loss", &LOSS), ("accuracy", &ACCURACY)]
        .into_iter()
        .filter_map(|(stem, figure)| draw(stem, figure, &store, runs, dark))
        .collect()
}

fn draw(stem: &'static str, figure: &Figure, store: &CurveStore, runs: &[RunCurves], dark: bool) -> Option<RunFigure> {
    let named: Vec<_> =
        runs.iter().map(|run| [format!("{} train", run.name), format!("{} validation", run.name)]).collect();
    let series = figure.train.zip(figure.validation)?;
    let lines: Vec<Line<'_>> = named
        .iter()
        .enumerate()
        .flat_map(|(index, names)| {
            let line = move |series, name, dashed| {
                let (run, colour) = (RunId(index as u64), theme::run_colour(index));
                Line { run, series, of: &runs[index].name, name, colour, dashed, highlighted: false, level: None }
            };
            [line(series.0, names[0].as_str(), false), line(series.1, names[1].as_str(), true)]
        })
        .collect();
    let csv = records(store, &lines)?.into_csv();
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    let title = format!("{}, {}", figure.title, names.join(", "));
    let svg = export::draw(&title, SIZE, dark, |ui| {
        let plot = CurvePlot::new(figure.title, figure.title).lines(&lines);
        let plot = if figure.is_share { plot.percent() } else { plot.unit(figure.unit) };
        plot.show(ui, store, &mut PlotView::default(), &mut None);
    });
    Some(RunFigure { stem, svg, csv })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_panels_are_drawn_without_a_window() {
        let point = |step: u64, series: &str, value: f64| Point {
            run: RunId(9),
            series: series.into(),
            step,
            epoch: step as f64 / 100.0,
            seconds: 0.0,
            value,
        };
        let run = |name: &str, factor: f64| RunCurves {
            name: name.to_owned(),
            points: (0..200).map(|step| point(step, "train/loss", factor / (step + 1) as f64)).collect(),
        };
        let drawn = figures(&[run("first", 2.0), run("second", 1.0)], 0.0, false);
        assert_eq!(drawn.iter().map(|figure| figure.stem).collect::<Vec<_>>(), ["loss"], "nothing without points");
        assert!(drawn[0].svg.contains("<title>Loss, first, second</title>"));
        assert_eq!(drawn[0].csv.lines().count(), 401);
        let picture = export::rasterise(&drawn[0].svg, 1.0).unwrap();
        assert_eq!((picture.width(), picture.height()), (800, 480));
        for index in 0..2 {
            let [red, green, blue, _] = theme::run_colour(index).to_array();
            let found = picture.pixels().filter(|pixel| pixel.0 == [red, green, blue, 255]).count();
            assert!(found > 30, "run {index} is in the picture in its colour: {found} pixels");
        }
    }
}
