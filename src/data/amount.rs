//! How many images: all, so many, or such a part.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DataError;

/// How many of the images to take.
///
/// In TOML: `"all"`, a count (`1800`) or a fraction in (0, 1] (`0.03`). As text also a percentage: `3%`.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Amount {
    /// Every image.
    #[default]
    All,
    /// Exactly so many. None at all can be said, and means something to whoever holds images out; it cannot be taken.
    Count(usize),
    /// Such a part, in (0, 1], rounded to the nearest whole image but never to none.
    Fraction(f64),
}

impl Amount {
    /// How many of `available` images this is, at least one.
    ///
    /// # Errors
    /// If it is more than there are, a count of zero, or a fraction outside (0, 1].
    pub fn of(self, available: usize) -> Result<usize, DataError> {
        let asked = match self.checked()? {
            Self::All => available,
            Self::Count(count) => count,
            Self::Fraction(fraction) => ((fraction * available as f64).round() as usize).max(1),
        };
        if asked == 0 {
            return Err(DataError::BadAmount { text: self.to_string() });
        }
        if asked > available {
            return Err(DataError::TooManyAsked { asked, available });
        }
        Ok(asked)
    }

    fn checked(self) -> Result<Self, DataError> {
        let sound = match self {
            Self::All | Self::Count(_) => true,
            Self::Fraction(fraction) => fraction > 0.0 && fraction <= 1.0,
        };
        if sound { Ok(self) } else { Err(DataError::BadAmount { text: self.to_string() }) }
    }
}

impl FromStr for Amount {
    type Err = DataError;

    /// Reads `all`, `1800`, `0.03` or `3%`. A number with a point is a fraction, one without is a count.
    fn from_str(text: &str) -> Result<Self, DataError> {
        let bad = || DataError::BadAmount { text: text.to_owned() };
        let trimmed = text.trim();
        let amount = if trimmed.eq_ignore_ascii_case("all") {
            Self::All
        } else if let Some(percent) = trimmed.strip_suffix('%') {
            Self::Fraction(percent.trim_end().parse::<f64>().map_err(|_| bad())? / 100.0)
        } else if let Ok(count) = trimmed.parse() {
            Self::Count(count)
        } else if trimmed.contains('.') {
            Self::Fraction(trimmed.parse().map_err(|_| bad())?)
        } else {
            return Err(bad());
        };
        amount.checked().map_err(|_| bad())
    }
}

impl fmt::Display for Amount {
    /// Writes what [`FromStr`] reads back as the same amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Fraction(fraction) => {
                // 0.07 x 100 is 7.000000000000001: a rounded percentage, but only if it means the same fraction.
                let percent = (fraction * 1e8).round() / 1e6;
                let same = (percent / 100.0).to_bits() == fraction.to_bits();
                if same { write!(f, "{percent}%") } else { write!(f, "{fraction}") }
            }
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::All => serializer.serialize_str("all"),
            Self::Count(count) => serializer.serialize_u64(count as u64),
            Self::Fraction(fraction) => serializer.serialize_f64(fraction),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl AmountVisitor {
    fn checked<E: de::Error>(amount: Amount) -> Result<Amount, E> {
        amount.checked().map_err(E::custom)
    }
}

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\", a count such as 1800, or a fraction such as 0.03")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Amount, E> {
        Self::checked(Amount::Count(usize::try_from(count).map_err(E::custom)?))
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Amount, E> {
        let bad = || E::custom(DataError::BadAmount { text: count.to_string() });
        Self::checked(Amount::Count(usize::try_from(count).map_err(|_| bad())?))
    }

    fn visit_f64<E: de::Error>(self, fraction: f64) -> Result<Amount, E> {
        Self::checked(Amount::Fraction(fraction))
    }
}
