#![allow(dead_code)] // each bench uses a part of it
//! Invented customers and text about them, the same in every run.

use std::ops::Range;

use tightlip::{Identifier, Index, IndexBuilder, Kind};

/// Customers with six identifiers each.
pub(crate) struct Sample {
    customers: Vec<[String; 6]>,
}

const KINDS: [Kind; 6] =
    [Kind::Name, Kind::Email, Kind::Phone, Kind::Address, Kind::Account, Kind::Reference];

const FIRST: &str = "Aaron Ada Alice Amir Anna Arthur Beatrice Bela Ben Carla Carlos Chen Clara Daniel Diana Dora Edith Elena Emil Emma Erik Esther \
    Eva Fatima Felix Finn Flora Frank Gabriel George Greta Hanna Hector Helen Hugo Ida Igor Ines Iris Ivan Jack Jana Jasmin Joan Jonas Julia Karim Karl \
    Kate Kenji Lara Laura Lea Leo Lina Lucas Maja Marco Maria Mark Martha Max May Mei Mia Milan Mina Mohamed Nadia Nina Noah Nora Olga Oliver Omar Oscar \
    Paul Petra Pia Priya Rafael Raj Rita Rosa Ruth Sam Sara Selma Sofia Stella Sven Tara Theo Thomas Tim Tom Uma Vera Victor Walter Will Yara Yusuf Zoe";

const LAST: &str = "Abbott Acosta Adler Ahmed Alvarez Andersen Bailey Baker Barnes Bauer Becker Bell Berg Bianchi Brandt Brooks Brown Burke Carter Castro \
    Chang Clark Cohen Costa Cruz Dahl Davis Diaz Dixon Dubois Duncan Engel Evans Ferrari Fischer Fleming Ford Fox Garcia Gray Green Gupta Haas Hall Hansen \
    Harper Hayes Hill Hoffman Hughes Ito Ivanov Jansen Jensen Kaiser Kaya Keller Khan Kim King Klein Kovacs Lang Larsen Lee Lehmann Lopez Marino Martin Mason \
    Mendez Meyer Miller Moore Morales Mueller Murphy Nakamura Nelson Nguyen Novak Olsen Ortiz Owens Palmer Park Patel Perez Petrov Price Quinn Ramos Reed \
    Reyes Rice Rossi Ruiz Russo Santos Sato Schmidt Schulz Silva Singh Smith Stein Stone Suzuki Tanaka Taylor Torres Turner Vargas Vogel Wagner Walsh Ward \
    Weber West White Wolf Wong Wood Wright Yamada Yang Young Zimmer";

const STREETS: &str = "Oak Maple Cedar Pine Elm Lake Hill River Park Sunset Highland Meadow Forest Spring Church Mill Garden Valley Orchard Bridge";

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn code(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length).map(|_| alphabet[self.below(alphabet.len())] as char).collect()
    }
}

