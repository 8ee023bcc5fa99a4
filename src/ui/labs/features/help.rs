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
            "The chosen unit while its network learned: at each kept state of the run its strongest image is found anew, \
             and its part of it is shown above what it is carried back to. A sudden jump is where another image became the \
             strongest. Low layers settle within a few passes over the data, high layers late. States are kept at the start, \
             after the epochs of the setting monitor.states_at, and at the end; a run's folder has them, too.",
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
        Pane::Filters => (
            "The weights that lead into each unit of the first layer, as pictures, each beside its spatial spectrum (the middle \
             is frequency zero; further out are finer patterns). Filters that do next to nothing and those like another are \
             marked. Zeiler and Fergus saw that the first layer of 11x11 filters at stride 4 had very low and very high \
             frequencies, few between them, and filters that were dead: 7x7 filters at stride 2 had fewer of either fault. To \
             keep a few filters from dominating, they scaled those back whose RMS grew beyond 0.1: the setting Filter RMS in \
             the lab Train (optimiser.filter_rms), which can be changed here while a run is looked into.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, sections 3 and 4.1, figure 6",
        ),
        Pane::Surgery => (
            "What the trained network loses when units are silenced, held at a value or made stronger, or layers silenced or \
             left out, with nothing retrained: the accuracy over up to 2,000 test images, by class and as a confusion matrix, \
             and the selected picture. Where the classes of the images are not known, those that the untouched network takes \
             them for count as right. Below, every unit of the layer is silenced in turn: the table says what each is worth. \
             In the paper the networks without a layer were trained anew.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 5.1, table 3",
        ),
        Pane::Correspondence => (
            "Does a layer know that the eye of one dog is what the eye of another dog is? Drag over the same part on three images \
             or more. Then it is hidden on each, and the signs of what changes in each layer are compared between the images: \
             where they differ in fewer places than when random parts are hidden, the layer relates the part. The permutation \
             test says how often random parts would agree as well (p). In the paper eyes and noses of dogs differ in 0.067 to 0.079 of the signs of \
             layer 5, random parts in 0.107; in layer 7 in 0.069 and 0.073.",
            "Zeiler, Fergus 2013, arXiv 1311.2901, section 4.3, table 1",
        ),
    };
    HelpText { title: pane.title(), text, source }
}
