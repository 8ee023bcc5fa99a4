//! Moments of a training at which something is done.

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

const NONE: &str = "none";
const MOST: usize = 100;

/// Epochs, or parts of them, in rising order. In TOML a list of numbers; as a text `0.1, 0.3, 1`, or `none`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Moments(Vec<f64>);

impl Moments {
    pub fn epochs(&self) -> &[f64] {
        &self.0
    }

    /// # Errors
    /// Says what they must be.
    pub fn check(&self) -> Result<(), String> {
        let is_sound = |epoch: &f64| epoch.is_finite() && *epoch > 0.0;
        if self.0.len() > MOST || !self.0.iter().all(is_sound) || !self.0.is_sorted_by(|a, b| a < b) {
            return Err(format!(
                "epochs must be above 0 and in rising order, as in `0.1, 1, 10`, at most {MOST} of them, or `{NONE}`"
            ));
        }
        Ok(())
    }
}

/// Those from 1 on are those of Zeiler and Fergus 2013, figure 4; small networks learn most of what they learn within the
/// first epoch.
impl Default for Moments {
    fn default() -> Self {
        Self(vec![0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 64.0])
    }
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(NONE);
        }
        let epochs: Vec<String> = self.0.iter().map(f64::to_string).collect();
        f.write_str(&epochs.join(", "))
    }
}

impl FromStr for Moments {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == NONE {
            return Ok(Self(Vec::new()));
        }
        let epochs = text.split([',', ' ']).filter(|epoch| !epoch.is_empty());
        let number = |epoch: &str| epoch.parse().map_err(|_| format!("`{epoch}` is no number of epochs"));
        epochs.map(number).collect::<Result<_, _>>().map(Self)
    }
}

impl<'de> Deserialize<'de> for Moments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentsVisitor)
    }
}

struct MomentsVisitor;

impl<'de> Visitor<'de> for MomentsVisitor {
    type Value = Moments;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epochs such as [0.1, 1, 10], or \"{NONE}\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Moments, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, epoch: i64) -> Result<Moments, E> {
        self.visit_f64(epoch as f64)
    }

    fn visit_u64<E: de::Error>(self, epoch: u64) -> Result<Moments, E> {
        self.visit_f64(epoch as f64)
    }

    fn visit_f64<E: de::Error>(self, epoch: f64) -> Result<Moments, E> {
        Ok(Moments(vec![epoch]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Moments, A::Error> {
        let mut epochs = Vec::new();
        while let Some(epoch) = list.next_element()? {
            epochs.push(epoch);
        }
        Ok(Moments(epochs))
    }
}

#[cfg(test)]
mod tests {
    use crate::experiments::{Config, TrainConfig};

    #[test]
    fn moments_are_set_as_a_list_one_number_or_a_text() {
        let config = TrainConfig::default();
        let with = |value: &str| config.with("monitor.states_at", value);
        for (value, expected) in [
            ("[1, 2.5]", "1, 2.5"),
            ("3", "3"),
            ("0.5", "0.5"),
            ("0.1, 1, 10", "0.1, 1, 10"),
            ("none", "none"),
            ("[]", "none"),
        ] {
            let changed = with(value).unwrap();
            assert_eq!(changed.monitor.states_at.to_string(), expected, "{value}");
            assert_eq!(TrainConfig::from_toml(&changed.to_toml(), "itself").unwrap(), changed, "{value}");
        }
        for wrong in ["2, 1", "0", "-1", "[nan]", "soon", "1, soon", "true"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }
}
