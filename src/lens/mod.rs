//! What a network has learned: pure functions of a network and images, or of the logits that it gave them, one method a
//! file. Imports `data` and `nets`.

mod activations;
mod agreement;
mod class_bias;
mod class_similarity;
mod correspondence;
mod deconvolution;
mod explanation;
mod filters;
mod grad_cam;
mod gradient_input;
mod hidden_energy;
mod integrated_gradients;
mod invariance;
mod maximisation;
mod occlusion;
mod question;
mod region;
mod silencing;
mod soft_targets;
mod specialists;
mod strongest;
mod sweep;
mod target;
mod top_activations;

pub use activations::{View, view};
pub use agreement::{Agreement, Ranked, agreement, hardest, largest_disagreements};
pub use class_bias::{ClassShifts, CommonShift, ShiftErrors, best_class_shifts, errors_with_shifts};
pub use class_similarity::{Dendrogram, Merge, class_similarity, class_tree};
pub use correspondence::{Correspondence, CorrespondenceSettings, LayerCorrespondence, MarkedImage, correspondence};
pub use deconvolution::{Reconstruction, reconstruct, strongest_unit};
pub use explanation::{EXPLAINED_CHANNELS, Explanation, ReverseStep, SignalChannel, TransposedFilter, explain};
pub use filters::{DEAD_SHARE, DUPLICATE_COSINE, Duplicate, Filter, Filters, first_filters};
pub use grad_cam::{ClassMap, grad_cam};
pub use gradient_input::gradient_times_input;
pub use hidden_energy::{HiddenEnergy, HiddenEnergySettings, MapActivity, hidden_energy};
pub use integrated_gradients::{Attribution, IntegratedGradients};
pub use invariance::{Invariance, InvarianceCurves, InvarianceSettings, LayerCurve, Transformation, invariance};
pub use maximisation::{Maximisation, MaximisationSettings};
pub use occlusion::{Occluded, Occlusion, OcclusionMap, OcclusionSettings, occlude};
pub use question::QuestionError;
pub use region::{Fields, Fill, Patch, Region};
pub use silencing::{CachedActivations, Change, Surgery, SurgeryOutcome, logits_after, resume_cuts};
pub use soft_targets::{
    MeanSoftTargets, divergence, divergences, effective_classes, entropies, entropy, entropy_curve, mean_soft_targets,
};
pub use specialists::{
    Clusters, Combined, Comparison, Consultation, CoveringRow, CoveringTable, Opinion, Voice, active_specialists,
    cluster_classes, combine_opinions, consult, covariance, covering_table, dustbin_correction, likeliest,
    opinions_gradient, opinions_objective, specialist_probabilities,
};
pub use strongest::StrongestImages;
pub use sweep::{SilencingSweep, UnitCost};
pub use target::{Place, Target, TargetError};
pub use top_activations::{Examples, TopActivations, TopEntry, UnitSheet, UnitStatistics, sheet_change, unit_cuts};
