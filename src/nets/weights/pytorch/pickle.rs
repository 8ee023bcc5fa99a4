//! Python's pickles as data. The few operations that dictionaries of tensors consist of are followed; whatever else a pickle
//! would call is neither run nor looked up, only noted as [`Object::Opaque`].
//!
//! Reading takes memory in proportion to the bytes: each operation makes one object at most.

/// Something on the stack or in the memo: a place in [`Pickle::objects`].
pub(super) type Place = usize;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    None,
    Integer(i64),
    Text(String),
    /// Tuples and lists.
    Sequence(Vec<Place>),
    Dictionary(Vec<(Place, Place)>),
    /// `module name`.
    Global(String),
    /// What a persistent id stands for: a tuple that names a storage.
    Persistent(Place),
    /// A function with its arguments, not called.
    Call {
        function: Place,
        arguments: Place,
    },
    /// Anything else: numbers with fractions, bytes, instances of classes.
    Opaque,
}

/// A pickle that was read.
pub(super) struct Pickle {
    pub(super) objects: Vec<Object>,
    pub(super) root: Place,
    /// Bytes that it took.
    pub(super) length: usize,
}

impl Pickle {
    pub(super) fn get(&self, place: Place) -> &Object {
        &self.objects[place]
    }

    pub(super) fn text(&self, place: Place) -> Option<&str> {
        match self.get(place) {
            Object::Text(text) | Object::Global(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self, place: Place) -> Option<i64> {
        match self.get(place) {
            Object::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn sequence(&self, place: Place) -> Option<&[Place]> {
        match self.get(place) {
            Object::Sequence(items) => Some(items),
            _ => None,
        }
    }
}

/// Reads the pickle at the beginning of `bytes`.
///
/// # Errors
/// Says what is wrong, as what follows a colon.
pub(super) fn unpickle(bytes: &[u8]) -> Result<Pickle, String> {
    let mut machine =
        Machine { bytes, at: 0, objects: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: Vec::new() };
    while !machine.step()? {}
    let root = machine.pop()?;
    Ok(Pickle { objects: machine.objects, root, length: machine.at })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    objects: Vec<Object>,
    stack: Vec<Place>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<Option<Place>>,
}

impl Machine<'_> {
    /// One operation (`pickletools` of Python lists them). Returns whether it was the last.
    #[expect(clippy::too_many_lines, reason = "an arm an operation")]
    fn step(&mut self) -> Result<bool, String> {
        let operation = self.byte()?;
        match operation {
            b'.' => return Ok(true),
            0x80 => drop(self.byte()?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            // Forgotten; and the state of an instance, as a state dictionary's `_metadata`.
            b'0' | b'b' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.pop()?;
                self.stack.extend([top, top]);
            }
            b'N' => self.push(Object::None),
            0x88 => self.push(Object::Integer(1)),
            0x89 => self.push(Object::Integer(0)),
            b'K' => {
                let value = self.byte()?;
                self.push(Object::Integer(value.into()));
            }
            b'M' => {
                let value = self.number(2)?;
                self.push(Object::Integer(value as i64));
            }
            b'J' => {
                let value = self.number(4)? as u32 as i32;
                self.push(Object::Integer(value.into()));
            }
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?;
                self.push(Object::Opaque);
            }
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            b'T' | b'B' => self.skipped(4)?,
            b'U' | b'C' => self.skipped(1)?,
            0x8e | 0x96 => self.skipped(8)?,
            b')' | b']' | 0x8f => self.push(Object::Sequence(Vec::new())),
            b'}' => self.push(Object::Dictionary(Vec::new())),
            b't' | b'l' | 0x91 => {
                let items = self.pop_mark()?;
                self.push(Object::Sequence(items));
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(operation - 0x84))?;
                self.push(Object::Sequence(items));
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.push(Object::Dictionary(Vec::new()));
                self.set_items(&items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Global(format!("{module} {name}")));
            }
            0x93 => {
                let names = self.pop_many(2)?;
                let text = |place: &Place| match &self.objects[*place] {
                    Object::Text(text) => text.clone(),
                    _ => String::new(),
                };
                let name = format!("{} {}", text(&names[0]), text(&names[1]));
                self.push(Object::Global(name));
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Object::Persistent(id));
            }
            b'R' | 0x81 => {
                let parts = self.pop_many(2)?;
                self.call(parts[0], parts[1]);
            }
            0x92 => {
                self.pop_many(3)?;
                self.push(Object::Opaque);
            }
            b'q' => {
                let name = usize::from(self.byte()?);
                self.remember(name)?;
            }
            b'r' => {
                let name = self.number(4)? as usize;
                self.remember(name)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => {
                let name = usize::from(self.byte()?);
                self.recall(name)?;
            }
            b'j' => {
                let name = self.number(4)? as usize;
                self.recall(name)?;
            }
            other => return Err(format!("the pickle holds an operation (0x{other:02x}) that weights do not need")),
        }
        Ok(false)
    }

    /// An ordered dictionary is made by a call, and filled afterwards; all other calls are kept as they are.
    fn call(&mut self, function: Place, arguments: Place) {
        let is_dictionary =
            matches!(&self.objects[function], Object::Global(name) if name == "collections OrderedDict");
        self.push(if is_dictionary { Object::Dictionary(Vec::new()) } else { Object::Call { function, arguments } });
    }

    fn push(&mut self, object: Object) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn pop(&mut self) -> Result<Place, String> {
        self.stack.pop().ok_or_else(|| DAMAGED.to_owned())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Place>, String> {
        let left = self.stack.len().checked_sub(count).ok_or(DAMAGED)?;
        Ok(self.stack.split_off(left))
    }

    fn pop_mark(&mut self) -> Result<Vec<Place>, String> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len()).ok_or(DAMAGED)?;
        Ok(self.stack.split_off(mark))
    }

