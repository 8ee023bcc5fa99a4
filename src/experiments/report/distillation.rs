//! The report of a distillation.

use super::{Block, command, folder_name, mean, spread, took};
use crate::experiments::{Correction, DistillResults, MemberResult, Role, distillation_preset, distillation_presets};
use serde_json::Value;

pub(super) fn blocks(results: &Value) -> Vec<Block> {
    match serde_json::from_value::<DistillResults>(results.clone()) {
        Ok(read) => report(&read, results["device"].as_str().unwrap_or("an unnamed device")),
        Err(error) => vec![Block::Text(format!("The results cannot be read: {error}"))],
    }
}

fn report(results: &DistillResults, device: &str) -> Vec<Block> {
    let settings = &results.settings;
    let mut blocks = vec![Block::Heading(settings.title.clone()), Block::Text(settings.about.clone())];
    blocks.push(Block::Text(made_by(results, device)));
    blocks.push(networks(results));
    blocks.extend(distance(results).map(Block::Text));
    blocks.extend(results.ensemble.map(|ensemble| {
        let how = format!("{:?}", settings.teacher.mean).to_lowercase();
        let alone = of_arm(results, "teacher");
        Block::Text(format!(
            "The {how} mean of {} teachers makes {} test errors; one alone {}.",
            settings.teacher.members,
            ensemble.test_errors,
            spread(&alone, 1)
        ))
    }));
    blocks.extend(early(results));
    blocks.extend(corrections(results));
    blocks.extend(angles(results));
    blocks
}

fn made_by(results: &DistillResults, device: &str) -> String {
    let mut settings = results.settings.clone();
    settings.teacher.source = folder_name(&settings.teacher.source).to_owned();
    let presets = distillation_presets().filter_map(|name| Some((name, distillation_preset(name)?)));
    let command = command("distillation", &settings, presets);
    let seeds: Vec<String> = settings.seeds.iter().map(u64::to_string).collect();
    let teacher = results.members.iter().find(|member| member.role == Role::Teacher);
    let seconds = |role: Role| -> f64 {
        let members = results.members.iter().filter(|member| member.role == role);
        members.map(|member| member.seconds).sum()
    };
    let (teaching, learning) = (seconds(Role::Teacher), seconds(Role::Student));
    format!(
        "`{command}` on {device}: students of seeds {}, T = {}, alpha = {}, {} epochs; teacher `{}`{}. {}",
        seeds.join(", "),
        settings.temperature,
        settings.alpha,
        settings.student.epochs,
        settings.teacher.source,
        teacher.map_or_else(String::new, |teacher| format!(" ({}, {} epochs)", teacher.network, teacher.epochs)),
        took(("teacher", teaching), &settings.teacher.source, ("students", learning)),
    )
}

/// What all seeds of one kind of network have in common: the name without the seed.
fn kind(member: &MemberResult) -> &str {
    member.name.split(" seed ").next().unwrap_or(&member.name)
}

fn kinds(results: &DistillResults) -> Vec<&str> {
    let mut kinds: Vec<&str> = Vec::new();
    for member in &results.members {
        if !kinds.contains(&kind(member)) {
            kinds.push(kind(member));
        }
    }
    kinds
}

fn networks(results: &DistillResults) -> Block {
    let header =
        ["network", "learns from", "layers", "test errors", "each seed", "validation errors", "train", "paper"];
    let rows = kinds(results)
        .into_iter()
        .map(|name| {
            let members: Vec<&MemberResult> = results.members.iter().filter(|member| kind(member) == name).collect();
            let numbers = |of: fn(&MemberResult) -> Option<f64>| -> Vec<f64> {
                members.iter().filter_map(|member| of(member)).collect()
            };
            let each: Vec<String> = members.iter().map(|member| member.test_errors.to_string()).collect();
            let train = numbers(|member| member.train_accuracy.map(|accuracy| 100.0 * accuracy));
            vec![
                name.to_owned(),
                members[0].objective.clone(),
                members[0].network.clone(),
                spread(&numbers(|member| Some(member.test_errors as f64)), 1),
                each.join(", "),
                spread(&numbers(|member| member.validation_errors.map(|errors| errors as f64)), 1),
                if train.is_empty() { "-".to_owned() } else { format!("{}%", spread(&train, 2)) },
                paper(results, name),
            ]
        })
        .collect();
    Block::Table { header: header.map(str::to_owned).to_vec(), rows }
}

/// What the paper reports of a row.
fn paper(results: &DistillResults, row: &str) -> String {
    results.settings.paper.get(row).cloned().unwrap_or_else(|| "-".to_owned())
}

/// Test errors of every network of an arm.
fn of_arm(results: &DistillResults, arm: &str) -> Vec<f64> {
    let is_of = |member: &&MemberResult| member.name == arm || member.name.starts_with(&format!("{arm} "));
    results.members.iter().filter(is_of).map(|member| member.test_errors as f64).collect()
}

