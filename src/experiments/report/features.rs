//! The report of the exhibits of Zeiler and Fergus 2013: their figures beside ours, and whether what was asked for holds.

use super::{Block, Verdict, command, folder_name};
use crate::experiments::features::worst;
use crate::experiments::{
    AblationConfig, AblationFinding, AdjointFinding, CorrespondenceFinding, EnergyRow, EvolutionFinding,
    FeaturesResults, FiltersFinding, InvarianceCurve, InvarianceFinding, MemberResult, OcclusionFinding, Variant,
    features_preset, features_presets,
};
use crate::lens::Transformation;
use serde_json::Value;
use std::collections::BTreeSet;

/// The largest relative error of `<conv x, y>` against `<x, conv^T y>`.
const ADJOINT_ASKED: f64 = 1e-4;
/// The largest difference of deconvnet and gradient in a network that rectifies nothing, and the least cosine at which they
/// are called the same in one that does.
const SAME: f64 = 1e-4;
const ALIKE: f64 = 0.99;
/// How many times as much a map falls by its own pixels as by random ones.
const ENERGY_ASKED: f64 = 3.0;
/// How many times as far the first layer moves as the top layer.
const INVARIANCE_ASKED: f64 = 1.5;
/// Share of scenes whose probability falls most on the object.
const OCCLUSION_ASKED: f64 = 0.8;
/// A smaller probability of chance is significant.
const SIGNIFICANT: f64 = 0.05;
/// Table 1: right eye, left eye, nose, and random parts, at layers 5 and 7.
const PAPER_MARKED: [&str; 2] = ["0.067, 0.069, 0.079", "0.069, 0.068, 0.069"];
const PAPER_RANDOM: [&str; 2] = ["0.107", "0.073"];
const NOTHING: &str = "-";

pub(super) fn blocks(results: &Value) -> Vec<Block> {
    match serde_json::from_value::<FeaturesResults>(results.clone()) {
        Ok(read) => report(&read, results["device"].as_str().unwrap_or("an unnamed device")),
        Err(error) => vec![Block::Text(format!("The results cannot be read: {error}"))],
    }
}

fn report(results: &FeaturesResults, device: &str) -> Vec<Block> {
    let (settings, found) = (&results.settings, &results.findings);
    let mut blocks = vec![Block::Heading(settings.title.clone()), Block::Text(settings.about.clone())];
    blocks.push(Block::Text(made_by(results, device)));
    blocks.extend(found.adjoint.iter().flat_map(adjoint));
    blocks.extend(found.filters.iter().flat_map(filters));
    blocks.extend(found.hidden_energy.iter().flat_map(|rows| hidden_energy(rows)));
    blocks.extend(found.invariance.iter().flat_map(invariance));
    blocks.extend(found.occlusion.iter().flat_map(|found| occlusion(found, results)));
    blocks.extend(found.correspondence.iter().flat_map(correspondence));
    blocks.extend(found.ablation.iter().flat_map(|found| ablation(found, results)));
    blocks.extend(found.evolution.iter().flat_map(evolution));
    blocks
}

fn made_by(results: &FeaturesResults, device: &str) -> String {
    let mut settings = results.settings.clone();
    settings.network = folder_name(&settings.network).to_owned();
    settings.train.data.source = folder_name(&settings.train.data.source).to_owned();
    let presets = features_presets().filter_map(|name| Some((name, features_preset(name)?)));
    let learned = |member: &MemberResult| {
        format!(
            "{} epochs of {} images, seed {}, {} of {} test errors, {:.1} minutes",
            member.epochs,
            member.train_images,
            member.seed,
            member.test_errors,
            member.test_images,
            member.seconds / 60.0
        )
    };
    let network = match &results.trained {
        Some(member) => format!("`{}` ({})", results.network, learned(member)),
        None => format!("`{}`, which comes trained", results.network),
    };
    let scenes = results.scenes.as_ref().map_or_else(String::new, |member| {
        format!(" The network of scenes is `{}` ({}).", member.network, learned(member))
    });
    let images = if settings.photographs {
        format!("the {} photographs that come with Glassbox", results.images)
    } else {
        format!("{} test images of `{}`", results.images, folder_name(&results.data))
    };
    format!("`{}` on {device}: {network}, and {images}.{scenes}", command("features", &settings, presets))
}

