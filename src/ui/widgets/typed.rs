//! Settings that are typed as text, and what is being typed.

use egui::{Response, TextEdit, Ui};
use std::collections::HashMap;

/// Texts that are not finished yet, by setting.
#[derive(Default)]
pub struct Drafts(HashMap<&'static str, String>);

impl Drafts {
    /// A text field over `current`. The second value is the finished text, once: on Enter, or when the field is left.
    pub fn field(
        &mut self,
        ui: &mut Ui,
        key: &'static str,
        current: &str,
        hint: &str,
        width: f32,
    ) -> (Response, Option<String>) {
        let mut text = self.0.get(key).cloned().unwrap_or_else(|| current.to_owned());
        let edit = TextEdit::singleline(&mut text).hint_text(hint).desired_width(width).clip_text(true);
        let response = ui.add(edit);
        if response.changed() {
            self.0.insert(key, text);
        }
        let finished = if response.lost_focus() { self.0.remove(key) } else { None };
        let finished = finished.map(|text| text.trim().to_owned()).filter(|text| text != current);
        (response, finished)
    }
}
