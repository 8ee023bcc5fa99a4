//! What others call the parameters of a network.

use crate::nets::layers::LayerKind;
use crate::nets::network::{Network, Parameter};
use serde::Serialize;

/// Whose names a file uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// The names of the layers: `conv1.weight`.
    Own,
    /// torchvision's AlexNet and VGG, and any model made like them: two sequences whose layers are counted,
    /// `features.0.weight` up to the flattening and `classifier.1.weight` from there on.
    Torchvision,
    /// The PyTorch package `efficientnet_lite_pytorch` (and `efficientnet_pytorch`): `_blocks.0._depthwise_conv.weight`.
    EfficientNet,
}

impl Naming {
    const ALL: [Self; 3] = [Self::Own, Self::Torchvision, Self::EfficientNet];

    /// The naming by which most of a network's parameters are there.
    pub(super) fn of(network: &Network, is_there: impl Fn(&str) -> bool) -> Self {
        let matched = |naming: Self| {
            network.parameters().iter().filter(|parameter| is_there(&naming.name(network, parameter))).count()
        };
        // The first of equals: its own names are what a message should ask for.
        Self::ALL.into_iter().rev().max_by_key(|&naming| matched(naming)).unwrap_or(Self::Own)
    }

    /// What a parameter of a network is called.
    pub fn name(self, network: &Network, parameter: &Parameter) -> String {
        match self {
            Self::Own => Some(parameter.name.clone()),
            Self::Torchvision => torchvision(network, parameter),
            Self::EfficientNet => efficientnet(&parameter.name),
        }
        .unwrap_or_else(|| parameter.name.clone())
    }
}

/// Takes off what PyTorch's wrappers put before every name; one may lie in the other, either way.
pub(super) fn strip_wrappers(name: &mut String) {
    while let Some(rest) = name.strip_prefix("module.").or_else(|| name.strip_prefix("_orig_mod.")) {
        *name = rest.to_owned();
    }
}

fn torchvision(network: &Network, parameter: &Parameter) -> Option<String> {
    let layers = &network.architecture().layers;
    let flatten = layers.iter().position(|layer| matches!(layer.kind, LayerKind::Flatten(_)))?;
    let own = parameter.name.strip_prefix(&layers.get(parameter.layer)?.name)?;
    Some(match parameter.layer.checked_sub(flatten + 1) {
        None => format!("features.{}{own}", parameter.layer),
        Some(place) => format!("classifier.{place}{own}"),
    })
}

/// `block2.expand_norm.weight` is `_blocks.1._bn0.weight`.
fn efficientnet(name: &str) -> Option<String> {
    let (layer, rest) = name.split_once('.')?;
    if let Some(number) = layer.strip_prefix("block") {
        let block = number.parse::<usize>().ok()?.checked_sub(1)?;
        let (inner, kind) = rest.split_once('.')?;
        let inner = match inner {
            "expand" => "_expand_conv",
            "expand_norm" => "_bn0",
            "depthwise" => "_depthwise_conv",
            "depthwise_norm" => "_bn1",
            "project" => "_project_conv",
            "project_norm" => "_bn2",
            _ => return None,
        };
        return Some(format!("_blocks.{block}.{inner}.{kind}"));
    }
    let layer = match layer {
        "conv_stem" => "_conv_stem",
        "norm_stem" => "_bn0",
        "conv_head" => "_conv_head",
        "norm_head" => "_bn1",
        "fc" => "_fc",
        _ => return None,
    };
    Some(format!("{layer}.{rest}"))
}
