//! Rounds in turns, and the table of what they took.

use std::time::Instant;

/// What is timed, under a name.
pub(crate) struct Row<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
    times: Vec<f64>,
    is_measure: bool,
}

impl<'a> Row<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run), times: Vec::new(), is_measure: false }
    }

    /// The others are compared with it.
    pub(crate) fn that_measures(self) -> Self {
        Self { is_measure: true, ..self }
    }

    fn median(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

pub(crate) struct Table<'a> {
    title: String,
    units: usize,
    unit: &'static str,
    rows: Vec<Row<'a>>,
}

impl<'a> Table<'a> {
    /// A table of times, divided by so many units each.
    pub(crate) fn new(title: String, units: usize, unit: &'static str) -> Self {
        Self { title, units, unit, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, row: Row<'a>) {
        self.rows.push(row);
    }

    /// Runs every row once before the clock starts, then all of them in turns, and prints the medians.
    pub(crate) fn measure(mut self, rounds: usize) {
        self.rows.iter_mut().for_each(|row| (row.run)());
        for _ in 0..rounds {
            for row in &mut self.rows {
                let begin = Instant::now();
                (row.run)();
                row.times.push(begin.elapsed().as_nanos() as f64 / self.units as f64);
            }
        }
        let measure = self.rows.iter().find(|row| row.is_measure).map_or(f64::NAN, Row::median);
        println!("\n{}", self.title);
        println!("{:36} {:>10} {:>14}", "", self.unit, "times as fast");
        for row in &self.rows {
            println!("{:36} {:>10.2} {:>13.2}x", row.name, row.median(), measure / row.median());
        }
    }
}