/// What was asked for, what was found, and whether it holds.
fn verdict(what: &str, asked: &str, found: &str, holds: bool) -> Block {
    Block::Verdict(Verdict { what: what.to_owned(), asked: asked.to_owned(), found: found.to_owned(), holds })
}

fn heading(text: &str) -> Block {
    Block::Heading(text.to_owned())
}

fn table<const N: usize>(header: [&str; N], rows: Vec<Vec<String>>) -> Block {
    Block::Table { header: header.map(str::to_owned).to_vec(), rows }
}

fn adjoint(found: &AdjointFinding) -> Vec<Block> {
    let worst_error = worst(found.convolutions.iter().map(|row| row.error));
    let mut blocks = vec![heading("The reverse pass (section 2.1)")];
    if let Some(row) = found.convolutions.iter().max_by(|a, b| a.error.total_cmp(&b.error)) {
        let what = format!(
            "<conv x, y> = <x, conv^T y> for {} convolutions, random x and y, largest relative error (of `{}`)",
            found.convolutions.len(),
            row.layer
        );
        let asked = format!("at most {ADJOINT_ASKED:.0e}");
        blocks.push(verdict(&what, &asked, &format!("{worst_error:.1e}"), worst_error <= ADJOINT_ASKED));
    }
    let rows = found.rules.iter().map(|row| {
        let (name, images) = (row.layer.clone(), row.images.to_string());
        vec![name, images, format!("{:.1e}", row.linear_difference), format!("{:.3}", row.cosine)]
    });
    let header = ["layer", "images", "without nonlinearities: largest difference", "as it is: mean cosine"];
    blocks.push(table(header, rows.collect()));
    blocks.push(Block::Text(
        "The deconvnet against the gradient, from the strongest unit of each image. With nonlinearities taken out: largest \
         difference of any pixel in units of the largest of the gradient, of the worst image. Below the first nonlinearity \
         there is nothing that could tell the two apart, so the first layer's cosine is 1."
            .to_owned(),
    ));
    if !found.rules.is_empty() {
        let linear = worst(found.rules.iter().map(|row| row.linear_difference));
        let what = "Deconvnet and gradient are the same without nonlinearities, largest difference";
        blocks.push(verdict(what, &format!("at most {SAME:.0e}"), &format!("{linear:.1e}"), linear <= SAME));
    }
    if let Some(last) = found.rules.last().filter(|_| found.rules.len() > 1) {
        let what = format!("They are not the same with them, mean cosine at `{}`", last.layer);
        blocks.push(verdict(&what, &format!("below {ALIKE}"), &format!("{:.3}", last.cosine), last.cosine < ALIKE));
    }
    blocks
}

fn filters(found: &FiltersFinding) -> Vec<Block> {
    let [low, middle, high] = found.bands.map(percent);
    let row = vec![
        format!("{}, {} x {}", found.layer, found.height, found.width),
        found.filters.to_string(),
        found.dead.to_string(),
        found.duplicates.to_string(),
        low,
        middle,
        high,
    ];
    let header = ["layer", "filters", "dead", "duplicates", "low frequencies", "middle", "high"];
    vec![
        heading("Filters of the first layer (section 4.1, figure 6)"),
        table(header, vec![row]),
        Block::Text(
            "The paper found a few filters that dominate, and a mix of very low and very high frequencies with little between \
             in AlexNet's filters of 11 x 11 at stride 4; with bounded filters of 7 x 7 at stride 2 fewer dead ones. Shares of \
             the spectrum's energy by thirds of the frequencies, the filter's mean aside; filters of 3 x 3 have no more than \
             one frequency an axis. The picture is `figures/filters.png`."
                .to_owned(),
        ),
    ]
}

