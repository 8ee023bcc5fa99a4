//! The window; the only place that knows egui. `app` is the shell, `labs` one folder a lab, `widgets` what labs share,
//! `curves` the plots, `export` what is saved of them, `theme` all colours and sizes. Imports `engine` and below.

pub mod app;
pub mod curves;
pub mod export;
pub mod labs;
pub mod theme;
pub mod widgets;

pub use app::App;
pub use labs::features::contact_sheet;
pub use labs::train::{RunCurves, RunFigure, figures};

use crate::experiments::TrainConfig;
use std::path::PathBuf;

const TITLE: &str = "Glassbox";
/// Names the folder that keeps the window's state between starts.
const APP_ID: &str = "glassbox";
const DEFAULT_SIZE: [f32; 2] = [1280.0, 800.0];
const SMALLEST_SIZE: [f32; 2] = [900.0, 600.0];

/// What the command line decides about the window.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// `auto`, or a device as `glassbox devices` names it.
    pub device: String,
    /// Where each run keeps a run folder; without it nothing is written.
    pub folder: Option<PathBuf>,
    /// Run folders to open, or zips of them.
    pub open: Vec<PathBuf>,
    /// Settings to begin with. The defaults give way to what the last start left.
    pub config: TrainConfig,
    /// Show the debug overlay.
    pub debug: bool,
    /// Remember window, layout and settings between starts.
    pub persist: bool,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self {
            device: "auto".to_owned(),
            folder: None,
            open: Vec::new(),
            config: TrainConfig::default(),
            debug: false,
            persist: true,
        }
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display, or nothing to draw with.
pub fn run(options: WindowOptions) -> anyhow::Result<()> {
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(TITLE)
            .with_app_id(APP_ID)
            .with_inner_size(DEFAULT_SIZE)
            .with_min_inner_size(SMALLEST_SIZE),
        renderer: eframe::Renderer::Wgpu,
        persist_window: options.persist,
        system_font_fallback: false,
        ..Default::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| Ok(Box::new(App::new(cc, options))));
    eframe::run_native(APP_ID, native, create).map_err(|error| {
        anyhow::anyhow!("{error}").context(
            "the window could not be opened (is there a display, and a graphics driver?); \
             `glassbox train` runs the same experiments without a window",
        )
    })
}
