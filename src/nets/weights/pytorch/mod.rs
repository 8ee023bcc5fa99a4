//! PyTorch's own files, `.pth` and `.pt`: a pickle that names arrays, and their bytes, in a zip archive (since PyTorch 1.6)
//! or one after another.
//!
//! Nothing in a file is run. A reader of our own, since it must hold that promise, and stay within memory whatever is in
//! the file: arrays are views of bytes that are there, and none can become larger than those.

mod pickle;

use super::file::from_le_bytes;
use crate::nets::checkpoint::NamedArray;
use pickle::{Object, Pickle, Place, unpickle};
use safetensors::tensor::Dtype;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Cursor;
use zip::{CompressionMethod, ZipArchive};

/// The first pickle of the older format (`torch.serialization.MAGIC_NUMBER`), as it is written.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const ZIP: &[u8] = b"PK\x03\x04";

/// Of the bytes of a file, as many values may be taken: arrays may share their bytes, but not without end.
const MOST_SHARING: usize = 4;

/// A file may name the same shape for any number of tensors: that must not take memory without end.
const MOST_DIMS: usize = 16;

pub(super) fn looks_like_pytorch(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) || bytes.starts_with(LEGACY)
}

/// The arrays of floats in the largest dictionary of tensors, which is the state dictionary, wherever it lies.
///
/// # Errors
/// Says what is wrong, as what follows a colon.
pub(super) fn read_pytorch(bytes: &[u8]) -> Result<Vec<NamedArray>, String> {
    if bytes.starts_with(ZIP) { read_zip(bytes) } else { read_legacy(bytes) }
}

fn read_zip(bytes: &[u8]) -> Result<Vec<NamedArray>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let is_index = |name: &&String| name.as_str() == "data.pkl" || name.ends_with("/data.pkl");
    let index =
        names.iter().find(is_index).ok_or("it is a zip archive, but not of PyTorch: there is no data.pkl in it")?;
    let folder = index.strip_suffix("data.pkl").unwrap_or_default();
    if entry(bytes, &mut archive, &format!("{folder}byteorder")).is_ok_and(|order| order == b"big") {
        return Err("its numbers are big-endian; save it on a machine of today".to_owned());
    }
    let tensors = tensors(&unpickle(entry(bytes, &mut archive, index)?)?);
    let mut storages = HashMap::new();
    for (_, tensor) in &tensors {
        if let Entry::Vacant(place) = storages.entry(tensor.storage.as_str()) {
            place.insert(entry(bytes, &mut archive, &format!("{folder}data/{}", tensor.storage))?);
        }
    }
    collect(&tensors, &storages, bytes.len())
}

/// The bytes of an entry where they lie: PyTorch never compresses, and entries may overlap without taking more memory.
fn entry<'a>(bytes: &'a [u8], archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<&'a [u8], String> {
    let file = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
    if file.compression() != CompressionMethod::Stored {
        return Err(format!("{name} is compressed, as PyTorch's files are not"));
    }
    let start = file.data_start().ok_or(ENDS)?;
    let range = usize::try_from(start).ok().zip(usize::try_from(file.size()).ok());
    range.and_then(|(start, size)| bytes.get(start..)?.get(..size)).ok_or_else(|| ENDS.to_owned())
}

/// Three pickles about the file, one of the object, one of the names of storages; then the storages, each after its
/// length.
fn read_legacy(bytes: &[u8]) -> Result<Vec<NamedArray>, String> {
    let mut rest = bytes;
    let mut next = || {
        let pickle = unpickle(rest)?;
        rest = &rest[pickle.length..];
        Ok::<_, String>(pickle)
    };
    let (_magic, _protocol, _machine) = (next()?, next()?, next()?);
    let (object, keys) = (next()?, next()?);
    let (tensors, widths) = (tensors(&object), widths(&object));
    let mut storages: HashMap<&str, &[u8]> = HashMap::new();
    for &key in keys.sequence(keys.root).ok_or("there is no list of its storages")? {
        let key = keys.text(key).ok_or("a storage has no name")?;
        let (length, after) = rest.split_first_chunk().ok_or(ENDS)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| ENDS)?;
        // Storages of types that are not known cannot be stepped over: nothing says how wide their values are.
        let width = widths.get(key).ok_or("it holds tensors that are not of floats or whole numbers")?;
        let (storage, after) = length.checked_mul(*width).and_then(|size| after.split_at_checked(size)).ok_or(ENDS)?;
        storages.insert(key, storage);
        rest = after;
    }
    collect(&tensors, &storages, bytes.len())
}

/// How many bytes a value has, of every storage that a pickle names: those of an optimiser lie between the weights.
fn widths(pickle: &Pickle) -> HashMap<&str, usize> {
    let storages = pickle.objects.iter().filter_map(|object| storage(pickle, object));
    storages.map(|(key, (_, width))| (key, width)).collect()
}

/// A view of a storage.
struct TensorView {
    storage: String,
    /// None where values are not floats.
    dtype: Option<Dtype>,
    /// Bytes a value.
    width: usize,
    offset: usize,
    dims: Vec<usize>,
    strides: Vec<usize>,
}

/// The tensors of the dictionary with the most of them, by name.
fn tensors(pickle: &Pickle) -> Vec<(String, TensorView)> {
    let named = |&(key, value): &(Place, Place)| Some((pickle.text(key)?.to_owned(), tensor(pickle, value)?));
    let count =
        |entries: &[(Place, Place)]| entries.iter().filter(|(_, value)| tensor(pickle, *value).is_some()).count();
    let dictionaries = pickle.objects.iter().filter_map(|object| match object {
        Object::Dictionary(entries) => Some(entries.as_slice()),
        _ => None,
    });
    let largest = dictionaries.max_by_key(|entries| count(entries)).unwrap_or_default();
    largest.iter().filter_map(named).collect()
}

