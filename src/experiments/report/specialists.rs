//! The report of an experiment with specialists: tables 3 and 4 of Hinton, Vinyals and Dean 2015 beside ours.

use super::{Block, command, folder_name, took};
use crate::experiments::{ConditionalErrors, Gain, SpecialistsResults, specialists_preset, specialists_presets};
use serde_json::Value;

/// Accuracies of table 3, test and conditional: of the generalist alone, and with 61 specialists.
const PAPER_ALONE: [&str; 2] = ["25.0%", "43.1%"];
const PAPER_TOGETHER: [&str; 2] = ["26.1%", "45.9%"];
/// Relative changes of table 4: where no specialist knows the class, and where nine do.
const PAPER_COVERING: [(usize, &str); 2] = [(0, "0%"), (9, "+16.6%")];
const NOTHING: &str = "-";

pub(super) fn blocks(results: &Value) -> Vec<Block> {
    match serde_json::from_value::<SpecialistsResults>(results.clone()) {
        Ok(read) => report(&read, results["device"].as_str().unwrap_or("an unnamed device")),
        Err(error) => vec![Block::Text(format!("The results cannot be read: {error}"))],
    }
}

fn report(results: &SpecialistsResults, device: &str) -> Vec<Block> {
    let settings = &results.settings;
    vec![
        Block::Heading(settings.title.clone()),
        Block::Text(settings.about.clone()),
        Block::Text(made_by(results, device)),
        accuracy(results),
        Block::Text(
            "Conditional accuracy: on images of a specialist's own classes, when only these may be predicted; pooled over \
             the specialists. The paper's figures are of 15,000 classes of JFT: only the direction can be compared."
                .to_owned(),
        ),
        Block::Text(in_words(results)),
        Block::Heading("By the number of specialists that know the true class (table 4)".to_owned()),
        covering(results),
        Block::Text(
            "Intervals: a paired bootstrap of the test images, percentiles. They hold for these networks, not for other \
             seeds. The paper found nothing gained where no specialist knows the class, and the most (+16.6%) where nine do."
                .to_owned(),
        ),
        Block::Heading("The specialists".to_owned()),
        specialists(results),
        Block::Text(
            "A specialist sees its own classes more often than they come, so its dustbin is too improbable; the correction \
             is added to the dustbin's logit (section 5.2). Then the mean probability of the dustbin, over all test images, \
             should be the share of images of other classes. The errors are those on images of its own classes, when only \
             these may be predicted."
                .to_owned(),
        ),
    ]
}

fn made_by(results: &SpecialistsResults, device: &str) -> String {
    let mut settings = results.settings.clone();
    settings.generalist.source = folder_name(&settings.generalist.source).to_owned();
    let presets = specialists_presets().filter_map(|name| Some((name, specialists_preset(name)?)));
    let learning = results.specialists.iter().map(|one| one.member.seconds).sum();
    let size = if settings.size > 0 {
        format!("{} classes each", settings.size)
    } else {
        "disjoint clusters of classes".to_owned()
    };
    format!(
        "`{}` on {device}: `{}` ({} classes), a generalist ({}, {} epochs, seed {}) and {} specialists of {size} ({} epochs, \
         seed {}); predictions compared at T = {}; asked are the specialists of the {} most probable. {} \
         No choice was made on test images.",
        command("specialists", &settings, presets),
        results.data,
        results.class_names.len(),
        results.generalist.network,
        results.generalist.epochs,
        results.generalist.seed,
        results.specialists.len(),
        settings.epochs,
        settings.seed,
        settings.temperature,
        if settings.most_probable == 1 { "class".to_owned() } else { format!("{} classes", settings.most_probable) },
        took(("generalist", results.generalist.seconds), &settings.generalist.source, ("specialists", learning)),
    )
}