impl Sample {
    pub(crate) fn new(owners: usize) -> Self {
        let [first, last, streets] =
            [FIRST, LAST, STREETS].map(|words| words.split_whitespace().collect::<Vec<_>>());
        let mut random = Random(1);
        let customer = |_| {
            let (f, l) = (random.pick(&first), random.pick(&last));
            let (digits, letters) = (b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
            let number = random.below(10_000);
            let street = random.pick(&streets);
            [
                format!("{f} {l}"),
                format!("{}.{}{number}@example.com", f.to_lowercase(), l.to_lowercase()),
                format!("({}{}) 555-{}", 2 + random.below(8), random.code(2, digits), random.code(4, digits)),
                format!("{} {street} Street, Apartment {}", 1 + random.below(9999), 1 + random.below(99)),
                random.code(12, digits),
                random.code(6, letters),
            ]
        };
        Self { customers: (0..owners).map(customer).collect() }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().flatten().map(String::as_str)
    }

    pub(crate) fn index(&self) -> Index {
        self.builder().finish_in_memory().expect("samples fit in memory")
    }

    pub(crate) fn builder(&self) -> IndexBuilder {
        let mut builder = IndexBuilder::new();
        for (number, customer) in self.customers.iter().enumerate() {
            let owner = format!("C-{number:07}");
            for (kind, text) in KINDS.into_iter().zip(customer) {
                builder.add(Identifier { owner: &owner, kind, text }).expect("samples are valid");
            }
        }
        builder
    }

    /// Prose with somebody's data in every other sentence, and where they stand.
    pub(crate) fn dense_text(&self, prose: &str) -> (String, Vec<Range<usize>>) {
        let mut random = Random(2);
        let (mut text, mut planted) = (String::new(), Vec::new());
        for sentence in prose.split_inclusive(". ") {
            text.push_str(sentence);
            let customer = &self.customers[random.below(self.customers.len())];
            let value = &customer[random.below(customer.len())];
            text.push_str("It is ");
            planted.push(text.len()..text.len() + value.len());
            text.push_str(value);
            text.push_str(". ");
        }
        (text, planted)
    }

    /// What a customer service writes: names that many people have in every other line, and nobody's data.
    pub(crate) fn service_text(&self, bytes: usize) -> String {
        let first: Vec<&str> = FIRST.split_whitespace().collect();
        let mut random = Random(4);
        let mut text = String::new();
        while text.len() < bytes {
            let (one, other) = (random.pick(&first), random.pick(&first));
            text.push_str(&match random.below(6) {
                0 => format!("Hello {one},\n\nthank you for writing to us. I have looked into your booking and found the reason for the delay.\n\n"),
                1 => format!("My colleague {one} has already asked the warehouse, and {other} will call you once there is an answer.\n\n"),
                2 => "The refund of $129.50 was sent on 12 March 2026 and should reach you within five to seven working days.\n\n".into(),
                3 => "You can change the seat until 24 hours before departure; please have your booking code at hand.\n\n".into(),
                4 => format!("Is there anything else that I can do for you today?\n\nKind regards,\n{one}\n\n"),
                _ => "1. Open the app and choose **Trips**.\n2. Tap the flight that you would like to change.\n3. Confirm with *Save*.\n\n".into(),
            });
        }
        text.truncate(bytes);
        text
    }

    /// Texts that keep a check as busy as can be, each for another reason.
    pub(crate) fn worst_texts(&self, bytes: usize) -> Vec<(&'static str, String)> {
        let mut random = Random(5);
        let mut repeated = |mut part: Box<dyn FnMut(&mut Random) -> String + '_>| {
            let mut text = String::new();
            while text.len() < bytes {
                text.push_str(&part(&mut random));
            }
            text
        };
        let customers = &self.customers;
        let words = ["one", "two", "three", "four", "double five", "oh", "seven", "twenty", "hundred"];
        vec![
            (
                "keys without their end",
                repeated(Box::new(move |random| {
                    let customer = &customers[random.below(customers.len())];
                    let value = &customer[random.below(customer.len())];
                    let mut characters = value.chars();
                    characters.next_back();
                    characters.as_str().to_owned() + " "
                })),
            ),
            ("single digits", repeated(Box::new(|random| format!("{} ", random.below(10))))),
            ("groups of digits", repeated(Box::new(|random| format!("{} ", 100 + random.below(900))))),
            ("number words", repeated(Box::new(move |random| format!("{} ", random.pick(&words))))),
            (
                "single letters",
                repeated(Box::new(|random| random.code(1, b"abcdefghijklmnoprstuvwyz") + " ")),
            ),
            (
                "base64",
                repeated(Box::new(|random| {
                    random.code(63, b"ABCDEFabcdefghijklmnopqrstuvwxyz0123456789+/") + "\n"
                })),
            ),
            ("hexadecimal", repeated(Box::new(|random| random.code(2, b"234567") + " "))),
            ("percent escapes", repeated(Box::new(|random| format!("%{:02x}", 0x61 + random.below(26))))),
            ("markup", repeated(Box::new(|random| format!("**{}** |`", random.code(3, b"abcdeimnorst"))))),
            ("separators", repeated(Box::new(|_| "a - . - . ".to_owned()))),
        ]
    }
}

/// Ordinary text without anybody's data.
pub(crate) fn prose() -> &'static str {
    include_str!("prose.txt")
}

/// The parts of a text that end so, in random order until there are `bytes` of them, so that no engine learns it by heart.
pub(crate) fn shuffled(text: &str, end: &str, bytes: usize) -> String {
    let parts: Vec<&str> = text.split_inclusive(end).collect();
    let (mut random, mut shuffled) = (Random(3), String::new());
    while shuffled.len() < bytes {
        shuffled.push_str(parts[random.below(parts.len())]);
    }
    shuffled
}
