//! Following a table: the index stays within seconds of a database.
//!
//! Takes a query with a column that says when a row was last changed, gives the index in its folder the rows that did; promises that no row is
//! lost, whatever order transactions commit in and whenever either side is restarted.
//!
//! **What is read.** A row's time of change is written before its transaction commits, so that rows appear out of order: one that was
//! changed a minute ago may become visible now. Every look at the database is one snapshot. It reads all rows since a *cursor*, which is chosen so that
//! whatever this snapshot did not show can only have later times:
//!
//! ```text
//! cursor = latest time seen - age of the oldest transaction that is still open - overlap
//! ```
//!
//! The age comes from the snapshot itself: a transaction that is open has a number of at least `pg_snapshot_xmin`, so that it got its number after
//! any earlier look whose `pg_snapshot_xmax` was not above that; those looks are kept with their times. Numbers are given at the first
//! write. For a transaction that only reads at first there is the overlap, and `pg_stat_activity`, as far as the role may see others' sessions
//! (`pg_read_all_stats`). All times are compared with other times of the same column, never with a clock, so that it does not matter in which
//! time zone an application writes. A column of type `xid8` (filled with `pg_current_xact_id()` by a trigger) needs none of this: rows from
//! `pg_snapshot_xmin` on are read.
//!
//! Rows that are read again and say what they said are dropped. Of an owner with a changed row all rows are read, since their values add up.
//!
//! **Where it stands** is written beside the manifest ([`State`]) after the index was changed: whatever breaks off between the two is done again, and
//! doing it again changes nothing.
//!
//! **Who is gone** is told by a column (a tombstone), or found by comparing all owners at intervals, or both.

#[cfg(all(feature = "cli", feature = "postgres"))]
mod apply;
#[cfg(all(feature = "cli", feature = "postgres"))]
mod cursor;
#[cfg(all(feature = "cli", feature = "postgres"))]
mod follower;
mod state;
#[cfg(all(feature = "cli", feature = "postgres"))]
mod window;

#[cfg(all(feature = "cli", feature = "postgres"))]
pub(crate) use follower::{Follower, Looked, Table};
pub(crate) use state::State;
