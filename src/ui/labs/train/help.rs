//! What each pane shows, how to read it, what can be done in it, and where to read more.

use super::Pane;
use crate::ui::app::HelpText;
use crate::ui::labs::frame::LabPane;

pub(super) fn of(pane: Pane) -> HelpText {
    let (text, source) = match pane {
        Pane::Experiment => (
            "The settings of the next run. A setting that may change while a run goes on is passed on at once and \
             drawn as a marker on the curves; the others wait for a reset and are marked until then. Undo takes \
             back one change at a time.",
            "",
        ),
        Pane::Architecture => (
            "The layers of the next run's network from the input up, with the shape of what each hands on. Change \
             a layer and see at once whether the shapes fit and what it costs in parameters and multiply-adds.",
            "",
        ),
        Pane::Data => (
            "What the network learns from, opened without training: all images, how many of each class, the mean image, the \
             channels, and damaged files. Look here first: mislabelled or uneven data explains more than any curve.",
            "",
        ),
        Pane::Loss => (
            "Cross-entropy, in nats: the mean of -log p of the true class. Faint is each batch, strong the \
             debiased exponential average; dashed is validation. A run that knows nothing of ten classes stands \
             at ln 10 = 2.30. When validation rises while training falls, the network overfits.",
            "Smoothing: Kingma, Ba 2015, arXiv 1412.6980, section 3",
        ),
        Pane::Accuracy => (
            "The share of images whose most probable class is the true one. Compare training with validation: the \
             distance between the two is what was learned by heart.",
            "",
        ),
        Pane::Quantity => (
            "Any other figure that is measured, by run: errors, learning rate, throughput, gradient norm. Choose it above \
             the plot. A sudden rise of the gradient norm comes before most divergences.",
            "Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063",
        ),
        Pane::LayerCurves => (
            "One figure of every layer over time: norm of the gradient, size of the update against the weights, \
             share of dead units. A healthy update is about a thousandth of the weights in each step; a gradient \
             that shrinks from layer to layer on the way down vanishes.",
            "Glorot, Bengio 2010 (AISTATS)",
        ),
        Pane::Histograms => (
            "How the values of a layer (weights, gradients, activations) are spread, one histogram every few steps, as a heat map \
             over time or as ridges, the latest in front. A spike at zero is dead units; a spread that grows comes before an overflow.",
            "",
        ),
        Pane::Samples => (
            "Test images with what the network makes of them now: a bar a class, the true class marked below. \
             Click one to look inside the network; arrows move on. Watch which digits are decided first and which \
             keep changing.",
            "",
        ),
        Pane::Mistakes => (
            "Images that the network takes for another class, the most confident mistakes first. Click one to see \
             its activations. A cell of the confusion matrix, a class or a bin of the calibration \
             diagram shows its images here. Many are wrong for a reason that a person can see.",
            "LeCun, Bottou, Bengio, Haffner 1998, figure 8",
        ),
        Pane::Drawing => (
            "Draw with the pointer: what is drawn is scaled and centred as MNIST was, and classified stroke by stroke. \
             Draw thick or thin, upright or slanted, and see what the network minds and what it does not.",
            "LeCun, Bottou, Bengio, Haffner 1998, section III",
        ),
        Pane::Layers => (
            "Every layer: its kind, the shape of its output, parameters, cost, receptive field and health. Click \
             one, and the inspector and the plots by layer follow.",
            "",
        ),
        Pane::Results => (
            "Errors by class. In the table of confusions a row is the true class, a column what it was taken for: \
             what lies beside the diagonal is wrong. The test images are looked at once, after the last epoch.",
            "",
        ),
        Pane::Calibration => (
            "Confidence against accuracy: of all images about which the network is 80% sure, 80% should be right. \
             Below the diagonal it is too sure of itself, as deep networks mostly are.",
            "Guo, Pleiss, Sun, Weinberger 2017, arXiv 1706.04599",
        ),
        Pane::Runs => (
            "Every run since the window was opened, the latest on top. The eye shows or hides its curves, a name \
             selects it, the bin takes it out of the list.",
            "",
        ),
        Pane::Differences => {
            ("The settings in which the runs differ, side by side; those in which all agree are left out.", "")
        }
        Pane::Values => {
            ("Every curve's value at the crosshair of the plots, a row a run. Move over any plot to read it.", "")
        }
        Pane::RateFinder => (
            "The loss while the learning rate grows from step to step. A good rate lies where the loss falls \
             fastest, well before it rises again.",
            "Smith 2017, arXiv 1506.01186, section 3.3",
        ),
        Pane::Hints => (
            "Signs of trouble in the run in hand, each with the evidence for it and what people do about it. No \
             hint is a verdict: look at the curve that it names.",
            "",
        ),
    };
    HelpText { title: pane.title(), text, source }
}
