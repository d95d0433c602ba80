//! Answers of an airline's assistant (see the data's own licence), each to one customer: what is theirs passes, what is another's does not.
//!
//! The data are not part of the crate. Where `../shared/data/airline` is not there, these tests say so and pass.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{Place, Seeded};

struct Airline {
    place: Place,
    /// id, recipient, text
    answers: Vec<(String, String, String)>,
    owners: Vec<String>,
    /// Emails, user names and booking codes in lower case, and whose they are.
    values: BTreeMap<String, BTreeSet<String>>,
}

impl Airline {
    fn new() -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/airline");
        let (table, lines) = (folder.join("customers.csv"), folder.join("answers.jsonl"));
        if !table.exists() || !lines.exists() {
            println!("skipped: ../shared/data/airline is not there");
            return None;
        }
        let place = Place::new();
        std::fs::copy(&table, place.path("customers.csv")).unwrap();
        let built = place.run("index build customers.csv -o index.tlx").well();
        println!("{}{}", built.out, built.err);
        let answers = std::fs::read_to_string(lines).unwrap();
        let answers = answers.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| line[name].as_str().unwrap().to_owned();
            (field("id"), field("recipient"), field("text"))
        });
        let (mut owners, mut values) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
        let mut table = csv::Reader::from_path(table).unwrap();
        for row in table.deserialize() {
            let row: BTreeMap<String, String> = row.unwrap();
            let owner = row["customer_id"].clone();
            for value in ["email", "username", "booking"].iter().flat_map(|column| row[*column].split(';')) {
                if !value.trim().is_empty() {
                    values.entry(value.trim().to_lowercase()).or_default().insert(owner.clone());
                }
            }
            owners.push(owner);
        }
        Some(Self { place, answers: answers.collect(), owners, values })
    }

    /// The answers as they are shown to these readers.
    fn shown(&self, readers: &[&str], options: &str) -> Vec<Value> {
        let lines = self.answers.iter().zip(readers).map(|((id, _, text), reader)| {
            json!({"id": id, "reader": reader, "text": text}).to_string() + "\n"
        });
        let command = format!("filter --index index.tlx --format jsonl {options}");
        let out = self.place.fed(&command, lines.collect::<String>()).quietly();
        let shown: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(shown.len(), self.answers.len());
        shown
    }

    /// For every answer another customer than its recipient.
    fn others(&self, seed: u64) -> Vec<&str> {
        let mut random = Seeded(seed);
        let mut other = |recipient: &str| loop {
            let owner = &self.owners[random.below(self.owners.len())];
            if owner != recipient {
                return owner.as_str();
            }
        };
        self.answers.iter().map(|(_, recipient, _)| other(recipient)).collect()
    }

    /// How many values of people other than the reader stand in a text by themselves.
    fn strange_values(&self, text: &str, reader: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let stands_alone = |(at, value): (usize, &str)| {
            !text[..at].ends_with(is_word) && !text[at + value.len()..].starts_with(is_word)
        };
        self.values
            .iter()
            .filter(|(value, owners)| {
                !owners.contains(reader) && text.match_indices(value.as_str()).any(stands_alone)
            })
            .map(|(value, owners)| format!("{value} of {owners:?}"))
            .collect()
    }
}

/// The text with the reported spans replaced and nothing else changed.
fn replaced(text: &str, findings: &Value) -> String {
    let (mut safe, mut done) = (String::new(), 0);
    for finding in findings.as_array().unwrap().iter().filter(|finding| finding["action"] == "redact") {
        let [start, end] = ["start", "end"].map(|key| finding[key].as_u64().unwrap() as usize);
        assert!(done <= start && start < end, "{findings}");
        let label = match finding["kind"].as_str().unwrap() {
            "card_last4" => "CARD ENDING".to_owned(),
            kind => kind.to_uppercase().replace('_', " "),
        };
        safe += &format!("{}[{label}]", &text[done..start]);
        done = end;
    }
    safe + &text[done..]
}

#[test]
fn nearly_nothing_is_withheld_from_the_one_it_belongs_to() {
    let Some(airline) = Airline::new() else { return };
    let readers: Vec<&str> = airline.answers.iter().map(|(_, recipient, _)| recipient.as_str()).collect();
    let shown = airline.shown(&readers, "");
    let mut withheld = 0;
    for ((id, recipient, text), answer) in airline.answers.iter().zip(&shown) {
        assert_eq!(answer["text"], replaced(text, &answer["findings"]), "{id}");
        if answer["text"] != text.as_str() {
            println!("{id} to {recipient}: {text:?} became {}", answer["text"]);
            withheld += 1;
        }
    }
    println!("{withheld} of {} answers had something withheld from their reader", shown.len());
    assert!(withheld * 1_000 <= 3 * shown.len());
}

