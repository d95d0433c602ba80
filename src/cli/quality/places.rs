//! Invented addresses, in cities that exist.

use super::random::Random;

/// A postal address in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) number: usize,
    /// Its name, without `Street`.
    pub(super) street: String,
    /// Whole and short: `Street`, `St`. Elsewhere the name says it itself.
    pub(super) kind: Option<(&'static str, &'static str)>,
    /// Whole and short, and which: `Apartment`, `Apt`, `5`.
    pub(super) unit: Option<(&'static str, &'static str, usize)>,
    number_first: bool,
}

const KINDS: [(&str, &str); 14] = [
    ("Street", "St"),
    ("Avenue", "Ave"),
    ("Road", "Rd"),
    ("Drive", "Dr"),
    ("Lane", "Ln"),
    ("Boulevard", "Blvd"),
    ("Court", "Ct"),
    ("Place", "Pl"),
    ("Square", "Sq"),
    ("Terrace", "Ter"),
    ("Parkway", "Pkwy"),
    ("Highway", "Hwy"),
    ("Circle", "Cir"),
    ("Trail", "Trl"),
];

const UNITS: [(&str, &str); 4] = [("Apartment", "Apt"), ("Suite", "Ste"), ("Unit", "Unit"), ("Floor", "Fl")];

const STREETS: (&str, &str) = (
    "Oak Maple Cedar Pine Elm Birch Willow Juniper Chestnut Hawthorn Laurel Magnolia Sycamore Walnut Aspen Poplar Alder Hazel Rowan Larch Amber \
     Silver Golden Copper Granite Marble Slate Flint Crystal Sunset Sunrise Highland Lakeview Riverside Hillcrest Fairview Brookside Meadow Orchard \
     Harbour Mission Garrison Monarch Heron Falcon Kestrel Swallow Badger Otter Fox Deer Quail Robin Wren Raven Prairie Canyon Mesa Summit Valley \
     Cooper Mercer Tanner Weaver Fletcher Thatcher Sawyer Chandler Potter Mason Baker Miller Wheeler Carver Turner",
    "Hill Ridge Creek Park Grove Hollow Bridge Mill Spring Field Gate Point View Glen Bay Cove Crest Bend Crossing Landing Rock Wood Green Heath \
     Moor Ford Well Pond Bank Church Market Station Abbey Castle Manor Farm Barn Garden Forge",
);

const CONTINENTAL: (&str, &str) = (
    "Linden Kastanien Garten Schiller Goethe Bahnhof Kirch Schul Berg Tal Wiesen Rosen Mühlen Ulmen Eichen Birken Buchen Ahorn Sonnen Markt Brunnen \
     Kloster Weber Müller Schmiede Gerber Fischer Jäger Adler Falken Lerchen Amsel Finken",
    "straße weg gasse allee platz ring ufer damm",
);

const FRENCH: &str = "rue;avenue;boulevard;chemin;impasse;allée|des Lilas;de la Gare;du Moulin;des Écoles;de l'Église;Victor-Hugo;du Château;des Acacias;\
    de la Fontaine;des Vignes;du Lavoir;de la République;des Peupliers;du Général-Leclerc;de Bellevue;des Cerisiers;du Stade;de la Forêt;des Rossignols";

const SPANISH: &str = "Calle;Avenida;Paseo;Plaza|de la Constitución;del Río;Mayor;de los Olivos;San José;de la Fuente;del Carmen;Nueva;de las Flores;\
    Santa Lucía;del Mar;de la Paz;San Martín;de la Estación;del Molino;de los Almendros";

impl Address {
    pub(super) fn new(random: &mut Random) -> Self {
        let unit = random.once_in(3).then(|| {
            let (whole, short) = *random.pick(&UNITS);
            (whole, short, random.between(1, if whole == "Floor" { 30 } else { 480 }))
        });
        let of = |random: &mut Random, table: &'static str| {
            let (kinds, names) = table.split_once('|').expect("kinds and names");
            let pick = |random: &mut Random, list: &'static str| {
                let list: Vec<&str> = list.split(';').collect();
                *random.pick(&list)
            };
            format!("{} {}", pick(random, kinds), pick(random, names))
        };
        match random.below(10) {
            0 => Self {
                number: random.between(1, 240),
                street: format!("{}{}", random.word(CONTINENTAL.0), random.word(CONTINENTAL.1)),
                kind: None,
                unit: None,
                number_first: false,
            },
            1 => Self {
                number: random.between(1, 400),
                street: of(random, FRENCH),
                kind: None,
                unit,
                number_first: true,
            },
            2 => Self {
                number: random.between(1, 400),
                street: of(random, SPANISH),
                kind: None,
                unit,
                number_first: false,
            },
            _ => {
                let direction = if random.once_in(8) { random.word("North South East West") } else { "" };
                let second = if random.once_in(2) { random.word(STREETS.1) } else { "" };
                let words = [direction, random.word(STREETS.0), second];
                let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
                Self {
                    number: random.between(1, 9999),
                    street: words.join(" "),
                    kind: Some(*random.pick(&KINDS)),
                    unit,
                    number_first: true,
                }
            }
        }
    }

    /// As a dictionary writes it.
    pub(super) fn written(&self) -> String {
        self.spelled(self.kind.map(|kind| kind.0), self.unit.map(|unit| unit.0))
    }

    /// With short words where there are some.
    pub(super) fn abbreviated(&self, random: &mut Random) -> String {
        let short = |random: &mut Random, whole: &'static str, short: &'static str| match random.below(3) {
            0 if whole != short => format!("{short}."),
            _ => short.to_owned(),
        };
        let kind = self.kind.map(|kind| short(random, kind.0, kind.1));
        let unit = self
            .unit
            .map(|unit| if random.once_in(4) { "#".to_owned() } else { short(random, unit.0, unit.1) });
        self.spelled(kind.as_deref(), unit.as_deref())
    }

    fn spelled(&self, kind: Option<&str>, unit: Option<&str>) -> String {
        let mut text = if self.number_first {
            format!("{} {}", self.number, self.street)
        } else {
            format!("{} {}", self.street, self.number)
        };
        if let Some(kind) = kind {
            text += &format!(" {kind}");
        }
        if let (Some(label), Some((.., which))) = (unit, self.unit) {
            let gap = if label == "#" { "" } else { " " };
            text += &format!(", {label}{gap}{which}");
        }
        text
    }
}

