//! Which processor or GPU to learn on.
//!
//! `auto` is a real GPU if wgpu finds one, else the processor; a software adapter is chosen by name only.

use burn::tensor::{Device, DeviceKind, Tensor};
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Something to learn on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// What `--device` takes: `cpu`, `gpu:0`, ...
    pub id: String,
    pub name: String,
    /// `processor`, `discrete GPU`, `integrated GPU`, ...
    pub kind: String,
    /// A processor pretending to be a GPU.
    pub software: bool,
}

/// A device ready for use.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    pub device: Device,
    pub info: DeviceInfo,
    /// Its memory is the processor's own.
    pub on_host: bool,
    /// Why it is not the one that was asked for.
    pub note: Option<String>,
}

struct Adapter {
    info: DeviceInfo,
    kind: DeviceKind,
}

/// All devices, the processor first. Asks the graphics drivers, which can take a moment.
pub fn devices() -> Vec<DeviceInfo> {
    std::iter::once(processor()).chain(adapters().into_iter().map(|adapter| adapter.info)).collect()
}

/// Opens a device by `auto`, `cpu`, `gpu`, `gpu:N`, or a part of its name. When a GPU fails to start, the processor takes
/// its place and the note says why.
///
/// # Errors
/// When nothing answers to the name.
pub fn open_device(name: &str) -> Result<OpenDevice, String> {
    let wanted = name.trim().to_lowercase();
    if wanted == "cpu" {
        return Ok(open_processor(None));
    }
    let adapters = adapters();
    let chosen = match wanted.as_str() {
        "auto" => match adapters.iter().find(|adapter| !adapter.info.software) {
            Some(adapter) => adapter,
            None => return Ok(open_processor(None)),
        },
        "gpu" => adapters
            .iter()
            .find(|adapter| !adapter.info.software)
            .ok_or_else(|| format!("there is no GPU here; {}", what_there_is(&adapters)))?,
        _ => adapters
            .iter()
            .find(|adapter| adapter.info.id == wanted || adapter.info.name.to_lowercase().contains(&wanted))
            .ok_or_else(|| format!("there is no device `{name}`; {}", what_there_is(&adapters)))?,
    };
    Ok(open_adapter(chosen).unwrap_or_else(|reason| {
        open_processor(Some(format!(
            "{} did not start ({reason}), so the run uses the processor. An update of the graphics driver may help.",
            chosen.info.name
        )))
    }))
}

fn processor() -> DeviceInfo {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    DeviceInfo {
        id: "cpu".to_owned(),
        name: format!("processor ({cores} {})", if cores == 1 { "core" } else { "cores" }),
        kind: "processor".to_owned(),
        software: false,
    }
}

fn open_processor(note: Option<String>) -> OpenDevice {
    OpenDevice { device: Device::flex(), info: processor(), on_host: true, note }
}

/// Starts the adapter and does one small sum on it, since a broken driver shows itself only then.
fn open_adapter(adapter: &Adapter) -> Result<OpenDevice, String> {
    let device = Device::wgpu(adapter.kind.clone());
    let probe =
        catch_unwind(AssertUnwindSafe(|| Tensor::<1>::from_floats([1.0, 2.0], &device).sum().into_scalar::<f32>()));
    match probe {
        Ok(sum) if (sum - 3.0).abs() < 1e-6 => {
            Ok(OpenDevice { device, info: adapter.info.clone(), on_host: false, note: None })
        }
        Ok(_) => Err("it cannot add".to_owned()),
        Err(panic) => Err(super::watcher::panic_message(panic.as_ref())),
    }
}

fn what_there_is(adapters: &[Adapter]) -> String {
    let names = adapters.iter().map(|adapter| format!(", `{}` ({})", adapter.info.id, adapter.info.name));
    format!("there is `cpu`{}", names.collect::<String>())
}

/// The adapters of the first graphics API that has any, as burn will count them: each kind from zero on its own.
fn adapters() -> Vec<Adapter> {
    let found = [wgpu::Backends::VULKAN, wgpu::Backends::METAL, wgpu::Backends::DX12]
        .into_iter()
        .map(adapters_on)
        .find(|found| !found.is_empty())
        .unwrap_or_default();
    let mut of_kind = [0usize; 5];
    let mut adapters = Vec::new();
    for (index, info) in found.into_iter().enumerate() {
        let slot = &mut of_kind[kind_slot(info.device_type)];
        let (kind, kind_name) = burn_kind(info.device_type, *slot);
        *slot += 1;
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let info = DeviceInfo { id: format!("gpu:{index}"), name: info.name, kind: kind_name.to_owned(), software };
        adapters.push(Adapter { info, kind });
    }
    adapters
}

/// A driver that panics while it is asked what it is must not take the program with it.
fn adapters_on(backends: wgpu::Backends) -> Vec<wgpu::AdapterInfo> {
    let ask = || {
        let descriptor =
            wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
        let instance = wgpu::Instance::new(descriptor);
        let adapters = pollster::block_on(instance.enumerate_adapters(backends));
        adapters.iter().map(wgpu::Adapter::get_info).collect::<Vec<_>>()
    };
    catch_unwind(ask).unwrap_or_default()
}

fn kind_slot(kind: wgpu::DeviceType) -> usize {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Cpu => 3,
        wgpu::DeviceType::Other => 4,
    }
}

fn burn_kind(kind: wgpu::DeviceType, index: usize) -> (DeviceKind, &'static str) {
    match kind {
        wgpu::DeviceType::DiscreteGpu => (DeviceKind::DiscreteGpu(index), "discrete GPU"),
        wgpu::DeviceType::IntegratedGpu => (DeviceKind::IntegratedGpu(index), "integrated GPU"),
        wgpu::DeviceType::VirtualGpu => (DeviceKind::VirtualGpu(index), "virtual GPU"),
        wgpu::DeviceType::Cpu => (DeviceKind::Cpu, "software adapter"),
        wgpu::DeviceType::Other => (DeviceKind::DefaultDevice, "other adapter"),
    }
}
