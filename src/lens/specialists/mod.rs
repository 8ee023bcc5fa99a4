//! Specialists. Hinton, Vinyals and Dean 2015, section 5: a generalist knows all the classes; each specialist knows a
//! few that are easily taken for each other, and calls the rest its dustbin.
//!
//! A specialist's probabilities are one for each of its classes, in their order, and the dustbin's last: `[k + 1]`.

mod clusters;
mod consultation;
mod covering;
mod dustbin;
mod inference;

pub use clusters::{Clusters, cluster_classes, covariance};
pub use consultation::{Consultation, Voice, consult, likeliest};
pub use covering::{Comparison, CoveringRow, CoveringTable, covering_table};
pub use dustbin::{dustbin_correction, specialist_probabilities};
pub use inference::{Combined, Opinion, active_specialists, combine_opinions, opinions_gradient, opinions_objective};