fn hidden_energy(rows: &[EnergyRow]) -> Vec<Block> {
    let ratio = |salient: f64, random: f64| {
        if random > 0.0 { format!("{:.1}", salient / random) } else { "random pixels do not lower it".to_owned() }
    };
    let maps: usize = rows.iter().map(|row| row.maps).sum();
    let mean =
        |of: fn(&EnergyRow) -> f64| rows.iter().map(|row| of(row) * row.maps as f64).sum::<f64>() / maps.max(1) as f64;
    let (salient, random) = (mean(|row| row.salient), mean(|row| row.random));
    let line = |layer: &str, maps: usize, salient: f64, random: f64| {
        vec![layer.to_owned(), maps.to_string(), percent(salient), percent(random), ratio(salient, random)]
    };
    let mut lines: Vec<Vec<String>> =
        rows.iter().map(|row| line(&row.layer, row.maps, row.salient, row.random)).collect();
    lines.push(line("all", maps, salient, random));
    // Where random pixels do not lower a map there is nothing to be a multiple of.
    let holds = random > 0.0 && salient >= ENERGY_ASKED * random;
    let what = "Hiding the top 10% of a deconvolution's energy against random pixels of equal area, times as much";
    vec![
        heading("Hidden energy"),
        table(["layer", "maps", "falls by its own pixels", "by random ones", "times as much"], lines),
        Block::Text(
            "How far the sum of a unit's map falls when a tenth of the pixels is hidden: those with the most energy of its \
             deconvolution, or as many at random. Means over images and their strongest units; a map that rises counts below \
             zero."
                .to_owned(),
        ),
        verdict(
            what,
            &format!("at least {ENERGY_ASKED}"),
            &format!("{} ({} against {})", ratio(salient, random), percent(salient), percent(random)),
            holds,
        ),
    ]
}

fn invariance(found: &InvarianceFinding) -> Vec<Block> {
    let mut blocks = vec![heading("Invariance (section 4.1, figure 5)")];
    let layers = found.layers.iter().zip(&found.at_two_pixels);
    let rows = layers.map(|(layer, change)| vec![layer.clone(), format!("{change:.3}")]).collect();
    blocks.push(table(["layer", "relative change at a shift of 2 pixels"], rows));
    blocks.extend(found.curves.iter().map(|curve| curve_table(curve, &found.layers)));
    blocks.push(Block::Text(format!(
        "Distance of the features from those of the image as it is, in units of their norm, and probability of the true class; \
         means over {} images. In the paper small changes have a dramatic effect at the first layer and a lesser one at the \
         top, quasi-linear for shift and scale; rotation is not covered.",
        found.images
    )));
    if let (Some(first), Some(top)) = (found.at_two_pixels.first(), found.at_two_pixels.last()) {
        // A top layer that does not move at all says nothing of invariance: it may be dead.
        let ratio = first / top;
        let what = "The first layer's change at a shift of 2 pixels against the top layer's, times as much";
        let asked = format!("at least {INVARIANCE_ASKED}");
        blocks.push(verdict(what, &asked, &format!("{ratio:.2}"), ratio.is_finite() && ratio >= INVARIANCE_ASKED));
    }
    blocks
}

/// A row a layer, a column an amount.
fn curve_table(curve: &InvarianceCurve, layers: &[String]) -> Block {
    let (title, unit) = match curve.transformation {
        Transformation::Translation => ("vertical shift, pixels", ""),
        Transformation::Scale => ("scale", ""),
        Transformation::Rotation => ("rotation, degrees", ""),
    };
    let mut header = vec![title.to_owned()];
    header.extend(curve.amounts.iter().map(|amount| format!("{amount}{unit}")));
    let row = |name: String, values: &[f64]| {
        let values = values.iter().map(|value| format!("{value:.2}"));
        std::iter::once(name).chain(values).collect::<Vec<String>>()
    };
    let ends = layers.len().saturating_sub(1);
    let changes = layers.iter().zip(&curve.changes).enumerate().filter(|(index, _)| *index == 0 || *index == ends);
    let mut rows: Vec<Vec<String>> =
        changes.map(|(_, (layer, values))| row(format!("change of {layer}"), values)).collect();
    rows.push(row("p(true)".to_owned(), &curve.truth));
    Block::Table { header, rows }
}

