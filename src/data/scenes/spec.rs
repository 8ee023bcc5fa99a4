//! Scenes as the source of a training: which images, how many scenes, how they are composed. As a text it is `scenes`, or
//! `scenes:` and what differs, as in `scenes:of=cifar10,objects=1-3,side=96`.

use super::SceneOptions;
use crate::data::{DataError, Dataset, ImageShape};
use std::fmt::{self, Display};
use std::str::FromStr;

const NAME: &str = "scenes";
/// What can be said of scenes.
const KEYS: [&str; 7] = ["of", "count", "side", "objects", "scale", "rotation", "clutter"];
/// Bytes of all scenes of one source.
const MOST_BYTES: usize = 2 << 30;

/// The scenes of one source.
#[derive(Clone, PartialEq, Debug)]
pub struct SceneSpec {
    /// The data set whose images are the objects: a name or a path.
    pub of: String,
    /// Training scenes; a fifth as many are for testing.
    pub count: usize,
    pub options: SceneOptions,
}

impl Default for SceneSpec {
    fn default() -> Self {
        Self { of: "mnist".to_owned(), count: 20_000, options: SceneOptions::default() }
    }
}

impl SceneSpec {
    /// Whether a text is meant to name scenes.
    pub fn is_meant_by(text: &str) -> bool {
        let name = text.split_once(':').map_or(text, |(name, _)| name);
        name.trim().eq_ignore_ascii_case(NAME)
    }

    /// At least one.
    pub fn test_count(&self) -> usize {
        self.count.div_ceil(5)
    }

    pub(super) fn check(&self, images: &Dataset) -> Result<(), DataError> {
        self.options.check(images)?;
        let refuse = |reason: String| Err(DataError::BadScene { reason });
        let (side, count) = (self.options.side, self.count);
        let bytes = ImageShape::new(images.shape().channels, side, side).pixels().saturating_mul(count);
        if count == 0 {
            return refuse("there must be at least one. Give a count such as 20000".to_owned());
        }
        if bytes > MOST_BYTES {
            let reason =
                format!("{count} scenes of {side} pixels a side take more than 2 GiB. Give fewer, or a smaller side");
            return refuse(reason);
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        fn number<T: FromStr>(text: &str) -> Result<T, String> {
            text.trim().parse().map_err(|_| format!("`{text}` is no number that is possible here"))
        }
        fn range<T: FromStr + Copy>(text: &str) -> Result<(T, T), String> {
            let (least, most) = text.split_once('-').unwrap_or((text, text));
            Ok((number(least)?, number(most)?))
        }
        let options = &mut self.options;
        match key {
            "of" if Self::is_meant_by(value) => return Err("scenes are not made of scenes".to_owned()),
            "of" => value.clone_into(&mut self.of),
            "count" => self.count = number(value)?,
            "side" => options.side = number(value)?,
            "objects" => options.objects = range(value)?,
            "scale" => options.scale = range(value)?,
            "rotation" => options.rotation = number(value)?,
            "clutter" => options.clutter = number(value)?,
            _ => {
                let known = "of, count, side, objects, scale, rotation and clutter";
                return Err(format!("`{key}` says nothing of scenes. There are {known}"));
            }
        }
        Ok(())
    }
}

impl FromStr for SceneSpec {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let mut spec = Self::default();
        let differs = text.split_once(':').map_or("", |(_, differs)| differs);
        for (key, value) in settings(differs) {
            spec.set(key, value.trim()).map_err(|reason| DataError::BadScene { reason })?;
        }
        Ok(spec)
    }
}

/// The parts between commas, each a key with its value. A path may hold commas too: after `of`, a part that begins with
/// no key goes on with the path.
fn settings(text: &str) -> Vec<(&str, String)> {
    let mut settings: Vec<(&str, String)> = Vec::new();
    for part in text.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let key = key.trim();
        let is_setting = part.contains('=') && KEYS.contains(&key);
        match settings.last_mut() {
            Some(("of", path)) if !is_setting => {
                path.push(',');
                path.push_str(part);
            }
            _ if part.trim().is_empty() => {}
            _ => settings.push((key, value.to_owned())),
        }
    }
    settings
}

/// What [`FromStr`] reads back as the same.
impl Display for SceneSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (usual, options) = (Self::default(), &self.options);
        let range = |(least, most): (f32, f32)| format!("{least}-{most}");
        let parts = [
            ("of", self.of.clone(), usual.of),
            ("count", self.count.to_string(), usual.count.to_string()),
            ("side", options.side.to_string(), usual.options.side.to_string()),
            ("objects", format!("{}-{}", options.objects.0, options.objects.1), "1-1".to_owned()),
            ("scale", range(options.scale), range(usual.options.scale)),
            ("rotation", options.rotation.to_string(), usual.options.rotation.to_string()),
            ("clutter", options.clutter.to_string(), usual.options.clutter.to_string()),
        ];
        let differ = parts.into_iter().filter(|(_, value, usual)| value != usual);
        let differ: Vec<String> = differ.map(|(key, value, _)| format!("{key}={value}")).collect();
        if differ.is_empty() { f.write_str(NAME) } else { write!(f, "{NAME}:{}", differ.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_read_back_from_its_text() {
        for text in [
            "scenes",
            "scenes:of=cifar10,count=500,side=96,objects=1-3,scale=0.5-2,rotation=0,clutter=20",
            "scenes:of=/pets/cats, dogs,,side,a=b,objects=2-3",
        ] {
            assert_eq!(text.parse::<SceneSpec>().unwrap().to_string(), text);
        }
        let path: SceneSpec = "scenes:of=/pets/cats, dogs,and others, side=96".parse().unwrap();
        assert_eq!((path.of.as_str(), path.options.side), ("/pets/cats, dogs,and others", 96));
        let short: SceneSpec = "scenes: objects=2, clutter=8".parse().unwrap();
        assert_eq!(short.to_string(), "scenes:objects=2-2");
        assert_eq!(short.options.objects, (2, 2));
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (text, part) in [
            ("scenes:objects=few", "`few` is no number"),
            ("scenes:colour=red", "`colour` says nothing of scenes"),
            ("scenes:of=scenes:side=96", "not made of scenes"),
            ("scenes:side=-4", "`-4` is no number"),
        ] {
            let message = text.parse::<SceneSpec>().unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
