//! What each pane shows, how to read it, what can be done in it, and where to read more.

use super::Pane;
use crate::ui::app::HelpText;
use crate::ui::labs::frame::LabPane;

pub(super) fn of(pane: Pane) -> HelpText {
    let (text, source) = match pane {
        Pane::Network => (
            "The network that this lab looks into: one that comes trained, a file of Glassbox's, any architecture with \
             weights from safetensors or PyTorch, or the run in hand as it stands. Below, its layers: output, parameters and \
             receptive field.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 2",
        ),
        Pane::Pictures => (
            "Each picture as the network sees it, cut to its centre, with the most probable classes. Drop image files on the \
             window, paste one, or type the path of an image, a folder or an archive. Click a picture to look at it in \
             the other panes; arrows move on.",
            "Tan, Le 2019, arXiv 1905.11946 (EfficientNet, of which the Lite variant is inside)",
        ),
    };
    HelpText { title: pane.title(), text, source }
}
