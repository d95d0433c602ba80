//! Consent: which owner lets which reader see what, and until when.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::day::Day;
use super::settings::check_kind;
use crate::error::{Error, Result, clipped, did_you_mean};
use crate::identifier::Kind;
use crate::index::{Generation, KindMask};

/// Which owners let which readers see their data: joint holders, guardians, travel companions. Cheap to clone.
///
/// A table with the columns `owner`, `reader`, `kinds`, `until`, and if one likes `id`, `basis` and `purpose`. Kinds are separated by `;`, `*` are all;
/// `until` is the last day (UTC) on which the grant counts, empty if it has no end; a grant with a purpose counts for readers
/// who [state it](crate::Reader::for_purpose). A grant is revoked by removing its row.
///
/// ```
/// # use tightlip::{Grants, Identifier, IndexBuilder, Kind, Policy, Reader, Session};
/// # let mut builder = IndexBuilder::new();
/// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
/// # builder.add(Identifier { owner: "C-1002", kind: Kind::Email, text: "bob@example.com" })?;
/// # let index = builder.finish_in_memory()?;
/// let grants = Grants::from_csv("owner,reader,kinds,until\nC-1001,C-1002,email;phone,2999-12-31")?;
/// let session = Session::new(&index, &Policy::standard(), Reader::customer("C-1002")).with_grants(&grants);
/// let (mut checker, mut out) = (session.checker(), String::new());
/// checker.push("It went to ann@example.com.", &mut out);
/// checker.finish(&mut out);
/// assert_eq!(out, "It went to ann@example.com.");
/// # Ok::<(), tightlip::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Grants {
    /// In the order of their readers.
    rows: Arc<Vec<Grant>>,
}

/// Who consents to what is nobody's business.
impl std::fmt::Debug for Grants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grants").field("rows", &self.rows.len()).finish()
    }
}

struct Grant {
    owner: String,
    reader: String,
    /// `None`: all.
    kinds: Option<Vec<Kind>>,
    until: Option<Day>,
    id: String,
    basis: String,
    purpose: String,
}

/// What one reader may see of one owner.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) owner: u32,
    pub(crate) kinds: KindMask,
    /// What the file calls it: its id and its basis.
    pub(crate) name: Arc<(String, String)>,
}

/// The columns, those that must be there first.
const COLUMNS: [&str; 7] = ["owner", "reader", "kinds", "until", "id", "basis", "purpose"];
const NEEDED: usize = 4;

impl Grants {
    /// Reads a table of grants (CSV with a header row).
    ///
    /// # Errors
    /// It cannot be read, or one of its rows says nothing that has a meaning; the message says where and why, never who.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::file("read the grants", path, &error))?;
        Self::read(&text)
            .map_err(|(line, reason)| Error::config(format!("{}:{line}: {reason}", path.display())))
    }

    /// Reads a table of grants from its text.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_csv(text: &str) -> Result<Self> {
        Self::read(text).map_err(|(line, reason)| Error::config(format!("grants:{line}: {reason}")))
    }

    /// How many rows there are, those that have ended among them.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody consents to anything.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn read(text: &str) -> Result<Self, (u64, String)> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let mut table =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let unreadable = |_| (1, "not a CSV table".to_owned());
        let header = table.headers().map_err(unreadable)?.clone();
        let places = places(&header).map_err(|reason| (1, reason))?;
        let mut rows = Vec::new();
        let mut record = csv::StringRecord::new();
        while table.read_record(&mut record).map_err(unreadable)? {
            let line = record.position().map_or(0, csv::Position::line);
            let at = |reason: String| (line, reason);
            if record.len() != header.len() {
                return Err(at(format!(
                    "expected {} cells as in the header, found {}; is a quote not closed?",
                    header.len(),
                    record.len()
                )));
            }
            let cells = places.map(|place| place.map_or("", |place| &record[place]));
            if cells.iter().any(|cell| cell.contains('\n')) {
                return Err(at("a cell goes over several lines; is a quote not closed?".into()));
            }
            rows.push(Grant::read(cells).map_err(at)?);
        }
        rows.sort_by(|a, b| a.reader.cmp(&b.reader));
        Ok(Self { rows: Arc::new(rows) })
    }

    /// What a reader whom the index knows may see by grants, in the order of the owners' numbers.
    pub(super) fn of(
        &self,
        reader: &str,
        purpose: Option<&str>,
        now: SystemTime,
        generation: &Generation,
    ) -> Vec<Granted> {
        let first = self.rows.partition_point(|row| *row.reader < *reader);
        let rows = self.rows[first..].iter().take_while(|row| row.reader == reader);
        let today = Day::of(now);
        let counts = |row: &&Grant| {
            row.until.is_none_or(|until| today <= until)
                && (row.purpose.is_empty() || purpose == Some(&row.purpose))
        };
        let granted = |row: &Grant| {
            let kinds = row.kinds.as_ref().map_or(KindMask::MAX, |kinds| {
                let places = (0..).zip(generation.kinds()).filter(|(_, spec)| kinds.contains(&spec.kind));
                places.fold(0, |mask, (place, _): (u32, _)| mask | 1 << place)
            });
            let name = Arc::new((row.id.clone(), row.basis.clone()));
            Some(Granted { owner: generation.owner_number(&row.owner)?, kinds, name })
        };
        let mut granted: Vec<Granted> = rows.filter(counts).filter_map(granted).collect();
        granted.sort_by_key(|granted| granted.owner);
        granted
    }
}

