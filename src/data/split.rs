//! Choices of a dataset's images: by class, by number, held out.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::random::{Purpose, shuffle, stream};
use super::{Amount, DataError, Dataset, ImageShape};

/// Which classes to keep.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassFilter {
    /// Every class.
    #[default]
    All,
    /// These classes.
    Only(Vec<usize>),
    /// Every class but these.
    Except(Vec<usize>),
}

impl ClassFilter {
    /// Whether images of `class` are kept.
    pub fn keeps(&self, class: usize) -> bool {
        match self {
            Self::All => true,
            Self::Only(classes) => classes.contains(&class),
            Self::Except(classes) => !classes.contains(&class),
        }
    }

    fn mentioned(&self) -> &[usize] {
        match self {
            Self::All => &[],
            Self::Only(classes) | Self::Except(classes) => classes,
        }
    }
}

/// A view: some images of a dataset, by index, in an order. Cheap to clone.
#[derive(Clone)]
pub struct Split {
    /// Where the images are.
    pub dataset: Arc<Dataset>,
    /// Which of them, as positions in the dataset: each must be below its length.
    pub indices: Arc<[u32]>,
}

impl Split {
    /// Every image of `dataset`, in its order.
    pub fn all(dataset: Arc<Dataset>) -> Self {
        let indices = (0..dataset.len() as u32).collect();
        Self { dataset, indices }
    }

    /// The images of `dataset` at `indices`, in that order.
    ///
    /// # Errors
    /// If there is none, or one of them is not in the dataset.
    pub fn new(dataset: Arc<Dataset>, indices: impl Into<Arc<[u32]>>) -> Result<Self, DataError> {
        let indices = indices.into();
        let name = || dataset.name().to_owned();
        if indices.is_empty() {
            return Err(DataError::NothingLeft { name: name(), choice: "images" });
        }
        if let Some(&index) = indices.iter().find(|&&index| index as usize >= dataset.len()) {
            return Err(DataError::UnknownImage { name: name(), index, last: dataset.len() - 1 });
        }
        Ok(Self { dataset, indices })
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no image. No function here makes such a split.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The shape that all the images share.
    pub fn shape(&self) -> ImageShape {
        self.dataset.shape()
    }

    /// The bytes of the `i`th image of the split, `[channels, height, width]`.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`].
    pub fn image(&self, i: usize) -> &[u8] {
        self.dataset.image(self.indices[i] as usize)
    }

    /// The class of the `i`th image of the split: always the dataset's number for it.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`].
    pub fn label(&self, i: usize) -> usize {
        self.dataset.label(self.indices[i] as usize)
    }

    /// How many images each class of the dataset has here; zero for a class that was left out.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.dataset.classes()];
        for i in 0..self.len() {
            counts[self.label(i)] += 1;
        }
        counts
    }

    /// The images of the classes that `filter` keeps, in their order. Labels keep their numbers.
    ///
    /// # Errors
    /// If the filter names a class that the dataset lacks, or no image is left.
    pub fn filter_classes(&self, filter: &ClassFilter) -> Result<Self, DataError> {
        let (name, classes) = (|| self.dataset.name().to_owned(), self.dataset.classes());
        if let Some(&class) = filter.mentioned().iter().find(|&&class| class >= classes) {
            return Err(DataError::UnknownClass { name: name(), class, last: classes - 1 });
        }
        let kept = self.chosen(|i| filter.keeps(self.label(i)));
        if kept.is_empty() {
            return Err(DataError::NothingLeft { name: name(), choice: "classes" });
        }
        Ok(kept)
    }

    /// So many of the images, each class in proportion, in their order.
    ///
    /// Exactly the amount comes out: each class gets its share rounded down, and those with the largest remainders one
    /// more. So a class whose share is far below one image can be left out. The choice depends only on the split, the
    /// amount and `seed`; with one seed a class's images of a smaller amount are among those of a larger one.
    ///
    /// # Errors
    /// If there are not so many images.
    pub fn stratified(&self, amount: Amount, seed: u64) -> Result<Self, DataError> {
        let take = amount.of(self.len())?;
        if take == self.len() {
            return Ok(self.clone());
        }
        let taken = self.draw(take, seed, Purpose::Subset);
        Ok(self.chosen(|i| taken[i]))
    }