/// How much of the distance from hard labels to the teacher is closed.
fn distance(results: &DistillResults) -> Option<String> {
    let of = |arm: &str| mean(&of_arm(results, arm));
    let (teacher, hard, distilled) = (of("teacher")?, of("hard")?, of("distilled")?);
    let ratio = format!("Distilled students make {:.2} times the errors of hard labels.", distilled / hard);
    if hard <= teacher {
        return Some(format!("{ratio} Hard labels do no worse than the teacher: there is no distance to close."));
    }
    let closed = 100.0 * (hard - distilled) / (hard - teacher);
    Some(format!("{ratio} They close {closed:.0}% of the distance from hard labels to the teacher."))
}

fn early(results: &DistillResults) -> Option<Block> {
    if results.members.iter().all(|member| member.early.is_none()) {
        return None;
    }
    let header = ["network", "test errors at the end", "stopped early", "at epoch", "train accuracy then"];
    let rows = kinds(results)
        .into_iter()
        .filter_map(|name| {
            let members: Vec<&MemberResult> = results.members.iter().filter(|member| kind(member) == name).collect();
            let early: Vec<_> = members.iter().filter_map(|member| member.early).collect();
            let last: Vec<f64> = members.iter().map(|member| member.test_errors as f64).collect();
            let of = |of: fn(&crate::experiments::EarlyResult) -> f64| early.iter().map(of).collect::<Vec<f64>>();
            (!early.is_empty()).then(|| {
                vec![
                    name.to_owned(),
                    spread(&last, 1),
                    spread(&of(|early| early.test_errors as f64), 1),
                    spread(&of(|early| early.epoch as f64), 1),
                    format!("{}%", spread(&of(|early| 100.0 * early.train_accuracy), 2)),
                ]
            })
        })
        .collect();
    Some(Block::Table { header: header.map(str::to_owned).to_vec(), rows })
}

fn corrections(results: &DistillResults) -> Vec<Block> {
    let Some(first) = results.corrections.first() else { return Vec::new() };
    let classes: Vec<String> = first.classes.iter().map(usize::to_string).collect();
    let images = first.uncorrected.class_images;
    let text = format!(
        "The logits of class {} get one common shift after training. It is tuned on the validation images: the middle of the \
         shifts whose errors are within one standard error of the fewest, and the shift with the fewest, which a handful of \
         images decides. The paper's way, on the test images themselves, stands beside them. Errors are of the test images, \
         and of the {images} among them of these classes.",
        classes.join(" and ")
    );
    let header =
        ["student", "uncorrected", "of the classes", "tuned on", "shift", "errors", "of the classes", "right", "paper"];
    let rows = results.corrections.iter().flat_map(|correction| correction_rows(results, correction)).collect();
    vec![Block::Text(text), Block::Table { header: header.map(str::to_owned).to_vec(), rows }]
}

fn correction_rows(results: &DistillResults, correction: &Correction) -> Vec<Vec<String>> {
    let before = correction.uncorrected;
    let name = correction.member.split(" seed ").next().unwrap_or(&correction.member);
    let tuned = [
        ("validation, within one standard error", correction.steady_on_validation),
        ("validation, the fewest errors", correction.tuned_on_validation),
        ("test, the fewest errors (the paper)", correction.tuned_on_test),
    ];
    tuned
        .map(|(on, shifted)| {
            let after = shifted.errors;
            let right = 100.0 * (1.0 - after.class_errors as f64 / (after.class_images.max(1)) as f64);
            vec![
                correction.member.clone(),
                before.errors.to_string(),
                before.class_errors.to_string(),
                on.to_owned(),
                format!("{:+.2}", shifted.shift),
                after.errors.to_string(),
                after.class_errors.to_string(),
                format!("{right:.1}%"),
                paper(results, &format!("{name} corrected")),
            ]
        })
        .to_vec()
}

fn angles(results: &DistillResults) -> Vec<Block> {
    if results.angles.is_empty() {
        return Vec::new();
    }
    let text = "Section 2.1: as the temperature grows, distillation becomes logit matching. The angle between the two \
                gradients at the logits, over the validation images, of the first distilled student:";
    let header = std::iter::once("T".to_owned());
    let header = header.chain(results.angles.iter().map(|angle| angle.temperature.to_string())).collect();
    let row = std::iter::once("degrees".to_owned());
    let row = row.chain(results.angles.iter().map(|angle| format!("{:.1}", angle.degrees))).collect();
    vec![Block::Text(text.to_owned()), Block::Table { header, rows: vec![row] }]
}

#[cfg(test)]
mod tests {
    use super::super::spread;

    #[test]
    fn a_spread_is_the_standard_deviation_of_a_sample() {
        assert_eq!(spread(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 2), "5.00 \u{b1} 2.14");
        assert_eq!(spread(&[7.0], 1), "7.0");
        assert_eq!(spread(&[], 1), "-");
    }
}
