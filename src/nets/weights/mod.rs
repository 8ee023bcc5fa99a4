//! Parameters from files that others wrote: read, renamed, and taken only if every one fits.

mod file;
mod names;
mod pytorch;

pub(super) use file::floats;
pub use file::{WeightsError, read_weights};
pub use names::Naming;

use super::checkpoint::NamedArray;
use super::network::Network;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// How the arrays of a file and the parameters of a network go together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightsReport {
    /// Whose names the file uses.
    pub naming: Naming,
    /// How many parameters and buffers found their values.
    pub matched: usize,
    /// Names that the network needs and the file lacks, as the file would have them.
    pub missing: Vec<String>,
    /// Other arrays of the file that the network has no place for.
    pub unexpected: Vec<String>,
    /// Biases of the file whose layers have their weights in the network, and no bias: those are other layers.
    pub contradicting: Vec<String>,
    pub misshapen: Vec<Misshapen>,
}

/// An array of another shape than the network's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misshapen {
    pub name: String,
    pub found: Vec<usize>,
    pub expected: Vec<usize>,
}

impl WeightsReport {
    /// Whether every parameter has a value, and no layer of the network lacks a bias that it has in the file. What the file
    /// holds beyond that does no harm.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.misshapen.is_empty() && self.contradicting.is_empty()
    }

    /// What is wrong, a line each, for people.
    pub fn faults(&self) -> Vec<String> {
        let dims = |dims: &[usize]| format!("[{}]", dims.iter().map(usize::to_string).collect::<Vec<_>>().join(", "));
        let missing = self.missing.iter().map(|name| format!("missing     {name}"));
        let contradicting =
            self.contradicting.iter().map(|name| format!("unexpected  {name}: its layer has no bias in the network"));
        let unexpected = self.unexpected.iter().map(|name| format!("unexpected  {name}"));
        let misshapen = self.misshapen.iter().map(|array| {
            let (found, expected) = (dims(&array.found), dims(&array.expected));
            format!("misshapen   {}: {found} in the file, {expected} in the network", array.name)
        });
        missing.chain(misshapen).chain(contradicting).chain(unexpected).collect()
    }
}

/// Gives a network the values of a file, whichever naming it uses. Unless the report is
/// [complete](WeightsReport::is_complete) the network stays as it was.
pub fn load_weights(network: &mut Network, mut arrays: Vec<NamedArray>) -> WeightsReport {
    for array in &mut arrays {
        names::strip_wrappers(&mut array.name);
    }
    let by_name: HashMap<&str, &NamedArray> = arrays.iter().map(|array| (array.name.as_str(), array)).collect();
    let naming = Naming::of(network, |name| by_name.contains_key(name));
    let mut report = WeightsReport {
        naming,
        matched: 0,
        missing: Vec::new(),
        unexpected: Vec::new(),
        contradicting: Vec::new(),
        misshapen: Vec::new(),
    };
    let (mut taken, mut found) = (HashSet::new(), Vec::new());
    for parameter in network.parameters() {
        let name = naming.name(network, parameter);
        match by_name.get(name.as_str()) {
            None => report.missing.push(name),
            Some(array) => {
                taken.insert(array.name.as_str());
                if array.dims == parameter.dims {
                    found.push(NamedArray { name: parameter.name.clone(), ..(*array).clone() });
                } else {
                    let (found, expected) = (array.dims.clone(), parameter.dims.clone());
                    report.misshapen.push(Misshapen { name, found, expected });
                }
            }
        }
    }
    report.matched = found.len();
    let has_weight = |name: &String| {
        name.strip_suffix(".bias").is_some_and(|layer| taken.contains(format!("{layer}.weight").as_str()))
    };
    let left = arrays.iter().map(|array| &array.name).filter(|name| !taken.contains(name.as_str()));
    (report.contradicting, report.unexpected) = left.cloned().partition(has_weight);
    report.contradicting.sort();
    report.unexpected.sort();
    if report.is_complete() {
        network.load_arrays(&found).expect("every parameter has an array of its shape");
    }
    report
}
