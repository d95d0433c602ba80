//! One measurement, from the customers to the report.

use super::cases::Material;
use super::census::Census;
use super::measure::Bench;
use super::people::People;
use super::report::{ClassRates, Report};
use super::writing::{CLASSES, Class};
use crate::error::{Result, did_you_mean};
use crate::{Identifier, Index, IndexBuilder, Policy};

/// What is measured.
pub(in crate::cli) struct Quality {
    pub(in crate::cli) owners: usize,
    pub(in crate::cli) cases: usize,
    pub(in crate::cli) seed: u64,
    pub(in crate::cli) policy: Policy,
    /// The index holds its keys backwards too.
    pub(in crate::cli) reversed: bool,
    /// Only these classes; empty: all.
    pub(in crate::cli) only: Vec<Selection>,
    /// How many examples of each way to go wrong are shown of a class.
    pub(in crate::cli) examples: usize,
}

/// A class, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Selection(&'static str);

/// Answers without anybody's data.
pub(super) const CLEAN: &str = "clean";

impl Selection {
    pub(in crate::cli) fn parse(name: &str) -> std::result::Result<Self, String> {
        let mut names = CLASSES.iter().map(|class| class.name).chain([CLEAN]);
        names.clone().find(|known| *known == name).map(Self).ok_or_else(|| {
            let all: Vec<&str> = names.by_ref().collect();
            format!("the classes are {}{}", all.join(", "), did_you_mean(name, all.iter().copied()))
        })
    }
}

impl Quality {
    pub(in crate::cli) fn measure(&self) -> Result<Report> {
        let people = People { seed: self.seed, owners: self.owners };
        let (index, census) = known(&people, self.reversed)?;
        let info = index.info();
        let material = Material::new(people, census, &self.policy);
        let bench = Bench {
            material: &material,
            index: &index,
            policy: &self.policy,
            cases: self.cases,
            examples: self.examples,
        };
        let is_wanted = |name| self.only.is_empty() || self.only.contains(&Selection(name));
        let classes: Vec<&Class> = CLASSES.iter().filter(|class| is_wanted(class.name)).collect();
        let measured = bench.classes(&classes);
        let classes =
            classes.into_iter().zip(measured).map(|(class, measured)| ClassRates::new(class, measured));
        Ok(Report {
            seed: self.seed,
            owners: self.owners,
            identifiers: info.identifiers.values().sum(),
            policy: self.policy.name().to_owned(),
            classes: classes.collect(),
            clean: is_wanted(CLEAN).then(|| bench.clean().into()),
            beyond: Vec::new(),
        })
    }
}

/// The index of everybody, and the count of what they have.
fn known(people: &People, reversed: bool) -> Result<(Index, Census)> {
    let (mut builder, mut census) = (IndexBuilder::new().reversed(reversed), Census::default());
    for person in people.all() {
        for (kind, text) in &person.values {
            builder.add(Identifier { owner: &person.owner, kind: kind.clone(), text })?;
        }
        census.add(&person);
    }
    Ok((builder.finish_in_memory()?, census.counted()))
}