/// `torch._utils._rebuild_tensor_v2(storage, offset, dims, strides, ...)`, or a parameter of one.
fn tensor(pickle: &Pickle, place: Place) -> Option<TensorView> {
    let Object::Call { function, arguments } = pickle.get(place) else { return None };
    let (function, arguments) = (pickle.text(*function)?, pickle.sequence(*arguments)?);
    let is_parameter = function.starts_with("torch._utils _rebuild_parameter");
    plain_tensor(pickle, if is_parameter { *arguments.first()? } else { place })
}

fn plain_tensor(pickle: &Pickle, place: Place) -> Option<TensorView> {
    let Object::Call { function, arguments } = pickle.get(place) else { return None };
    if pickle.text(*function)? != "torch._utils _rebuild_tensor_v2" {
        return None;
    }
    let &[place, offset, dims, strides, ..] = pickle.sequence(*arguments)? else { return None };
    let (key, (dtype, width)) = storage(pickle, pickle.get(place))?;
    let (dims, strides) = (pickle.sequence(dims)?, pickle.sequence(strides)?);
    if dims.len() != strides.len() || dims.len() > MOST_DIMS {
        return None;
    }
    let whole = |place: &Place| usize::try_from(pickle.integer(*place)?).ok();
    Some(TensorView {
        storage: key.to_owned(),
        dtype,
        width,
        offset: whole(&offset)?,
        dims: dims.iter().map(whole).collect::<Option<_>>()?,
        strides: strides.iter().map(whole).collect::<Option<_>>()?,
    })
}

/// The key of a storage, and what it holds.
fn storage<'a>(pickle: &'a Pickle, object: &Object) -> Option<(&'a str, Element)> {
    let Object::Persistent(id) = object else { return None };
    let &[_, kind, key, ..] = pickle.sequence(*id)? else { return None };
    Some((pickle.text(key)?, element(pickle.text(kind)?)?))
}

/// What a storage holds, none where values are not floats, and how wide a value is.
type Element = (Option<Dtype>, usize);

fn element(kind: &str) -> Option<Element> {
    Some(match kind.strip_prefix("torch ")? {
        "FloatStorage" => (Some(Dtype::F32), 4),
        "DoubleStorage" => (Some(Dtype::F64), 8),
        "HalfStorage" => (Some(Dtype::F16), 2),
        "BFloat16Storage" => (Some(Dtype::BF16), 2),
        "LongStorage" => (None, 8),
        "IntStorage" => (None, 4),
        "ShortStorage" => (None, 2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => (None, 1),
        _ => return None,
    })
}

fn collect(
    tensors: &[(String, TensorView)],
    storages: &HashMap<&str, &[u8]>,
    file: usize,
) -> Result<Vec<NamedArray>, String> {
    let mut left = file.saturating_mul(MOST_SHARING);
    let mut arrays = Vec::new();
    for (name, tensor) in tensors {
        let Some(dtype) = tensor.dtype else { continue };
        let stored =
            storages.get(tensor.storage.as_str()).ok_or_else(|| format!("the values of `{name}` are missing"))?;
        let count = tensor.count_within(stored.len() / tensor.width);
        let count = count.ok_or_else(|| format!("`{name}` is said to be larger than what is stored of it"))?;
        left = left.checked_sub(count).ok_or("its tensors share their values without end")?;
        let data = from_le_bytes(dtype, &tensor.gathered(stored, count)).ok_or("its numbers are of an unknown type")?;
        arrays.push(NamedArray { name: name.clone(), dims: tensor.dims.clone(), data });
    }
    Ok(arrays)
}

impl TensorView {
    /// How many values it has, if all of them lie within the `stored` ones, and are no more than those.
    fn count_within(&self, stored: usize) -> Option<usize> {
        let count = self.dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))?;
        if count == 0 {
            return Some(0);
        }
        let reach = self
            .dims
            .iter()
            .zip(&self.strides)
            .try_fold(self.offset, |reach, (dim, stride)| reach.checked_add((dim - 1).checked_mul(*stride)?))?;
        (count <= stored && reach < stored).then_some(count)
    }

    /// The bytes of its values, row-major; `count` as [`count_within`](Self::count_within) gave it.
    fn gathered<'a>(&self, stored: &'a [u8], count: usize) -> Cow<'a, [u8]> {
        let value = |place: usize| &stored[place * self.width..(place + 1) * self.width];
        if count == 0 {
            return Cow::Borrowed(&[]);
        }
        if self.is_contiguous() {
            return Cow::Borrowed(&stored[self.offset * self.width..][..count * self.width]);
        }
        let mut bytes = Vec::with_capacity(count * self.width);
        for index in 0..count {
            let (mut rest, mut place) = (index, self.offset);
            for (dim, stride) in self.dims.iter().zip(&self.strides).rev() {
                place += rest % dim * stride;
                rest /= dim;
            }
            bytes.extend_from_slice(value(place));
        }
        Cow::Owned(bytes)
    }

    fn is_contiguous(&self) -> bool {
        let mut step = 1;
        self.dims.iter().zip(&self.strides).rev().all(|(&dim, &stride)| {
            let fits = dim == 1 || stride == step;
            step *= dim;
            fits
        })
    }
}

const ENDS: &str = "it ends too early";