    fn append(&mut self, items: &[Place]) -> Result<(), String> {
        let list = *self.stack.last().ok_or(DAMAGED)?;
        if let Object::Sequence(list) = &mut self.objects[list] {
            list.extend(items);
        }
        Ok(())
    }

    fn set_items(&mut self, items: &[Place]) -> Result<(), String> {
        let dictionary = *self.stack.last().ok_or(DAMAGED)?;
        if let Object::Dictionary(entries) = &mut self.objects[dictionary] {
            entries.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        }
        Ok(())
    }

    fn remember(&mut self, name: usize) -> Result<(), String> {
        // Names are counted up from 0, one an object at most.
        if name > self.objects.len() + self.bytes.len() {
            return Err(DAMAGED.to_owned());
        }
        if name >= self.memo.len() {
            self.memo.resize(name + 1, None);
        }
        self.memo[name] = Some(*self.stack.last().ok_or(DAMAGED)?);
        Ok(())
    }

    fn recall(&mut self, name: usize) -> Result<(), String> {
        let place = self.memo.get(name).copied().flatten().ok_or(DAMAGED)?;
        self.stack.push(place);
        Ok(())
    }

    /// A whole number of up to 255 bytes; those that do not fit are not needed.
    fn long(&mut self) -> Result<(), String> {
        let length = usize::from(self.byte()?);
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = if negative { [0xff; 8] } else { [0; 8] };
        let fits = length <= 8;
        if fits {
            wide[..length].copy_from_slice(bytes);
        }
        self.push(if fits { Object::Integer(i64::from_le_bytes(wide)) } else { Object::Opaque });
        Ok(())
    }

    /// A text after its length of `width` bytes.
    fn text(&mut self, width: usize) -> Result<(), String> {
        let length = self.number(width)?;
        let text = String::from_utf8_lossy(self.take(usize::try_from(length).map_err(|_| DAMAGED)?)?).into_owned();
        self.push(Object::Text(text));
        Ok(())
    }

    /// Bytes after their length of `width` bytes.
    fn skipped(&mut self, width: usize) -> Result<(), String> {
        let length = self.number(width)?;
        self.take(usize::try_from(length).map_err(|_| DAMAGED)?)?;
        self.push(Object::Opaque);
        Ok(())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(ENDS)?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    /// Little-endian, of up to 8 bytes.
    fn number(&mut self, width: usize) -> Result<u64, String> {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(wide))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).ok_or(ENDS)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }
}

const DAMAGED: &str = "its pickle is damaged";
const ENDS: &str = "its pickle ends too early";