    /// Two parts that share no image and together are the whole: `(rest, held_out)`, where `held_out` is `amount` of the
    /// images, each class in proportion. Both keep the order.
    ///
    /// # Errors
    /// If there are not so many images, or none would be left for the rest.
    pub fn hold_out(&self, amount: Amount, seed: u64) -> Result<(Self, Self), DataError> {
        let take = amount.of(self.len())?;
        if take == self.len() {
            return Err(DataError::AllHeldOut { name: self.dataset.name().to_owned(), images: take });
        }
        let held_out = self.draw(take, seed, Purpose::HoldOut);
        Ok((self.chosen(|i| !held_out[i]), self.chosen(|i| held_out[i])))
    }

    /// A dataset of its own, with only these images.
    ///
    /// # Errors
    /// If the split is empty.
    pub fn to_dataset(&self, name: impl Into<String>) -> Result<Dataset, DataError> {
        let mut pixels = Vec::with_capacity(self.len() * self.shape().pixels());
        for i in 0..self.len() {
            pixels.extend_from_slice(self.image(i));
        }
        let labels = (0..self.len()).map(|i| self.label(i) as u16).collect();
        let files = self.dataset.files().map(|files| self.indices.iter().map(|&i| files[i as usize].clone()).collect());
        let dataset = Dataset::new(name, self.dataset.class_names().to_vec(), self.shape(), pixels, labels)?;
        Ok(dataset.with_files(files))
    }

    /// The images whose position in the split satisfies `keep`, in their order.
    fn chosen(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = (0..self.len()).filter(|&i| keep(i)).map(|i| self.indices[i]);
        Self { dataset: Arc::clone(&self.dataset), indices: kept.collect() }
    }

    /// Draws `take` images, each class in proportion; says of each image of the split whether it was drawn.
    fn draw(&self, take: usize, seed: u64, purpose: Purpose) -> Vec<bool> {
        let mut by_class = vec![Vec::new(); self.dataset.classes()];
        for i in 0..self.len() {
            by_class[self.label(i)].push(i);
        }
        let shares = shares(&by_class.iter().map(Vec::len).collect::<Vec<_>>(), take);
        let mut drawn = vec![false; self.len()];
        for (class, members) in by_class.iter_mut().enumerate() {
            shuffle(members, &mut stream(seed, purpose, class, 0));
            for &i in &members[..shares[class]] {
                drawn[i] = true;
            }
        }
        drawn
    }
}

/// Without the list of indices, which can be long.
impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("dataset", &self.dataset).field("images", &self.len()).finish_non_exhaustive()
    }
}

/// `take` shared among classes of these sizes in proportion, by largest remainders; ties go to the lower class.
///
/// `take` is at most the sum of `sizes`, which makes each share at most its class.
fn shares(sizes: &[usize], take: usize) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>() as u64;
    // A split has fewer than 2^32 images, so the product of two counts fits.
    let scaled = |size: usize| size as u64 * take as u64;
    let mut shares: Vec<usize> = sizes.iter().map(|&size| (scaled(size) / total) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| Reverse(scaled(sizes[class]) % total));
    let missing = take - shares.iter().sum::<usize>();
    for &class in &by_remainder[..missing] {
        shares[class] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_go_to_the_largest_remainders() {
        // 10 of 7 + 2 + 1 doubled is exact; 5 of (6, 3, 2) is 2.73, 1.36, 0.91.
        assert_eq!(shares(&[14, 4, 2], 10), [7, 2, 1]);
        assert_eq!(shares(&[6, 3, 2], 5), [3, 1, 1]);
        assert_eq!(shares(&[2, 2, 2], 4), [2, 1, 1], "ties go to the lower class");
        assert_eq!(shares(&[5, 0, 5], 3), [2, 0, 1], "an empty class gets nothing");
        assert_eq!(shares(&[5, 1], 6), [5, 1]);
    }
}
