//! What a forward pass went through.

use super::cut::Cut;
use super::layers::Record;
use burn::tensor::{Int, Tensor};

/// Everything a forward pass went through, from one cut up to another.
pub struct Trace {
    first_cut: usize,
    /// One for each cut, the first included.
    activations: Vec<Tensor<4>>,
    records: Vec<Record>,
    /// Where the trace ends inside a block: what went on below that in the block, whose input is its cut 0.
    tail: Option<Box<Trace>>,
}

impl Trace {
    pub(super) fn begin(first_cut: usize, activations: Tensor<4>) -> Self {
        Self { first_cut, activations: vec![activations], records: Vec::new(), tail: None }
    }

    pub(super) fn push(&mut self, output: Tensor<4>, record: Record) {
        self.activations.push(output);
        self.records.push(record);
    }

    pub(super) fn with_tail(self, tail: Self) -> Self {
        Self { tail: Some(Box::new(tail)), ..self }
    }

    pub(super) fn tail(&self) -> Option<&Self> {
        self.tail.as_deref()
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// What went on inside layer `layer`, where that is a block: its cut 0 is the block's input.
    pub fn inner(&self, layer: usize) -> Option<&Self> {
        match self.record(layer) {
            Record::Inner(trace) => Some(trace),
            _ => None,
        }
    }

    /// `[batch, channels, height, width]` at a cut that is not inside a block.
    pub fn activation(&self, cut: usize) -> &Tensor<4> {
        &self.activations[cut - self.first_cut]
    }

    /// `[batch, channels, height, width]` at any cut that the trace went through.
    pub fn at(&self, cut: Cut) -> &Tensor<4> {
        if cut.inner == 0 {
            return self.activation(cut.layers);
        }
        let tail = self.tail().filter(|_| cut.layers == self.last_cut());
        let inside = tail.or_else(|| self.inner(cut.layers));
        inside.expect("only a block can be cut inside").activation(cut.inner)
    }

    /// `[batch, channels, height, width]` where the trace ends.
    pub fn output(&self) -> &Tensor<4> {
        let whole = || self.activations.last().expect("a trace holds at least the cut it starts from");
        self.tail().map_or_else(whole, Self::output)
    }

    /// What layer `layer` recorded.
    pub fn record(&self, layer: usize) -> &Record {
        &self.records[layer - self.first_cut]
    }

    pub fn first_cut(&self) -> usize {
        self.first_cut
    }

    /// The last cut that is not inside a block.
    pub fn last_cut(&self) -> usize {
        self.first_cut + self.records.len()
    }

    /// Where the trace ends.
    pub fn end(&self) -> Cut {
        Cut { layers: self.last_cut(), inner: self.tail().map_or(0, Self::last_cut) }
    }

    /// The same pass for chosen images of the batch, each as often as it is named: one image can then be gone back
    /// through from many units at once.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let batch = self.activations[0].dims()[0];
        if rows.iter().copied().eq(0..batch) {
            return self.choose(&|x| x.clone(), &|x| x.clone());
        }
        let indices: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
        let indices = Tensor::<1, Int>::from_data(&*indices, &self.activations[0].device());
        self.choose(
            &|x| {
                let [batch, channels, height, width] = x.dims();
                let flat: Tensor<2> = x.clone().reshape([batch, channels * height * width]);
                flat.select(0, indices.clone()).reshape([rows.len(), channels, height, width])
            },
            &|x| {
                let [batch, channels, height, width] = x.dims();
                let flat: Tensor<2, Int> = x.clone().reshape([batch, channels * height * width]);
                flat.select(0, indices.clone()).reshape([rows.len(), channels, height, width])
            },
        )
    }

    pub(super) fn choose(&self, floats: &Choice<Tensor<4>>, whole: &Choice<Tensor<4, Int>>) -> Self {
        Self {
            first_cut: self.first_cut,
            activations: self.activations.iter().map(floats).collect(),
            records: self.records.iter().map(|record| record.choose(floats, whole)).collect(),
            tail: self.tail().map(|tail| Box::new(tail.choose(floats, whole))),
        }
    }
}

/// How the images of one tensor are chosen.
pub(super) type Choice<'a, T> = dyn Fn(&T) -> T + 'a;
