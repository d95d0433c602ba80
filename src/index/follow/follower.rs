//! Looking at a database again and again.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::types::Type;
use postgres::{Client, Transaction};
use xxhash_rust::xxh3::xxh3_64;

use super::super::source::postgres::{Asked, Database, copied, quoted, snapshot};
use super::super::source::{Columns, Take};
use super::super::{Index, IndexBuilder, Opening, Schema, manifest};
use super::apply::{Applied, Bad, add, apply, updating};
use super::cursor::Bounds;
use super::state::{State, now};
use super::window::{Seen, Window, each};
use crate::error::{Error, Result};

/// The name of the file that says that an index is followed already.
const LOCK: &str = "follow.lock";

/// Microseconds from 1970 back to 4369 BC, shortly after the first moment that PostgreSQL knows.
const EARLIEST: i64 = -200_000_000_000_000_000;

/// So many owners are asked for at once by their names.
const AT_ONCE: usize = 1_000;

/// What is followed.
pub(crate) struct Table {
    pub(crate) database: Database,
    pub(crate) query: String,
    /// The column that says when a row was last changed.
    pub(crate) key: String,
    /// The column that says that a row is gone.
    pub(crate) gone: Option<String>,
    pub(crate) schema: Schema,
    /// With which key the index is opened.
    pub(crate) opening: Opening,
    /// Further back than the cursor would have to.
    pub(crate) overlap: Duration,
    /// How often all owners are compared.
    pub(crate) compare_every: Option<Duration>,
}

/// Keeps the index in a folder at what a table says.
pub(crate) struct Follower {
    table: Table,
    folder: PathBuf,
    /// What makes the index if there is none.
    fresh: Box<dyn Fn() -> IndexBuilder>,
    client: Option<Client>,
    seen: Seen,
    lock: Option<File>,
    /// The index as it is, and what its manifest looked like when it was opened.
    opened: RefCell<Option<(u64, Index)>>,
}

/// What a look has found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Looked {
    pub(crate) applied: Applied,
    /// Rows that were read.
    pub(crate) rows: usize,
    /// Everything was read, or all owners were compared.
    pub(crate) whole: bool,
}

/// The query with its columns, as it is asked.
struct Question {
    asked: Asked,
    columns: Columns,
    /// `SELECT time of change, is gone, columns… FROM query`, with its conditions still to come.
    select: String,
    owner: String,
    kind: KeyKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    /// With its time zone, or without.
    Moment {
        zoned: bool,
    },
    Number,
}

impl Follower {
    /// Opens what is there. `fresh` makes the builder of an index that is not there yet.
    ///
    /// # Errors
    /// The folder holds something else, or is followed by another process.
    pub(crate) fn new(table: Table, folder: &Path, fresh: Box<dyn Fn() -> IndexBuilder>) -> Result<Self> {
        IndexBuilder::check_folder(folder)?;
        let mut follower = Self {
            table,
            folder: folder.to_owned(),
            fresh,
            client: None,
            seen: Seen::new(),
            lock: None,
            opened: RefCell::default(),
        };
        if follower.has_index() {
            follower.take_lock()?;
        }
        Ok(follower)
    }

    /// What messages call the database.
    pub(crate) fn name(&self) -> &str {
        self.table.database.name()
    }

