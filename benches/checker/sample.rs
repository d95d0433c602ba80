//! Invented customers and text about them, the same in every run.

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
        let mut builder = IndexBuilder::new();
        for (number, customer) in self.customers.iter().enumerate() {
            let owner = format!("C-{number:07}");
            for (kind, text) in KINDS.into_iter().zip(customer) {
                builder.add(Identifier { owner: &owner, kind, text }).expect("samples are valid");
            }
        }
        builder.finish_in_memory().expect("samples fit in memory")
    }

    /// Prose with somebody's data in every other sentence.
    pub(crate) fn dense_text(&self, prose: &str) -> String {
        let mut random = Random(2);
        let mut text = String::new();
        for sentence in prose.split_inclusive(". ") {
            text.push_str(sentence);
            let customer = &self.customers[random.below(self.customers.len())];
            text.push_str(&format!("It is {}. ", customer[random.below(customer.len())]));
        }
        text
    }
}

/// Ordinary text without anybody's data.
pub(crate) fn prose() -> &'static str {
    include_str!("prose.txt")
}