impl Grant {
    fn read(cells: [&str; COLUMNS.len()]) -> Result<Self, String> {
        let [owner, reader, kinds, until, id, basis, purpose] = cells;
        for (cell, name) in [(owner, "owner"), (reader, "reader"), (kinds, "kinds")] {
            if cell.is_empty() {
                return Err(format!("`{name}` is empty"));
            }
        }
        let kinds = match kinds {
            "*" => None,
            list => Some(list.split(';').map(kind).collect::<Result<Vec<_>, _>>()?),
        };
        let until = match until {
            "" => None,
            day => Some(Day::parse(day).ok_or("`until`: expected a day such as 2026-12-31, or nothing")?),
        };
        let [owner, reader, id, basis, purpose] = [owner, reader, id, basis, purpose].map(str::to_owned);
        Ok(Self { owner, reader, kinds, until, id, basis, purpose })
    }
}

fn kind(name: &str) -> Result<Kind, String> {
    match name.trim() {
        "" => Err("`kinds`: expected kinds with `;` between them, or `*`".into()),
        "*" => Err("`kinds`: `*` stands for all kinds and stands alone".into()),
        name => {
            check_kind(name).map_err(|error| format!("`kinds`: {error}"))?;
            Ok(Kind::named(name))
        }
    }
}

/// Where each column stands.
fn places(header: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], String> {
    let mut places = [None; COLUMNS.len()];
    for (place, name) in header.iter().enumerate() {
        let Some(column) = COLUMNS.iter().position(|column| *column == name) else {
            let near = did_you_mean(name, COLUMNS);
            return Err(format!(
                "unknown column `{}`; there are {}{near}",
                clipped(name),
                COLUMNS.join(", ")
            ));
        };
        if places[column].replace(place).is_some() {
            return Err(format!("the column `{name}` is there twice"));
        }
    }
    match (0..NEEDED).find(|column| places[*column].is_none()) {
        Some(column) => {
            Err(format!("no column `{}`; expected {}", COLUMNS[column], COLUMNS[..NEEDED].join(", ")))
        }
        None => Ok(places),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_meaning_is_said_with_its_line_and_without_names() {
        for (text, reason) in [
            ("", "grants:1: no column `owner`; expected owner, reader, kinds, until"),
            ("owner,reader,kinds", "grants:1: no column `until`; expected owner, reader, kinds, until"),
            (
                "owner,raeder,kinds,until",
                "grants:1: unknown column `raeder`; there are owner, reader, kinds, until, id, basis, purpose; did you mean `reader`?",
            ),
            ("owner,reader,kinds,until,until", "grants:1: the column `until` is there twice"),
            (
                "owner,reader,kinds,until\na,b,*,\na,b,emial,",
                "grants:3: `kinds`: unknown kind `emial`; did you mean `email`?",
            ),
            ("owner,reader,kinds,until\na,b,,", "grants:2: `kinds` is empty"),
            ("owner,reader,kinds,until\n,b,*,", "grants:2: `owner` is empty"),
            (
                "owner,reader,kinds,until\r\na,b,*,\r\na,b,*;email,",
                "grants:3: `kinds`: `*` stands for all kinds and stands alone",
            ),
            (
                "owner,reader,kinds,until\na,b,email;,",
                "grants:2: `kinds`: expected kinds with `;` between them, or `*`",
            ),
            (
                "owner,reader,kinds,until\na,b,*,31.12.2026",
                "grants:2: `until`: expected a day such as 2026-12-31, or nothing",
            ),
            (
                "owner,reader,kinds,until\na,b,*",
                "grants:2: expected 4 cells as in the header, found 3; is a quote not closed?",
            ),
            (
                "owner,reader,kinds,until\n\"a,b,*,\na,b\",b,*,",
                "grants:2: a cell goes over several lines; is a quote not closed?",
            ),
        ] {
            assert_eq!(Grants::from_csv(text).unwrap_err().to_string(), reason);
        }
        assert!(Grants::open("no/such/file.csv").unwrap_err().is_io());
        let grants = Grants::from_csv("\u{feff}reader,owner,until,kinds\r\nb,a,,*\r\n").unwrap();
        assert_eq!((grants.len(), format!("{grants:?}")), (1, "Grants { rows: 1 }".into()));
    }
}
