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
        Pane::Units => (
            "All units of the chosen layer: their maps for the selected picture, what each is carried back to, or the parts of \
             the nine images that activate it most, cut to its receptive field. A unit that is active on none of the images is \
             marked dead. Point at one for its top nine, click it to look at it alone, and Shift and click to put a second one beside it; arrows move on; u and o take the layer below and above.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, figure 2",
        ),
        Pane::Unit => (
            "Where the selected picture activates the unit most (framed: its receptive field), its map, and what is carried back \
             to the pixels by the backward rule: deconvnet, guided backpropagation or the gradient (b takes the next). Grey is \
             zero; each picture is scaled by its largest magnitude. Below, the nine images that activate it most, each over what \
             it is carried back to. Step by step shows how: the signal after each layer on the way down, the switches of \
             max pooling as dots, what rectification removed in teal, and the transposed filters ([ and ] step).",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 2.1",
        ),
        Pane::Evolution => (
            "The chosen unit while its network learned: at each kept state of the run in hand its strongest image is found anew, \
             and its part of it is shown above what it is carried back to. A sudden jump is where another image became the \
             strongest. Low layers settle within a few passes over the data, high layers late. States are kept at the start, \
             after 0.1, 0.3, 1, 2, 5, 10, 20, 30, 40 and 64 epochs, and at the end.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 4, figure 4",
        ),
        Pane::Occlusion => (
            "A square slides over the picture and hides a part of it: the activity of the map that is strongest on the whole \
             picture, the probability of the class, and the most probable class, by where the square stands. Where the \
             probability falls, there is what the network looks at. Point at the picture to move the square.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 4.2, figure 7",
        ),
        Pane::Invariance => (
            "The selected picture shifted up and down, scaled, or turned: how far the features of the lowest nonlinearity, of the \
             chosen layer and of the highest layer below the classes go from those of the untransformed picture, in units of \
             their norm, and the probability of the class. Drag the line. Low layers change at once, high layers are steadier.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 4.1, figure 5",
        ),
    };
    HelpText { title: pane.title(), text, source }
}