/// Cities and how the postcodes there begin: digits as they are, `#` for any digit, `@` for any letter.
const CITIES: &str = "New York:100##;Los Angeles:900##;Chicago:606##;Houston:770##;Phoenix:850##;Philadelphia:191##;San Antonio:782##;San Diego:921##;\
    Dallas:752##;Austin:787##;Columbus:432##;Charlotte:282##;Seattle:981##;Denver:802##;Boston:021##;Nashville:372##;Portland:972##;Las Vegas:891##;\
    Memphis:381##;Louisville:402##;Baltimore:212##;Milwaukee:532##;Albuquerque:871##;Tucson:857##;Fresno:937##;Sacramento:958##;Kansas City:641##;\
    Atlanta:303##;Omaha:681##;Raleigh:276##;Miami:331##;Oakland:946##;Minneapolis:554##;Tulsa:741##;Tampa:336##;New Orleans:701##;Cleveland:441##;\
    Honolulu:968##;Anchorage:995##;Boise:837##;Salt Lake City:841##;Des Moines:503##;Little Rock:722##;Baton Rouge:708##;Santa Fe:875##;\
    London:SW# #@@;Leeds:LS# #@@;Bristol:BS# #@@;Manchester:M# #@@;Edinburgh:EH# #@@;Glasgow:G## #@@;Cardiff:CF# #@@;Newcastle upon Tyne:NE# #@@;\
    Toronto:M#@ #@#;Montréal:H#@ #@#;Vancouver:V#@ #@#;Québec:G#@ #@#;Berlin:10###;München:80###;Köln:50###;Frankfurt am Main:60###;Düsseldorf:40###;\
    Paris:750##;Lyon:690##;Marseille:130##;Saint-Étienne:420##;Madrid:280##;Sevilla:410##;Málaga:290##;San Sebastián:200##;Roma:001##;Milano:201##;\
    Reggio Emilia:421##;Amsterdam:10## @@;Den Haag:25## @@;Kraków:30-###;Łódź:90-###;Praha:1## ##;Wien:10##;Zürich:80##;Genève:12##;Stockholm:11# ##;\
    Malmö:21# ##;København:1###;Århus:8###;Oslo:0###;Helsinki:001##;İstanbul:34###;İzmir:35###;Bengaluru:5600##;Mumbai:4000##;Osaka:53#-####;Kyoto:60#-####;\
    São Paulo:01###-###;Porto Alegre:90###-###;Buenos Aires:C1###@@@;Lagos:10####;Nairobi:00###;Cape Town:80##;Sydney:20##;Melbourne:30##;Auckland:10##";

/// A city and a postcode in it.
pub(super) fn city(random: &mut Random) -> (&'static str, String) {
    let cities: Vec<&str> = CITIES.split(';').collect();
    let (city, pattern) = random.pick(&cities).split_once(':').expect("a city and a pattern");
    let postcode = pattern.chars().map(|c| match c {
        '#' => char::from(b'0' + random.below(10) as u8),
        '@' => char::from(*random.pick(b"ABDEFGHJLNPQRSTUWXYZ")),
        c => c,
    });
    (city, postcode.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_of_its_parts() {
        let mut address = Address {
            number: 975,
            street: "Sunset Ridge".into(),
            kind: Some(("Drive", "Dr")),
            unit: Some(("Suite", "Ste", 217)),
            number_first: true,
        };
        assert_eq!(address.written(), "975 Sunset Ridge Drive, Suite 217");
        let short = address.abbreviated(&mut Random::of(1, "address", 0));
        assert!(
            short.starts_with("975 Sunset Ridge Dr") && short.ends_with("217") && !short.contains("Suite"),
            "{short}"
        );
        (address.street, address.kind, address.unit, address.number_first) =
            ("Lindenstraße".into(), None, None, false);
        assert_eq!(address.written(), "Lindenstraße 975");
    }

    #[test]
    fn cities_have_postcodes() {
        let mut random = Random::of(1, "city", 0);
        for _ in 0..500 {
            let (city, postcode) = city(&mut random);
            assert!(
                !city.is_empty() && postcode.len() >= 4 && !postcode.contains(['#', '@']),
                "{city} {postcode}"
            );
        }
    }
}