fn occlusion(found: &OcclusionFinding, results: &FeaturesResults) -> Vec<Block> {
    let scenes = &results.settings.scenes;
    let share = |count: usize| count as f64 / found.scenes.max(1) as f64;
    let row = |what: &str, count: usize| {
        vec![what.to_owned(), count.to_string(), percent(share(count)), percent(found.chance)]
    };
    let rows = vec![
        row("probability of the true class", found.truth_on_object),
        row(&format!("strongest map of {}", found.layer), found.activity_on_object),
    ];
    let text = format!(
        "A square of {0} x {0} pixels slides by {1} over {2} test scenes of {3} x {3} with one object each; the first that the \
         network gets right, of {4}. On the object is where the square's centre is in the object's box; by chance is how much \
         of all places that is. On the mean the probability of the true class is {5:.2}, and {6:.2} at its lowest.",
        scenes.square, scenes.stride, found.scenes, scenes.side, found.looked_at, found.whole, found.lowest
    );
    let enough = found.scenes == scenes.occluded;
    let mut blocks = vec![
        heading("Occlusion (section 4.2, figure 7)"),
        table(["falls most", "on the object", "share", "by chance"], rows),
        Block::Text(text),
        verdict(
            &format!("The probability of the true class falls most on the object in {} scenes", found.scenes),
            &format!("at least {}", percent(OCCLUSION_ASKED)),
            &format!("{}, by chance {}", percent(share(found.truth_on_object)), percent(found.chance)),
            found.scenes > 0 && share(found.truth_on_object) >= OCCLUSION_ASKED,
        ),
    ];
    if !enough {
        let text = format!("Fewer scenes than the {} asked for: the network gets no more right.", scenes.occluded);
        blocks.push(Block::Text(text));
    }
    blocks
}

