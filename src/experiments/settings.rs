//! What the settings of every experiment have in common: TOML, a check, and access by dotted paths, for `--set`, the window
//! and comparisons.

use super::config::ConfigError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Settings as plain data.
pub trait Config: Clone + Serialize + DeserializeOwned {
    /// Groups that are one setting, at any depth, because their shape depends on the value.
    const WHOLE: &[&str];

    /// # Errors
    /// Says which setting makes no sense. What depends on the data is checked once they are there.
    fn check(&self) -> Result<(), ConfigError>;

    /// # Errors
    /// When the text is not TOML, a field is unknown, or a value makes no sense.
    fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)
            .map_err(|error| ConfigError::Syntax { origin: origin.to_owned(), reason: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain data")
    }

    /// A copy with one setting changed. Keys are dotted paths (`optimiser.learning_rate`), values as in TOML; a text
    /// needs no quotes. Naming another network drops an edited one beside it.
    ///
    /// # Errors
    /// When there is no such setting, or the value does not suit it.
    fn with(&self, key: &str, value: &str) -> Result<Self, ConfigError> {
        self.with_all([(key, value)])
    }

    /// A copy with several settings changed, one after the other as [`with`](Self::with) does. On the way they need not make
    /// sense: it may take all of them.
    ///
    /// # Errors
    /// When there is no such setting, a value does not suit it, or together they make no sense; named is the setting since
    /// which they do not.
    fn with_all<K: AsRef<str>, V: AsRef<str>>(
        &self,
        settings: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ConfigError> {
        let (mut changed, mut fault) = (self.clone(), None);
        for (key, value) in settings {
            let (key, value) = (key.as_ref(), value.as_ref());
            changed = changed.assigned(key, value)?;
            let named = |error| match error {
                ConfigError::Check(reason) => {
                    ConfigError::Value { key: key.to_owned(), value: value.to_owned(), reason }
                }
                other => other,
            };
            fault = changed.check().err().map(|error| fault.unwrap_or_else(|| named(error)));
        }
        fault.map_or(Ok(changed), Err)
    }

    /// A copy with one setting changed, whether it makes sense or not.
    ///
    /// # Errors
    /// When there is no such setting, or the value is of another kind.
    fn assigned(&self, key: &str, value: &str) -> Result<Self, ConfigError> {
        let keys = self.keys();
        if !keys.iter().any(|known| known == key) {
            return Err(ConfigError::Unknown { key: key.to_owned(), known: keys.join(", ") });
        }
        let refused = |reason: String| ConfigError::Value { key: key.to_owned(), value: value.to_owned(), reason };
        let (groups, leaf) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = self.to_table();
        let mut place = &mut table;
        for group in groups.split('.').filter(|group| !group.is_empty()) {
            place = place
                .get_mut(group)
                .and_then(Value::as_table_mut)
                .ok_or_else(|| refused(format!("`{group}` is not a group of settings")))?;
        }
        let value = parse_value(value, place.get(leaf));
        place.insert(leaf.to_owned(), value);
        if leaf == "network" {
            place.remove(ARCHITECTURE);
        }
        table.try_into().map_err(|error: toml::de::Error| refused(error.message().to_owned()))
    }

    /// The value of a setting as [`with`](Self::with) takes it.
    fn get(&self, key: &str) -> Option<String> {
        get(&Value::Table(self.to_table()), key)
    }

    /// All settings, as dotted paths.
    fn keys(&self) -> Vec<String> {
        keys(&self.to_table(), Self::WHOLE)
    }

    /// All settings with their values, as [`keys`](Self::keys) and [`get`](Self::get) give them one by one.
    fn entries(&self) -> Vec<(String, String)> {
        let table = Value::Table(self.to_table());
        self.keys()
            .into_iter()
            .map(|key| {
                let value = get(&table, &key).unwrap_or_default();
                (key, value)
            })
            .collect()
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).expect("settings are plain data")
    }
}

/// An edited network, which takes the place of the one that is named.
const ARCHITECTURE: &str = "architecture";

fn get(table: &Value, key: &str) -> Option<String> {
    let value = key.split('.').try_fold(table, |value, part| value.get(part))?;
    Some(match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// What stands in a table; a group of `whole` is one.
pub(super) fn keys(table: &Table, whole: &[&str]) -> Vec<String> {
    let mut keys = Vec::new();
    collect_keys(table, "", whole, &mut keys);
    keys
}

fn collect_keys(table: &Table, prefix: &str, whole: &[&str], keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if !whole.iter().any(|group| key == *group || key.ends_with(&format!(".{group}"))) => {
                collect_keys(inner, &key, whole, keys);
            }
            _ => keys.push(key),
        }
    }
}

/// As TOML if it is TOML, else a text; a whole number where a fraction stands becomes a fraction.
fn parse_value(text: &str, old: Option<&Value>) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match (parsed, old) {
        (Some(Value::Integer(number)), Some(Value::Float(_))) => Value::Float(number as f64),
        (Some(value), _) => value,
        (None, _) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::features_preset;

    /// The film may not go beyond the end of the training.
    #[test]
    fn settings_that_make_sense_together_may_come_in_any_order() {
        let config = features_preset("evolution").unwrap();
        let settings = [("train.epochs", "3"), ("evolution.epochs", "[1, 2, 3]")];
        let forward = config.with_all(settings).unwrap();
        let backward = config.with_all([settings[1], settings[0]]).unwrap();
        assert_eq!(forward, backward);
        let error = config.with_all([("seed", "3"), ("train.epochs", "1"), ("title", "mine")]).unwrap_err();
        assert!(error.to_string().contains("`train.epochs` cannot be `1`"), "{error}");
    }
}
