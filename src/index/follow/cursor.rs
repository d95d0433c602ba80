//! From which time on rows have to be read again.

use postgres::Transaction;

use super::super::source::postgres::Database;
use super::state::State;
use crate::error::Result;

/// A transaction that has written nothing yet holds the cursor back for no longer than this, or one reader of hours would have hours read again.
const LONGEST_READER: f64 = 300.0;

/// A transaction that was open before the first look may be this old.
const BEFORE_FIRST: f64 = 3_600.0;

/// So many looks are kept; older ones are thinned out.
const MOST_LOOKS: usize = 256;

/// What a snapshot says of transactions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Seconds by the database's clock.
    pub(super) now: f64,
    /// The lowest number of a transaction that is open, and the next number.
    pub(super) xmin: i64,
    xmax: i64,
    /// How long the oldest transaction is open, as far as the role may know.
    oldest: f64,
}

impl Bounds {
    /// Asks the snapshot of a transaction; to be asked first, as its times must not be later than the snapshot.
    pub(super) fn of(database: &Database, transaction: &mut Transaction) -> Result<Self> {
        let asked = "SELECT extract(epoch FROM statement_timestamp())::float8, \
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint, \
            coalesce((SELECT extract(epoch FROM statement_timestamp() - min(xact_start)) FROM pg_stat_activity \
                WHERE pid <> pg_backend_pid() AND datname = current_database() AND xact_start > statement_timestamp() - interval '5 minutes'), 0)::float8";
        let row = transaction
            .query_one(asked, &[])
            .map_err(|error| database.failed("cannot look at its transactions", &error))?;
        Ok(Self { now: row.get(0), xmin: row.get(1), xmax: row.get(2), oldest: row.get(3) })
    }

    /// Notes the first look.
    pub(super) fn begin(&self) -> Vec<(f64, i64)> {
        vec![(self.now - BEFORE_FIRST, 0)]
    }

    /// Microseconds that the oldest transaction may be open. Notes this look, and forgets those that no open transaction needs any more.
    pub(super) fn age(&self, looks: &mut Vec<(f64, i64)>) -> i64 {
        // Whatever is open got its number after this look.
        let since = looks.iter().rposition(|(_, next)| *next <= self.xmin).unwrap_or(0);
        let with_number = if self.xmin < self.xmax {
            looks.get(since).map_or(BEFORE_FIRST, |(at, _)| self.now - at)
        } else {
            0.0
        };
        looks.drain(..since);
        looks.push((self.now, self.xmax));
        if looks.len() > MOST_LOOKS {
            // Dropping a look is safe: the one before it stands for it.
            let mut place = 0;
            looks.retain(|_| {
                place += 1;
                place == 1 || place % 2 == 0
            });
        }
        (with_number.max(self.oldest.clamp(0.0, LONGEST_READER)) * 1e6) as i64
    }
}

impl State {
    /// Moves the cursor to where everything before it has been seen.
    pub(super) fn advance(&mut self, bounds: &Bounds, is_number: bool, overlap: f64) {
        let age = bounds.age(&mut self.looks);
        self.cursor = if is_number {
            bounds.xmin
        } else {
            self.latest.saturating_sub(age).saturating_sub((overlap * 1e6) as i64)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: f64, xmin: i64, xmax: i64) -> Bounds {
        Bounds { now, xmin, xmax, oldest: 0.0 }
    }

    #[test]
    fn an_open_transaction_holds_the_cursor() {
        let mut looks = at(1_000.0, 10, 10).begin();
        assert_eq!(at(1_000.0, 10, 10).age(&mut looks), 0, "nothing is open");
        assert_eq!(at(1_001.0, 12, 15).age(&mut looks), 1_000_000, "12 was not there at the look before");
        // 12 stays open while others commit: since the look at 1,000, when 10 was next.
        for second in 2..70 {
            let age = at(1_000.0 + f64::from(second), 12, 15 + i64::from(second)).age(&mut looks);
            assert_eq!(age, i64::from(second) * 1_000_000);
        }
        assert_eq!(at(1_070.0, 90, 90).age(&mut looks), 0);
        assert_eq!(at(1_071.0, 90, 91).age(&mut looks), 1_000_000);
    }

    #[test]
    fn a_transaction_older_than_the_first_look_may_be_old() {
        let first = at(1_000.0, 5, 10);
        let mut looks = first.begin();
        assert_eq!(first.age(&mut looks), 3_600_000_000);
        assert_eq!(at(1_010.0, 5, 12).age(&mut looks), 3_610_000_000);
        assert_eq!(at(1_020.0, 10, 12).age(&mut looks), 20_000_000);
    }

    #[test]
    fn many_looks_are_thinned_out_and_the_first_is_kept() {
        let mut looks = at(0.0, 1, 1).begin();
        for second in 0..10_000 {
            let age = at(f64::from(second), 1, 2 + i64::from(second)).age(&mut looks);
            assert_eq!(age, i64::from(second) * 1_000_000 + 3_600_000_000 * i64::from(looks[0].1 == 0));
            assert!(looks.len() <= MOST_LOOKS);
        }
    }
}