#[test]
fn no_strong_value_of_a_third_person_passes() {
    let Some(airline) = Airline::new() else { return };
    for seed in [1, 2, 3] {
        println!("seed {seed}");
        let readers = airline.others(seed);
        let shown = airline.shown(&readers, "");
        let (mut given, mut passed) = (0, Vec::new());
        for (((id, _, text), reader), answer) in airline.answers.iter().zip(&readers).zip(&shown) {
            let safe = answer["text"].as_str().unwrap();
            given += airline.strange_values(text, reader).len();
            passed.extend(
                airline
                    .strange_values(safe, reader)
                    .into_iter()
                    .map(|value| format!("{id} to {reader}: {value}")),
            );
            assert_eq!(safe, replaced(text, &answer["findings"]), "{id} to {reader}");
        }
        println!("{given} values of other people, {} passed", passed.len());
        assert!(given > 400 && passed.is_empty(), "{given}: {passed:#?}");
    }
}

#[test]
fn pieces_of_any_size_give_the_same_answers_and_findings() {
    let Some(airline) = Airline::new() else { return };
    let readers = airline.others(4);
    let whole = airline.shown(&readers, "");
    for chunk in 1..=9 {
        let pieces = airline.shown(&readers, &format!("--chunk {chunk}"));
        for (answer, whole) in pieces.iter().zip(&whole) {
            assert_eq!(answer, whole, "in pieces of {chunk}");
        }
    }
}

/// A customer, as the table has them: the weak facts as they are written most plainly.
struct Customer {
    id: String,
    name: String,
    facts: Vec<String>,
}

impl Airline {
    fn customers(&self) -> Vec<Customer> {
        let mut table = csv::Reader::from_path(self.place.path("customers.csv")).unwrap();
        let customer = |row: BTreeMap<String, String>| {
            let facts =
                ["date_of_birth", "postcode", "card_last4"].iter().flat_map(|kind| row[*kind].split(';'));
            let facts = facts.map(str::trim).filter(|fact| !fact.is_empty()).map(str::to_owned).collect();
            Customer { id: row["customer_id"].clone(), name: row["name"].clone(), facts }
        };
        table.deserialize().map(|row| customer(row.unwrap())).collect()
    }
}

/// Whether a text says something by itself, not within a longer word or number.
fn says(text: &str, said: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric();
    text.match_indices(said).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + said.len()..]);
        let digit_behind = behind
            .strip_prefix(['.', ',', '-'])
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let is_amount = before.ends_with(['$', '€', '.', ',', '-', '#']);
        !before.ends_with(is_word) && !behind.starts_with(is_word) && !digit_behind && !is_amount
    })
}

#[test]
fn a_name_does_not_pass_beside_a_fact_about_the_same_person() {
    let Some(airline) = Airline::new() else { return };
    let customers = airline.customers();
    for seed in [1, 2, 3] {
        let readers = airline.others(seed);
        let shown = airline.shown(&readers, "");
        let (mut given, mut passed) = (0, Vec::new());
        for (((id, _, text), reader), answer) in airline.answers.iter().zip(&readers).zip(&shown) {
            let safe = answer["text"].as_str().unwrap();
            for customer in customers.iter().filter(|customer| says(text, &customer.name)) {
                for fact in customer.facts.iter().filter(|fact| says(text, fact)) {
                    let fits = |other: &&Customer| other.name == customer.name && other.facts.contains(fact);
                    let fitting: Vec<&Customer> = customers.iter().filter(fits).collect();
                    if fitting.len() >= 5 || fitting.iter().any(|other| other.id == *reader) {
                        continue;
                    }
                    given += 1;
                    if says(safe, &customer.name) && says(safe, fact) {
                        passed.push(format!("{id} to {reader}: {} with {fact} in {safe:?}", customer.name));
                    }
                }
            }
        }
        println!("seed {seed}: {given} facts beside a name, {} passed", passed.len());
        assert!(passed.is_empty(), "{passed:#?}");
    }
}

#[test]
fn companions_that_a_customer_has_saved_pass_to_that_customer() {
    let Some(airline) = Airline::new() else { return };
    let table = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/airline/companions.csv");
    let table = std::fs::read_to_string(table).unwrap();
    let rows = table.split_once('\n').unwrap().1;
    airline.place.write("companions.csv", format!("customer_id,name,date_of_birth\n{rows}"));
    airline.place.run("index build customers.csv companions.csv -o both.tlx").well();
    let lines = airline
        .answers
        .iter()
        .map(|(id, recipient, text)| json!({"id": id, "reader": recipient, "text": text}).to_string() + "\n");
    let lines: String = lines.collect();
    let out = airline.place.fed("filter --index both.tlx --format jsonl", lines).quietly();
    let mut withheld = 0;
    for ((id, _, text), answer) in airline.answers.iter().zip(out.lines()) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        if answer["text"] != text.as_str() {
            println!("{id}: {text:?} became {}", answer["text"]);
            withheld += 1;
        }
    }
    println!("{withheld} of {} answers had something withheld from their reader", airline.answers.len());
    assert!(withheld * 1_000 <= 3 * airline.answers.len());
}
