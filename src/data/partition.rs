//! Class partitions: some of the classes, halves of them, other names, several made one.

use std::sync::Arc;

use super::cifar::CIFAR_10;
use super::random::{Purpose, shuffle, stream};
use super::{ClassFilter, DataError, Dataset, Source, Split};

/// The classes of CIFAR-10 that live.
const NATURAL: [&str; 6] = ["bird", "cat", "deer", "dog", "frog", "horse"];

/// The `classes` numbers from 0 in two random halves, each in rising order; of an odd number the first half has one more
/// (Yosinski et al. 2014, section 3: A and B). The same seed, the same halves.
pub fn random_halves(classes: usize, seed: u64) -> [Vec<usize>; 2] {
    let mut order: Vec<usize> = (0..classes).collect();
    shuffle(&mut order, &mut stream(seed, Purpose::Classes, 0, 0));
    let mut second = order.split_off(classes.div_ceil(2));
    order.sort_unstable();
    second.sort_unstable();
    [order, second]
}

/// The natural classes and the man-made ones, if the classes are CIFAR-10's in any order: the split of Yosinski et al.
/// 2014, section 4.2, at our scale.
pub fn natural_and_man_made(class_names: &[String]) -> Option<[Vec<usize>; 2]> {
    let has = |name: &&str| class_names.iter().any(|class| class == *name);
    if class_names.len() != CIFAR_10.len() || !CIFAR_10.iter().all(has) {
        return None;
    }
    let is_natural = |class: &usize| NATURAL.contains(&class_names[*class].as_str());
    Some((0..class_names.len()).partition(is_natural).into())
}

impl Dataset {
    /// Only the images of `classes`, which get the numbers 0, 1, ... in the order in which they are given.
    ///
    /// # Errors
    /// If there is no such class, one is given twice, or no image is left.
    pub fn only_classes(&self, classes: &[usize]) -> Result<Self, DataError> {
        let number = self.new_numbers(&classes.iter().map(std::slice::from_ref).collect::<Vec<_>>())?;
        // Cheap: the pixels are shared, not copied.
        let split = Split::all(Arc::new(self.clone())).filter_classes(&ClassFilter::Only(classes.to_vec()))?;
        let chosen = split.to_dataset(self.name())?;
        let labels = (0..chosen.len()).filter_map(|i| number[chosen.label(i)]).collect();
        let names = classes.iter().map(|&class| self.class_names()[class].clone()).collect();
        chosen.relabelled(self.name(), names, labels)
    }

    /// The same images with other names for the classes. The pixels are shared, not copied.
    ///
    /// # Errors
    /// If there is not one name a class.
    pub fn with_class_names(&self, names: &[String]) -> Result<Self, DataError> {
        if names.len() != self.classes() {
            let (name, classes) = (self.name().to_owned(), self.classes());
            return Err(DataError::ClassNames { name, classes, names: names.len() });
        }
        self.relabelled(self.name(), names.to_vec(), self.labels().to_vec())
    }

    /// The same images with classes made one: each of `groups` is a new class, with its name and the old ones that it
    /// takes in. The pixels are shared, not copied.
    ///
    /// # Errors
    /// If there is no such class, or one is in no group or in two.
    pub fn merged(&self, groups: &[(String, Vec<usize>)]) -> Result<Self, DataError> {
        let number = self.new_numbers(&groups.iter().map(|(_, classes)| classes.as_slice()).collect::<Vec<_>>())?;
        if let Some(class) = number.iter().position(Option::is_none) {
            return Err(DataError::ClassLeftOut { name: self.name().to_owned(), class });
        }
        let labels = self.labels().iter().filter_map(|&old| number[usize::from(old)]).collect();
        self.relabelled(self.name(), groups.iter().map(|(name, _)| name.clone()).collect(), labels)
    }

    /// The number of the group of each old class; none if it is in no group.
    fn new_numbers(&self, groups: &[&[usize]]) -> Result<Vec<Option<u16>>, DataError> {
        let mut number = vec![None; self.classes()];
        for (group, classes) in groups.iter().enumerate() {
            for &class in *classes {
                let name = || self.name().to_owned();
                let last = self.classes() - 1;
                let place =
                    number.get_mut(class).ok_or_else(|| DataError::UnknownClass { name: name(), class, last })?;
                if place.replace(group as u16).is_some() {
                    return Err(DataError::ClassTwice { name: name(), class });
                }
            }
        }
        Ok(number)
    }
}

impl Source {
    /// The same change to the training and to the test images, such as [`Dataset::only_classes`] with a choice.
    ///
    /// # Errors
    /// What `change` says.
    pub fn with_each(&self, change: impl Fn(&Dataset) -> Result<Dataset, DataError>) -> Result<Self, DataError> {
        Ok(Self { train: Arc::new(change(&self.train)?), test: Arc::new(change(&self.test)?), ..self.clone() })
    }
}