    /// Reads what has changed since the last look, brings the index to it, and notes where that leaves it. With `compared` all owners are compared,
    /// whenever they last were.
    ///
    /// # Errors
    /// The database cannot be asked or the index cannot be changed; the next look will begin where this one did.
    pub(crate) fn look(&mut self, compared: bool, bad: &mut Bad) -> Result<Looked> {
        let mut client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => self.table.database.connect()?,
        };
        let looked = self.look_by(&mut client, compared, bad)?;
        self.client = Some(client);
        Ok(looked)
    }

    fn look_by(&mut self, client: &mut Client, compared: bool, bad: &mut Bad) -> Result<Looked> {
        let begun_at = now();
        let database = &self.table.database;
        let mut transaction = snapshot(client, database)?;
        let bounds = Bounds::of(database, &mut transaction)?;
        let index = self.index()?;
        let question = self.question(&mut transaction, index.as_ref())?;
        let known = index.as_ref().and_then(|index| {
            let state = State::read(&self.folder)?;
            (state.lineage == index.generation.lineage() && state.table == self.fingerprint())
                .then_some(state)
        });
        let mut looked = Looked::default();
        let future = question.future(&bounds);
        let read = match (&known, &index) {
            (Some(state), Some(index)) => {
                self.window(&mut transaction, &question, (state, index), future, bad)?
            }
            _ => None,
        };
        let mut state = match (known, read) {
            (Some(mut state), Some((window, applied, seen))) => {
                (looked.rows, looked.applied) = (window.rows, applied);
                self.seen = seen;
                state.latest = window.latest;
                state
            }
            (known, _) => {
                self.seen.clear();
                looked.whole = true;
                let (latest, rows, applied) =
                    self.everything(&mut transaction, &question, index.as_ref(), future, bad)?;
                (looked.rows, looked.applied) = (rows, applied);
                self.take_lock()?;
                State {
                    lineage: self.written()?.generation.lineage().to_owned(),
                    table: self.fingerprint(),
                    cursor: i64::MIN,
                    latest,
                    looks: known.map_or_else(|| bounds.begin(), |state| state.looks),
                    compared_at: begun_at,
                    current_at: begun_at,
                }
            }
        };
        let is_due =
            self.table.compare_every.is_some_and(|every| begun_at - state.compared_at >= every.as_secs_f64());
        if !looked.whole && (compared || is_due) {
            looked.applied += self.compare(&mut transaction, &question, bad)?;
            looked.whole = true;
            state.compared_at = begun_at;
        }
        state.advance(&bounds, question.kind == KeyKind::Number, self.table.overlap.as_secs_f64());
        state.current_at = begun_at;
        state.write(&self.folder)?;
        transaction.commit().map_err(|error| self.table.database.failed("cannot end reading", &error))?;
        Ok(looked)
    }

    /// Applies the owners with rows since the cursor. `None`: there are too many to be held.
    fn window(
        &self,
        transaction: &mut Transaction,
        question: &Question,
        (state, index): (&State, &Index),
        future: i64,
        bad: &mut Bad,
    ) -> Result<Option<(Window, Applied, Seen)>> {
        let (from, key) = (&question.asked.from, quoted(&self.table.key));
        let since = match question.kind {
            KeyKind::Number => format!("'{}'::xid8", state.cursor.max(0)),
            KeyKind::Moment { zoned } => {
                let kind = if zoned { "timestamptz" } else { "timestamp" };
                format!("{kind} 'epoch' + {} * interval '1 microsecond'", state.cursor.max(EARLIEST))
            }
        };
        let owner = &question.owner;
        let select = format!(
            "{} WHERE q.{owner} IN (SELECT q.{owner} FROM {from} WHERE q.{key} >= {since})",
            question.select
        );
        let rows = copied(transaction, &self.table.database, &copy(&select))?;
        let Some(window) = Window::read(rows, &question.columns, state.latest, future)? else {
            return Ok(None);
        };
        let (seen, changed) = window.changed(&self.seen);
        let owners = changed.iter().map(|owner| (*owner, window.owners[*owner].as_slice()));
        let applied = apply(&self.folder, (index, &self.table.opening), &question.columns, owners, bad)?;
        Ok(Some((window, applied, seen)))
    }

    /// Reads all rows as a stream, into an index that is there or into a new one. Gives the latest time of change and how many rows there are.
    fn everything(
        &self,
        transaction: &mut Transaction,
        question: &Question,
        index: Option<&Index>,
        future: i64,
        bad: &mut Bad,
    ) -> Result<(i64, usize, Applied)> {
        let mut builder = match index {
            Some(_) => updating(&self.folder, &self.table.opening)?,
            None => (self.fresh)(),
        };
        let subject =
            |owner: &str| index.map_or_else(|| "a new owner".to_owned(), |index| index.subject(owner));
        let (mut latest, mut count, mut used_rows) = (i64::MIN, 0, 0_u64);
        let mut kept = HashSet::new();

        let rows = copied(transaction, &self.table.database, &copy(&question.select))?;
        each(rows, |record| {
            count += 1;
            latest = record.key().filter(|key| *key < future).map_or(latest, |key| key.max(latest));
            if add(&mut builder, &question.columns, &record, &subject, bad)? {
                used_rows += 1;
                let number = index
                    .zip(record.owner(&question.columns))
                    .and_then(|(index, owner)| index.generation.owner_number(owner));
                kept.extend(number);
            }
            Ok(true)
        })?;
        if used_rows == 0 && index.is_none() {
            return Err(Error::data(
                "the query gives no row with a value that can be used; nothing was written",
            ));
        }
        let gone = index.map(|index| {
            let numbers = index.generation.numbers().filter(|number| !kept.contains(number));
            let names = numbers.filter_map(|number| {
                Some(String::from_utf8_lossy(index.generation.owner_name(number)?).into_owned())
            });
            names.collect::<Vec<_>>()
        });
        builder.finish(&self.folder)?;
        let gone = gone.unwrap_or_default();
        if !gone.is_empty() {
            self.table.opening.erase(&self.folder, gone.iter().map(String::as_str))?;
        }
        Ok((latest, count, Applied { changed: used_rows, gone: gone.len() as u64 }))
    }

    /// Compares all owners: forgets those who are in no row any more, and reads those whom the index does not know.
    fn compare(&self, transaction: &mut Transaction, question: &Question, bad: &mut Bad) -> Result<Applied> {
        let index = self.written()?;
        let (from, owner) = (&question.asked.from, &question.owner);
        let gone = question.gone(&self.table);
        let select = format!(
            "SELECT 0, {gone}, btrim(q.{owner}::text) FROM {from} WHERE NOT {gone} AND q.{owner} IS NOT NULL"
        );
        let rows = copied(transaction, &self.table.database, &copy(&select))?;
        let (mut there, mut unknown) = (HashSet::new(), Vec::new());
        each(rows, |record| {
            let name = record.cell(2);
            match index.generation.owner_number(name) {
                Some(number) => drop(there.insert(number)),
                None if !name.is_empty() => unknown.push(name.to_owned()),
                None => {}
            }
            Ok(true)
        })?;
        unknown.sort_unstable();
        unknown.dedup();
        let left = index.generation.numbers().filter(|number| !there.contains(number));
        let left: Vec<String> = left
            .filter_map(|number| {
                Some(String::from_utf8_lossy(index.generation.owner_name(number)?).into_owned())
            })
            .collect();
        let mut applied = Applied { changed: 0, gone: left.len() as u64 };
        if !left.is_empty() {
            self.table.opening.erase(&self.folder, left.iter().map(String::as_str))?;
        }
        for names in unknown.chunks(AT_ONCE) {
            let names: Vec<String> =
                names.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
            let select = format!(
                "{} WHERE btrim(q.{owner}::text) = ANY(ARRAY[{}])",
                question.select,
                names.join(", ")
            );
            let rows = copied(transaction, &self.table.database, &copy(&select))?;
            let Some(window) = Window::read(rows, &question.columns, 0, i64::MAX)? else { continue };
            let owners = window.owners.iter().map(|(owner, rows)| (owner.as_str(), rows.as_slice()));
            applied += apply(&self.folder, (&index, &self.table.opening), &question.columns, owners, bad)?;
        }
        Ok(applied)
    }

    /// Asks the database what the query gives, and decides what its columns are.
    fn question(&self, transaction: &mut Transaction, index: Option<&Index>) -> Result<Question> {
        let table = &self.table;
        let asked = Asked::of(&table.query, &table.database, transaction)?;
        let find = |name: &str, option: &str| {
            asked.names.iter().position(|known| known == name).ok_or_else(|| {
                Error::config(format!(
                    "{option} {name}: --query gives no such column (it gives {})",
                    asked.names.join(", ")
                ))
            })
        };
        let kind = match &asked.types[find(&table.key, "--key")?] {
            kind if *kind == Type::TIMESTAMPTZ => KeyKind::Moment { zoned: true },
            kind if *kind == Type::TIMESTAMP => KeyKind::Moment { zoned: false },
            kind if *kind == Type::XID8 => KeyKind::Number,
            kind => {
                return Err(Error::config(format!(
                    "--key {}: it is of type {kind}; expected a timestamp (better with its time zone), or an xid8",
                    table.key
                )));
            }
        };
        table.gone.as_deref().map(|gone| find(gone, "--deleted")).transpose()?;
        let is_value = |name: &str| name != table.key && Some(name) != table.gone.as_deref();
        let names: Vec<String> = asked.names.iter().filter(|name| is_value(name)).cloned().collect();
        let kinds = match index {
            Some(index) => index.generation.kinds().to_vec(),
            None => Take::kinds(&(self.fresh)()).to_vec(),
        };
        let columns =
            Columns::new(names.clone(), &table.schema, &kinds).map_err(|error| error.about("--query"))?;
        let key = quoted(&table.key);
        let key = match kind {
            KeyKind::Moment { .. } => format!("(extract(epoch FROM q.{key}) * 1000000)::bigint"),
            KeyKind::Number => format!("q.{key}::text"),
        };
        let mut question =
            Question { owner: quoted(&names[columns.owner()]), asked, columns, select: String::new(), kind };
        let values = question.asked.select(is_value);
        question.select =
            format!("SELECT {key}, {}, {values} FROM {}", question.gone(table), question.asked.from);
        Ok(question)
    }

    fn has_index(&self) -> bool {
        self.folder.join(manifest::NAME).is_file()
    }

    /// The index as it is in the folder, opened anew where it has changed.
    fn index(&self) -> Result<Option<Index>> {
        let Ok(text) = std::fs::read(self.folder.join(manifest::NAME)) else { return Ok(None) };
        let looks_like = xxh3_64(&text);
        let mut opened = self.opened.borrow_mut();
        let index = match opened.take() {
            Some((before, index)) if before == looks_like => index,
            Some((_, index)) => index.reopen(&self.folder)?,
            None => self.table.opening.open(&self.folder)?,
        };
        *opened = Some((looks_like, index.clone()));
        Ok(Some(index))
    }

    /// The index, of which it is known that it is there.
    fn written(&self) -> Result<Index> {
        self.index()?.ok_or_else(|| Error::index(format!("{}: the index is gone", self.folder.display())))
    }

    /// Stands for the table, without the password.
    fn fingerprint(&self) -> String {
        let table = &self.table;
        let mut hash = blake3::Hasher::new();
        for part in
            [table.database.name(), &table.query, &table.key, table.gone.as_deref().unwrap_or_default()]
        {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().to_hex()[..32].to_owned()
    }

    fn take_lock(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = self.folder.join(LOCK);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| Error::file("write to", &path, &error))?;
        if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::config(format!(
                "{} is followed by another process already",
                self.folder.display()
            )));
        }
        self.lock = Some(file);
        Ok(())
    }
}

impl Question {
    /// Whether a row is gone, in SQL: the column is true, or has anything in it if it is none of truth values.
    fn gone(&self, table: &Table) -> String {
        match &table.gone {
            None => "false".into(),
            Some(gone) => format!(
                "coalesce(lower(q.{}::text) NOT IN ('', 'f', 'false', 'n', 'no', '0'), false)",
                quoted(gone)
            ),
        }
    }

    /// Times from here on are mistakes, and do not move the cursor.
    fn future(&self, bounds: &Bounds) -> i64 {
        let ahead = match self.kind {
            KeyKind::Moment { zoned: true } => 60.0,
            // The furthest that a time zone is ahead.
            KeyKind::Moment { zoned: false } => 15.0 * 3_600.0,
            KeyKind::Number => return i64::MAX,
        };
        ((bounds.now + ahead) * 1e6) as i64
    }
}

fn copy(select: &str) -> String {
    format!("COPY ({select}) TO STDOUT (FORMAT csv)")
}