fn correspondence(found: &CorrespondenceFinding) -> Vec<Block> {
    let rows = found.layers.iter().enumerate().map(|(index, row)| {
        let significant = row.p_values.iter().filter(|p| **p < SIGNIFICANT).count();
        // The paper's are layers with places and without, as ours.
        let paper = |numbers: [&str; 2]| numbers.get(index).copied().unwrap_or(NOTHING).to_owned();
        let holds = row.p_value < SIGNIFICANT;
        vec![
            row.layer.clone(),
            format!("{:.3}", row.marked),
            paper(PAPER_MARKED),
            format!("{:.3}", row.random),
            paper(PAPER_RANDOM),
            format!("{significant} of {}", row.p_values.len()),
            p_value(row.p_value),
            if holds { "shown" } else { "not shown" }.to_owned(),
        ]
    });
    let header = [
        "layer",
        "object",
        "paper: eyes, nose",
        "random parts",
        "paper",
        "classes with p < 0.05",
        "p of all",
        "verdict",
    ];
    let shown = found.layers.iter().map(|row| {
        let what =
            format!("Hiding the object changes the features of `{}` more alike than hiding random parts", row.layer);
        let is_less = row.marked < row.random;
        let found = format!("{:.3} against {:.3}, p {}", row.marked, row.random, p_value(row.p_value));
        verdict(&what, "less, p below 0.05", &found, is_less && row.p_value < SIGNIFICANT)
    });
    let blocks = vec![
        heading("Correspondence (section 4.3, table 1)"),
        table(header, rows.collect()),
        Block::Text(format!(
            "Mean fraction of differing signs of the feature changes when the same part is hidden on {} scenes of one class: the \
             object, wherever it is, against random places of its size; means over the classes. The paper hides eyes and noses \
             of five dogs at layers 5 and 7, so only the direction can be compared. p: a permutation test of each class, put \
             together by Fisher's method.",
            found.scenes
        )),
    ];
    blocks.into_iter().chain(shown).collect()
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn ablation(found: &AblationFinding, results: &FeaturesResults) -> Vec<Block> {
    let rows = found.networks.iter().enumerate().map(|(index, member)| {
        let name = if index == 0 { "as it is" } else { member.name.as_str() };
        let validation = member.validation_errors.map(|errors| errors as f64 / member.validation_images.max(1) as f64);
        let paper = results.settings.paper.get(name).cloned();
        vec![
            name.to_owned(),
            member.parameters.to_string(),
            member.train_accuracy.map_or_else(|| NOTHING.to_owned(), |accuracy| percent(1.0 - accuracy)),
            validation.map_or_else(|| NOTHING.to_owned(), percent),
            percent(member.test_errors as f64 / member.test_images.max(1) as f64),
            paper.unwrap_or_else(|| NOTHING.to_owned()),
        ]
    });
    let header = ["network", "parameters", "train error", "validation", "test", "paper: train, validation"];
    let depth = depth_matters(found, &results.settings.ablation);
    let share = |errors: usize| percent(errors as f64 / found.images.max(1) as f64);
    let silenced = found.silenced.iter().map(|row| {
        let left_out = row.left_out.map_or_else(|| "other shape".to_owned(), share);
        vec![row.layer.clone(), left_out, share(row.half), share(row.all)]
    });
    let blocks = vec![
        heading("Ablation (section 5.1, table 3)"),
        table(header, rows.collect()),
        Block::Text(
            "Trained anew with the same seed, images and epochs. The paper's are top-1 errors on ImageNet of a network of eight \
             layers: only the order can be compared."
                .to_owned(),
        ),
    ];
    let of_silenced = vec![
        table(["nothing retrained", "layer left out", "half of its units silenced", "all of them"], silenced.collect()),
        Block::Text(format!(
            "Errors of the trained network on {} test images; as it is {}. A layer can be left out where it leaves the shape as \
             it is.",
            found.images,
            share(found.errors)
        )),
    ];
    blocks.into_iter().chain(depth).chain(of_silenced).collect()
}

/// Whether leaving out two parts costs more than each of them together, where there are such variants.
fn depth_matters(found: &AblationFinding, settings: &AblationConfig) -> Option<Block> {
    let error = |member: &MemberResult| 100.0 * member.test_errors as f64 / member.test_images.max(1) as f64;
    let whole = error(found.networks.first()?);
    let cost = |variant: &Variant| {
        let member = found.networks.iter().find(|member| member.name == variant.name)?;
        Some(error(member) - whole)
    };
    let removed = |variant: &Variant| -> BTreeSet<String> { variant.remove.iter().cloned().collect() };
    let parts: Vec<&Variant> =
        settings.variants.iter().filter(|variant| variant.resize.is_empty() && !variant.remove.is_empty()).collect();
    let pairs =
        parts.iter().enumerate().flat_map(|(index, one)| parts[index + 1..].iter().map(move |other| (*one, *other)));
    let (one, other, both) = pairs.into_iter().find_map(|(one, other)| {
        let union = &removed(one) | &removed(other);
        let both = parts
            .iter()
            .find(|variant| removed(variant) == union && variant.name != one.name && variant.name != other.name)?;
        Some((cost(one)?, cost(other)?, (both, cost(both)?)))
    })?;
    let (both, of_both) = both;
    let what = format!("`{}` costs more than each part of it together, points of test error", both.name);
    let found = format!("{of_both:.1} against {one:.1} and {other:.1}");
    Some(verdict(&what, "more than the sum", &found, of_both > one + other))
}

fn evolution(found: &EvolutionFinding) -> Vec<Block> {
    let spans = found.epochs.windows(2).map(|pair| format!("{} to {}", pair[0], pair[1]));
    let header = ["layer".to_owned(), "units".to_owned()].into_iter().chain(spans.map(|span| format!("epoch {span}")));
    let rows = found.layers.iter().map(|row| {
        let cell = |(cosine, kept): (&Option<f64>, &f64)| {
            let cosine = cosine.map_or_else(|| NOTHING.to_owned(), |cosine| format!("{cosine:.3}"));
            format!("{cosine} ({:.0}%)", 100.0 * kept)
        };
        let start = [row.layer.clone(), row.units.len().to_string()];
        start.into_iter().chain(row.cosines.iter().zip(&row.kept).map(cell)).collect()
    });
    let text = "Mean cosine of a unit's deconvolutions at two successive epochs, of the image that is its strongest at the last; \
                in brackets the share of units whose strongest image stays the same. Pictures: `figures/evolution-<layer>.png`, a \
                row a unit, a column an epoch, the patch of the strongest image then and its deconvolution. In the paper lower \
                layers settle within a few epochs, upper ones only after 40 to 50.";
    let mut blocks = vec![
        heading("Evolution (section 4.1, figure 4)"),
        Block::Table { header: header.collect(), rows: rows.collect() },
        Block::Text(text.to_owned()),
    ];
    let first_span = |row: Option<&crate::experiments::EvolutionRow>| row?.cosines.first().copied().flatten();
    if let (Some(first), Some(last)) = (first_span(found.layers.first()), first_span(found.layers.last())) {
        let what = "Lower layers settle first: cosine of the first layer over the first span of epochs against the last layer's";
        blocks.push(verdict(what, "to be larger", &format!("{first:.3} against {last:.3}"), first > last));
    }
    blocks
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}
