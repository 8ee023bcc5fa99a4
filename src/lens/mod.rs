//! What a network has learned: pure functions of a network and images, or of the logits that it gave them, one method a
//! file. Imports `data` and `nets`.

mod activations;
mod agreement;
mod class_bias;
mod class_similarity;
mod deconvolution;
mod grad_cam;
mod gradient_input;
mod integrated_gradients;
mod maximisation;
mod soft_targets;
mod specialists;
mod target;

pub use activations::{View, view};
pub use agreement::{Agreement, Ranked, agreement, hardest, largest_disagreements};
pub use class_bias::{ClassShifts, CommonShift, ShiftErrors, best_class_shifts, errors_with_shifts};
pub use class_similarity::{Dendrogram, Merge, class_similarity, class_tree};
pub use deconvolution::{Reconstruction, reconstruct, strongest_unit};
pub use grad_cam::{ClassMap, grad_cam};
pub use gradient_input::gradient_times_input;
pub use integrated_gradients::{Attribution, IntegratedGradients};
pub use maximisation::{Maximisation, MaximisationSettings};
pub use soft_targets::{
    MeanSoftTargets, divergence, divergences, effective_classes, entropies, entropy, entropy_curve, mean_soft_targets,
};
pub use specialists::{
    Clusters, Combined, Comparison, Consultation, CoveringRow, CoveringTable, Opinion, Voice, active_specialists,
    cluster_classes, combine_opinions, consult, covariance, covering_table, dustbin_correction, likeliest,
    opinions_gradient, opinions_objective, specialist_probabilities,
};
pub use target::{Place, Target, TargetError};