fn accuracy(results: &SpecialistsResults) -> Block {
    let Gain { images, generalist_errors, combined_errors, .. } = results.all;
    let ConditionalErrors { images: own, generalist, specialist, combined } = results.conditional;
    let uncorrected = results.uncorrected_errors;
    let nothing = [NOTHING; 2];
    let row = |name: &str, errors: Option<usize>, conditional: Option<usize>, paper: [&str; 2]| {
        vec![
            name.to_owned(),
            errors.map_or_else(|| NOTHING.to_owned(), |errors| errors.to_string()),
            errors.map_or_else(|| NOTHING.to_owned(), |errors| share(errors, images)),
            paper[0].to_owned(),
            conditional.map_or_else(|| NOTHING.to_owned(), |errors| share(errors, own)),
            paper[1].to_owned(),
        ]
    };
    let header = ["table 3", "test errors", "test accuracy", "paper", "conditional accuracy", "paper"];
    Block::Table {
        header: header.map(str::to_owned).to_vec(),
        rows: vec![
            row("generalist", Some(generalist_errors), Some(generalist), PAPER_ALONE),
            row("with specialists", Some(combined_errors), Some(combined), PAPER_TOGETHER),
            row("with specialists, dustbins uncorrected", Some(uncorrected), None, nothing),
            row("a specialist alone", None, Some(specialist), nothing),
        ],
    }
}

fn in_words(results: &SpecialistsResults) -> String {
    format!(
        "Relative change of the accuracy: {} (95%: {}); the paper's is +4.4%. The specialists put {} images right and {} \
         wrong; {} of {} images were shown to at least one. {}",
        change(results.all.relative_change),
        interval(&results.all),
        results.mended.len(),
        results.spoiled.len(),
        results.asked_images,
        results.all.images,
        verdict(&results.all)
    )
}

fn covering(results: &SpecialistsResults) -> Block {
    let header =
        ["specialists", "images", "generalist errors", "with specialists", "relative change", "95% interval", "paper"];
    let rows = results.covering.iter().map(|row| {
        let paper = PAPER_COVERING.iter().find(|(covering, _)| *covering == row.covering);
        vec![
            row.covering.to_string(),
            row.gain.images.to_string(),
            row.gain.generalist_errors.to_string(),
            row.gain.combined_errors.to_string(),
            change(row.gain.relative_change),
            interval(&row.gain),
            paper.map_or(NOTHING, |(_, change)| *change).to_owned(),
        ]
    });
    Block::Table { header: header.map(str::to_owned).to_vec(), rows: rows.collect() }
}

fn specialists(results: &SpecialistsResults) -> Block {
    let header = [
        "specialist",
        "its own classes",
        "images",
        "errors of the generalist",
        "its own",
        "combined",
        "other classes",
        "dustbin as trained",
        "corrected",
        "correction",
    ];
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let rows = results.specialists.iter().map(|one| {
        let names: Vec<&str> =
            one.classes.iter().filter_map(|&class| Some(results.class_names.get(class)?.as_str())).collect();
        vec![
            one.member.name.clone(),
            names.join(" "),
            one.conditional.images.to_string(),
            one.conditional.generalist.to_string(),
            one.conditional.specialist.to_string(),
            one.conditional.combined.to_string(),
            percent(one.dustbin.truth),
            percent(one.dustbin.uncorrected),
            percent(one.dustbin.corrected),
            format!("{:+.2}", one.correction),
        ]
    });
    Block::Table { header: header.map(str::to_owned).to_vec(), rows: rows.collect() }
}

fn verdict(all: &Gain) -> &'static str {
    match all.relative_change {
        Some(change) if all.is_clear() && change > 0.0 => {
            "A gain, beyond what the choice of test images explains; of one seed."
        }
        Some(_) if all.is_clear() => "A loss, beyond what the choice of test images explains; of one seed.",
        _ => "The interval holds 0: no gain was found, and none is claimed.",
    }
}

/// What is right.
fn share(errors: usize, images: usize) -> String {
    if images == 0 { NOTHING.to_owned() } else { format!("{:.2}%", 100.0 * (1.0 - errors as f64 / images as f64)) }
}

fn change(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| format!("{:+.2}%", 100.0 * value))
}

fn interval(gain: &Gain) -> String {
    let text = |(low, high): (f64, f64)| format!("{:+.2}% to {:+.2}%", 100.0 * low, 100.0 * high);
    gain.interval.map_or_else(|| NOTHING.to_owned(), text)
}
