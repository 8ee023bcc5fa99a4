//! How much dropout a run has.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const AS_BUILT: &str = "architecture";

/// The rate of every dropout layer. In TOML: `"architecture"`, or a number in 0 to 1 (1 excluded).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DropoutRate {
    /// Each layer has its own, as the architecture says.
    #[default]
    AsBuilt,
    /// The same in all of them.
    All(f64),
}

impl DropoutRate {
    /// What the layers' own rates give way to.
    pub fn in_place(self) -> Option<f64> {
        match self {
            Self::AsBuilt => None,
            Self::All(rate) => Some(rate),
        }
    }

    /// # Errors
    /// When the rate is none.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::All(rate) if !(0.0..1.0).contains(&rate) => {
                Err(format!("dropout is {rate}, but must be `{AS_BUILT}`, or a number in 0 to 1 (1 excluded)"))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for DropoutRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsBuilt => f.write_str(AS_BUILT),
            Self::All(rate) => write!(f, "{rate}"),
        }
    }
}

impl FromStr for DropoutRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == AS_BUILT {
            return Ok(Self::AsBuilt);
        }
        text.parse().map(Self::All).map_err(|_| format!("`{text}` is neither `{AS_BUILT}` nor a number"))
    }
}

impl Serialize for DropoutRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::AsBuilt => serializer.serialize_str(AS_BUILT),
            Self::All(rate) => serializer.serialize_f64(rate),
        }
    }
}

impl<'de> Deserialize<'de> for DropoutRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl Visitor<'_> for RateVisitor {
    type Value = DropoutRate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{AS_BUILT}\", or a number such as 0.5")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DropoutRate, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, rate: u64) -> Result<DropoutRate, E> {
        Ok(DropoutRate::All(rate as f64))
    }

    fn visit_i64<E: de::Error>(self, rate: i64) -> Result<DropoutRate, E> {
        Ok(DropoutRate::All(rate as f64))
    }

    fn visit_f64<E: de::Error>(self, rate: f64) -> Result<DropoutRate, E> {
        Ok(DropoutRate::All(rate))
    }
}
