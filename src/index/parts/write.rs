//! Writing lines of keys.

use std::io::Write;

use super::super::builder::bad_owner;
use super::super::derived::derive;
use super::super::keys::Rejection;
use super::super::source::{Take, Value};
use super::super::{Region, Schema};
use super::{Closing, Made, Tally};
use crate::error::{Error, Result};
use crate::identifier::{Identifier, KindSpec};

/// Derives the keys of identifiers and writes them as lines `key`, `kind`, `owner`, for a cluster to sort.
///
/// Every machine of a cluster runs one over its share of the rows; all of them with the same schema and region. The lines, sorted by their first column in
/// parts that do not overlap, are what [`IndexBuilder::from_parts`](crate::IndexBuilder::from_parts) builds an index of: the same that
/// [`IndexBuilder`](crate::IndexBuilder) would have built of all rows.
///
/// ```
/// use tightlip::{Identifier, IndexBuilder, Kind, KeyWriter};
///
/// let mut lines = Vec::new();
/// let mut writer = KeyWriter::new(&mut lines);
/// writer.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// writer.finish()?;                                       // the last line says that this is all
/// let mut lines: Vec<&str> = std::str::from_utf8(&lines).unwrap().lines().collect();
/// lines.sort();                                           // what the cluster does
///
/// let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("part"), lines.join("\n")).unwrap();
/// let index = IndexBuilder::from_parts([folder.path().join("part")])?.finish_in_memory()?;
/// assert!(index.knows("C-1001"));
/// # Ok::<(), tightlip::Error>(())
/// ```
pub struct KeyWriter<W> {
    out: W,
    made: Made,
    tally: Tally,
    line: Vec<u8>,
}

impl<W: Write> KeyWriter<W> {
    /// Writes the built-in kinds to `out`, which is best buffered.
    pub fn new(out: W) -> Self {
        let made = Made {
            folding: crate::text::version(),
            region: Region::default(),
            reversed: false,
            kinds: Schema::default().kinds(),
        };
        Self { out, made, tally: Tally::default(), line: Vec::new() }
    }

    /// Knows the kinds of a schema too. To be called before the first value is added.
    pub fn schema(mut self, schema: &Schema) -> Self {
        self.made.kinds = schema.kinds();
        self
    }

    /// The region of telephone numbers and dates that do not say their own; `US` unless set.
    pub fn region(mut self, region: Region) -> Self {
        self.made.region = region;
        self
    }

    /// Whether values are found that are written backwards; see [`IndexBuilder::reversed`](crate::IndexBuilder::reversed).
    pub fn reversed(mut self, reversed: bool) -> Self {
        self.made.reversed = reversed;
        self
    }

    /// Writes the keys of a value that somebody has verified to be its owner's.
    ///
    /// # Errors
    /// The value is not one of its kind, or too short to look for; the kind is not in the schema; a line cannot be written.
    pub fn add(&mut self, Identifier { owner, kind, text }: Identifier) -> Result<()> {
        let place = self.made.kinds.iter().position(|spec| spec.kind == kind).ok_or_else(|| {
            Error::config(format!("the kind `{kind}` is not in the schema; add it under [kinds]"))
        })?;
        match self.take(&Value { owner, place, text, confers: true })? {
            Some(rejection) => Err(Error::data(format!("{kind}: {rejection}"))),
            None => Ok(()),
        }
    }

    /// Writes the last line, without which the others are worth nothing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> Result<()> {
        let closing =
            Closing { made: self.made, lines: self.tally.lines, sum: format!("{:016x}", self.tally.sum) };
        let closing = serde_json::to_vec(&closing).expect("plain data");
        self.line.clear();
        hex(&[0], &mut self.line);
        hex(&closing, &mut self.line);
        self.line.extend_from_slice(b"\t\t\n");
        self.out.write_all(&self.line).and_then(|()| self.out.flush()).map_err(|error| unwritable(&error))
    }

    fn line(&mut self, place: u8, key: &[u8], says: &[&[u8]], owner: &str) -> Result<()> {
        self.line.clear();
        for part in [&[place + 1], key, &[0]].into_iter().chain(says.iter().copied()) {
            hex(part, &mut self.line);
        }
        let end_of_key = self.line.len();
        self.line.push(b'\t');
        self.line.extend_from_slice(self.made.kinds[usize::from(place)].kind.name().as_bytes());
        let end_of_kind = self.line.len();
        self.line.push(b'\t');
        for byte in owner.bytes() {
            match byte {
                b'\\' => self.line.extend_from_slice(b"\\\\"),
                b'\t' => self.line.extend_from_slice(b"\\t"),
                b'\n' => self.line.extend_from_slice(b"\\n"),
                b'\r' => self.line.extend_from_slice(b"\\r"),
                byte => self.line.push(byte),
            }
        }
        self.tally.line(
            &self.line[..end_of_key],
            &self.line[end_of_key + 1..end_of_kind],
            &self.line[end_of_kind + 1..],
        );
        self.line.push(b'\n');
        self.out.write_all(&self.line).map_err(|error| unwritable(&error))
    }
}

impl<W: Write> Take for KeyWriter<W> {
    fn kinds(&self) -> &[KindSpec] {
        &self.made.kinds
    }

    fn take(&mut self, value: &Value) -> Result<Option<Rejection>> {
        if let Some(rejection) = bad_owner(value.owner) {
            return Ok(Some(rejection));
        }
        let made = &self.made;
        let derived = match derive(&made.kinds, value.place, value.text, made.region, made.reversed) {
            Ok(derived) => derived,
            Err(rejection) => return Ok(Some(rejection)),
        };
        let (place, confers): (u8, &[u8]) = (value.place as u8, if value.confers { b"1" } else { b"0" });
        let code = derived.calling_code.map(|code| code.to_string()).unwrap_or_default();
        self.line(place, &derived.main, &[b"v", confers, code.as_bytes()], value.owner)?;
        for (place, key) in &derived.beside {
            self.line(*place, key, &[b"b", confers], value.owner)?;
        }
        for spelling in &derived.spellings {
            self.line(place, spelling, &[b"s", &derived.main], value.owner)?;
        }
        Ok(None)
    }
}

fn hex(bytes: &[u8], line: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        line.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::io("cannot write the keys", error)
}
