//! Glassbox: a laboratory for looking inside neural networks while they learn.
//!
//! Imports go down only: `data`, `nets` <- `train`, `lens` <- `experiments` <- `engine` <- `cli`, `ui`. `ARCHITECTURE.md`
//! has the flow of data and says where to add a layer, a dataset or a lab.

pub mod cli;
pub mod data;
pub mod engine;
pub mod experiments;
pub mod lens;
pub mod nets;
pub mod train;
pub mod ui;
