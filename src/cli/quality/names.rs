//! Invented names of many cultures: first names, last names, particles, nicknames.
//!
//! Last names are partly made of the parts that last names are made of, so that a million people do not all share theirs. Tables are our own.

use super::random::Random;

/// A person's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FullName {
    pub(super) first: String,
    pub(super) middle: Option<String>,
    /// With its particles.
    pub(super) last: String,
}

impl FullName {
    /// As a dictionary writes it.
    pub(super) fn written(&self) -> String {
        match &self.middle {
            Some(middle) => format!("{} {middle} {}", self.first, self.last),
            None => format!("{} {}", self.first, self.last),
        }
    }

    /// The first and the last word, which every spelling of the name has.
    pub(super) fn ends(&self) -> String {
        let last = self.last.rsplit([' ', '-', '\'', '’']).next().unwrap_or_default();
        let first = self.first.split([' ', '-']).next().unwrap_or_default();
        format!("{first} {last}")
    }

    /// A short form of the first name that people use.
    pub(super) fn nickname(&self) -> Option<&'static str> {
        let row = NICKNAMES.iter().find(|row| row.0 == self.first)?;
        Some(row.1)
    }
}

/// How the names of one culture are made.
struct Culture {
    first: &'static str,
    last: &'static str,
    /// Beginnings and ends of further last names.
    parts: (&'static str, &'static str),
    /// What may stand before a last name.
    particles: &'static [&'static str],
    /// Two last names stand side by side.
    double: bool,
}

const CULTURES: [Culture; 12] = [
    Culture {
        first: "James Mary Robert Patricia John Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph Jessica Thomas Sarah \
            Christopher Karen Charles Margaret Daniel Lisa Matthew Nancy Anthony Betty Andrew Sandra Steven Ashley Joshua Emily Kenneth Donna \
            Edward Michelle Timothy Carol Ronald Amanda Jeffrey Deborah Jacob Rebecca Nicholas Stephanie Jonathan Laura Gregory Kathleen Frederick \
            Victoria Samuel Catherine Benjamin Abigail Alexander Judith Raymond Samantha Gerald Theodora Harold Penelope Leonard Beatrice Walter",
        last: "Smith Johnson Williams Brown Jones Davis Miller Wilson Moore Taylor Anderson Thomas Jackson White Harris Martin Thompson Clark Lewis \
            Walker Hall Young King Wright Hill Green Baker Adams Nelson Carter Mitchell Roberts Turner Phillips Campbell Parker Evans Edwards",
        parts: (
            "Ash Black Brad Brook Burn Car Chat Clay Cross Cul Dun East Fair Farn Glen Grim Hal Hart Hazel Hol Kim Kings Lang Lin Long Marsh \
            Mel North Oak Pem Quen Red Rock Rush Salt Shel Sil Stan Stock Thorn Tod Under Wake War Wes Whit Win Wood Worth Wyn",
            "bourne bridge brook bury by combe cote croft dale den field ford gate grove hall ham hurst land ley low man mere more ridge shaw \
            stead stone ton ville wall ward well wick worth",
        ),
        particles: &[],
        double: false,
    },
    Culture {
        first: "María José Carmen Antonio Ana Manuel Lucía Francisco Sofía Juan Isabel Javier Elena Carlos Marta Miguel Paula Alejandro Laura Rafael \
            Cristina Pedro Raquel Ángel Rocío Sergio Beatriz Fernando Inés Ramón Pilar Andrés Noelia Joaquín Ximena Álvaro Valentina Iván Camila \
            Óscar Daniela Rubén Gabriela Emilio Mónica Víctor Belén Hernán Yolanda Tomás Adriana Julián Verónica Simón Estefanía Agustín",
        last: "García Martínez López Sánchez González Gómez Fernández Moreno Jiménez Pérez Rodríguez Navarro Ruiz Díaz Serrano Hernández Muñoz Sáez \
            Romero Rubio Alfaro Molina Lozano Castillo Picazo Ortega Morcillo Cano Marín Cuenca Garrido Torres Córcoles Gil Ortiz Calero Peña",
        parts: (
            "Al Bar Bel Ber Bor Cal Cam Car Cas Cor Es Fon Gal Gran Gua Her Lar Mar Mon Mor Nav Oli Pal Per Que Ramal Ribal Sal San Tal Tor Val Vil Zam",
            "bano cedo cena dales dano deras dosa gado gosa lares lero linas lobos mena mora nares nero nilla quero rado reda rena rosa sende \
            tierra tosa vedra veros villa zano zuela",
        ),
        particles: &["de la", "del", "de"],
        double: true,
    },
    Culture {
        first: "Marie Jean Nathalie Pierre Isabelle Michel Sylvie André Catherine Philippe Martine René Françoise Louis Hélène Alain Élise Jacques \
            Chloé Bernard Léa Marcel Zoé Daniel Aurélie Roger Céline Paul Émilie Robert Margaux Claude Amélie Étienne Manon Gaëlle Rémy Océane \
            François Anaïs Benoît Camille Jérôme Clémence Loïc Élodie Mathieu Noémie Sébastien Solène Thibault Jean-Luc Marie-Claire Jean-Marc \
            Anne-Sophie Pierre-Yves",
        last: "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Garcia David Bertrand Roux Vincent \
            Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François Martinez Legrand Garnier Faure Rousseau Blanc Guérin",
        parts: (
            "Beau Bel Bon Bou Bri Cham Char Chau Cler Cour Dar De For Fres Gau Gi Gran Hau La Le Mal Man Mar Mon Mou Per Pi Pru Rai Roche \
            Sau Sel Tour Val Ver Vi",
            "bert bois champ chet court deau din don dreau fort gnac grand gny lain lard lier lieu lin mont nard net nier pin rand reau rin ron \
            san seau sier tain teau vaux ville vois",
        ),
        particles: &["de", "du", "de la", "d'"],
        double: false,
    },
    Culture {
        first: "Jürgen Anna Thomas Ursula Michael Sabine Andreas Monika Wolfgang Renate Stefan Karin Günter Petra Björn Gisela Matthias Birgit Jörg \
            Heike Ulrich Martina Dietmar Annette Rüdiger Susanne Holger Katharina Bernd Ingrid Torsten Claudia Uwe Silke Hans-Peter Karl-Heinz \
            Anneliese Götz Käthe Lothar Brigitte Sören Dörte Klaus Helga Ralf Bärbel Heinz Anke Detlef Ute Maximilian Friederike Sebastian",
        last: "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann \
            Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Köhler Huber Kaiser Fuchs Groß Weiß Jäger",
        parts: (
            "Acker Alt Berg Birken Blumen Brand Buch Dorn Eber Eichen Eisen Feld Fels Fried Gold Grün Hagen Hasel Heid Hinter Hoch Holz Kalt Kessel \
            Kirch König Kraut Kron Lichten Linden Mühl Nieder Ober Oster Reichen Rosen Sand Silber Stein Sommer Tannen Wald Weiden Winter Wolfs",
            "bach baum beck berg berger bruck brunner burg dorf dörfer eck egger feld felder haus hauser heimer hof hofer huber kamp kämper lechner \
            mann meier müller rath reuter rieder stätter stein thal tal wald weiler",
        ),
        particles: &["von", "von der", "zu"],
        double: false,
    },
    Culture {
        first: "Giulia Marco Francesca Giuseppe Chiara Antonio Alessia Giovanni Martina Luca Federica Matteo Silvia Niccolò Elisa Davide Ilaria Simone \
            Valeria Lorenzo Giorgia Riccardo Eleonora Filippo Serena Edoardo Beatrice Tommaso Arianna Leonardo Ginevra Gianluca Noemi Salvatore \
            Lucrezia Vincenzo Rosanna Umberto Concetta Raffaele Graziella Piero Mirella Ottavio Fiorella Ettore",
        last: "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Mancini Rizzo Lombardi Moretti",
        parts: (
            "Al Bal Bar Bel Ber Bon Cal Cap Car Cas Cer Con Cor Fab Fal Fer Fran Gal Gar Gen Gri Gual Lan Lom Luc Mal Man Mar Mas Mon Mor Nar Pal \
            Pas Pel Per Pic San Sar Scar Ser Spa Tar Tes Tom Val Ven Ver Vis Zan",
            "acci aldi andi ardini aroli atti bello berti bini boni cchini ciani delli detti done fini gatti ghini goni lanti lini loni mani naldi \
            netti nori poli rani rdelli ri rini rosi sani selli sini tani telli tini toni velli vini zzoli",
        ),
        particles: &["Di", "De", "Della", "D'"],
        double: false,
    },
    Culture {
        first: "Anna Jan Maria Andrzej Katarzyna Piotr Małgorzata Krzysztof Agnieszka Stanisław Barbara Tomasz Ewa Paweł Krystyna Józef Elżbieta Marcin \
            Zofia Michał Jadwiga Grzegorz Teresa Jerzy Danuta Tadeusz Milena Zdeněk Jana Jiří Lenka Ondřej Tereza Vojtěch Ivana Dragan Jelena \
            Nikola Milica Zoran Snežana Aleksandar Vesna Goran Ljiljana Bojan Tijana Łukasz Žofie Šimon",
        last: "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Novák \
            Svoboda Novotný Dvořák Černý Procházka Kučera Jovanović Petrović Nikolić Marković Đorđević Horvat Kovačević Babić Marić",
        parts: (
            "Bart Bed Biel Bog Bor Bran Brz Cies Dob Drag Dzi Gor Grab Grom Jab Jar Jas Kal Kam Kor Kras Kub Lesz Lip Lub Mal Mil Mir Mos Nieb Ost \
            Pawl Piet Prz Rad Rog Rud Sad Sien Sob Stan Star Sul Szcz Tar Tom Trz Wal Wier Wil Zab Zar Zaw Zyg",
            "acki ak aniuk arski atowicz awski czyk ecki ek elski enko ewicz ewski iak iarz icki ierski ilak inski iszewski kowicz lewicz nicki \
            olski omirski oszek owicz owiec owski uk ulski ycki ynski",
        ),
        particles: &[],
        double: false,
    },
    Culture {
        first: "Astrid Erik Ingrid Lars Freja Anders Sigrid Mikkel Karin Bjørn Søren Åsa Øystein Maja Håkon Linnea Jens Gunilla Niels Solveig Rasmus \
            Kirsten Frederik Elin Magnus Hanna Leif Ulla Torben Marit Pär Göran Tuomas Päivi Aino Väinö Eeva Jukka Sanna Mikko Ragnhild Åge \
            Sigríður Jón Guðrún Einar Þóra",
        last: "Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Johansson Andersson Karlsson Nilsson Eriksson Larsson \
            Korhonen Virtanen Mäkinen Nieminen Mäkelä Hämäläinen Sørensen Jørgensen Møller Åberg Öberg Sjöberg",
        parts: (
            "Ahl Alm Ander Arn Asp Berg Björk Blom Bo Brand Dal Ek Eng Fager Fors Frid Gran Grön Gustaf Hag Hall Hed Hell Holm Hög Jakob Knut Lag \
            Lind Ljung Lund Lång Mo Ny Nord Oster Ros Ryd Sand Sig Sjö Skog Sol Sten Strand Sund Svan Söder Thor Torst Vester Vik Wall West Åker",
            "berg blad bäck by dahl dal feldt fors gaard gren gård holm hus kvist land lind lund man mark nes qvist rud ros sen son stad strand \
            ström sund vall vik ås",
        ),
        particles: &["af"],
        double: false,
    },
    Culture {
        first: "Mehmet Fatma Mustafa Ayşe Ahmet Emine Ali Hatice Hüseyin Zeynep Hasan Elif İbrahim Meryem Osman Şerife Yusuf Sultan Murat Özlem \
            Ömer Gülsüm Ramazan Büşra Halil Esra Süleyman Çiğdem Kerem Tuğba Onur Defne Emre Nazlı Barış Sevgi Volkan Dilek",
        last: "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek",
        parts: (
            "Ak Al Alt Ar Ay Bal Bay Beş Boz Can Çak Dem Din Er Gök Gül Gün Has İn Kap Kar Kır Kızıl Koca Kork Kut Mert Öz Sağ Sar Sev Tan Taş \
            Tek Tok Top Tur Uç Us Ün Yal Yar Yaz Yeş Yol Yük",
            "alan ay bağ baş bulut çay dağ dal deniz doğan er göl gül han kan kaya kaynak kol kurt lı maz oğlu öz pınar soy su taş tekin tepe \
            toprak tuğ türk ün yurt",
        ),
        particles: &[],
        double: false,
    },
    Culture {
        first: "Haruto Yui Sota Hina Yuto Aoi Haruki Sakura Riku Mei Kenji Yoko Takashi Keiko Hiroshi Akiko Makoto Naoko Kazuo Emiko Satoshi Tomoko \
            Ryota Misaki Daisuke Ayumi Shinji Kaori Tetsuya Mariko Masaru Chiyo Isamu Fumiko Noboru Sachiko",
        last: "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Yamaguchi Matsumoto Inoue Kimura Hayashi",
        parts: (
            "Aki Ao Asa Fuji Fuku Furu Hama Hara Hashi Hata Hida Hiro Hori Ichi Ike Ima Ino Ishi Iwa Kame Kami Kane Kawa Kita Kuro Kuma Maki Maru \
            Matsu Mina Miya Mizu Mori Mura Naga Naka Nishi No Oka Oku Saka Saku Shima Shira Sugi Taka Take Tani Tera Toku Tomi Ue Uchi Yana Yoko Yoshi",
            "bara bashi da dera gawa guchi hara hashi hata jima kami kawa ki kubo kura matsu mi miya mori moto mura naga nishi no numa oka saka saki \
            sawa se shima shita sugi ta tani taka tsu uchi ura wara ya yama zaki zawa",
        ),
        particles: &[],
        double: false,
    },
    Culture {
        first: "Aarav Diya Vivaan Ananya Aditya Saanvi Arjun Ishita Rohan Kavya Krishna Meera Rahul Priyanka Sanjay Lakshmi Vikram Sunita Anil Deepika \
            Suresh Pooja Rajesh Nandini Manoj Shreya Harish Gayatri Naveen Padma Kiran Radhika Ashok Swati Gurpreet Harleen Tenzin Dawa Farhan \
            Zainab Imran Ayesha Bilal Nusrat Tariq Rubina",
        last: "Sharma Verma Gupta Singh Kumar Patel Reddy Nair Iyer Menon Rao Das Bose Sen Ghosh Mehta Shah Joshi Kulkarni Desai Kapoor Malhotra Chopra \
            Khan Ahmed Hussain Siddiqui Qureshi Chaudhry Rahman Islam Begum Fernando Perera",
        parts: (
            "Agar Ama Anand Bala Bhar Bhat Chak Chand Dev Dhan Ekan Gan Gokul Gop Guna Hari Ind Jaga Jaya Kali Kamal Kesh Lak Maha Man Mohan Mukh \
            Nag Nara Nata Par Pras Pur Raja Rama Ranga Sada Sama Sath Shan Shiv Sita Som Sri Subra Sura Thiru Uma Ven Vija Vish",
            "bhai chandran dhar eshwar gopal jit kar krishnan lal lingam man mani moorthy mukhi nandan nath palan prasad puri rajan raman ranjan \
            sagar samy sekar shekhar singam sundaram swamy tharan varma wala wani yanan",
        ),
        particles: &[],
        double: false,
    },
    Culture {
        first: "Chidi Ngozi Emeka Amara Kwame Abena Kofi Akosua Oluwaseun Folake Tunde Yetunde Babajide Adaeze Sipho Thandiwe Themba Nomvula Mandla \
            Lindiwe Juma Wanjiru Kamau Achieng Otieno Njeri Mwangi Atieno Tesfaye Selam Dawit Hiwot Abdi Hodan Moussa Aïssatou Mamadou Fatoumata \
            Ousmane Aminata Samir Yasmine Karim Leïla Omar Noura Hamza Salma Idris Zahra",
        last: "Okafor Adeyemi Nwosu Eze Mensah Owusu Boateng Asante Dlamini Nkosi Zulu Khumalo Mokoena Kamau Ochieng Wanjiku Mutua Tesfaye Bekele \
            Diallo Traoré Coulibaly Keïta Ndiaye Benali Haddad Mansour Hassan El-Amin Ben-Youssef",
        parts: (
            "Abi Ade Aga Aki Alo Ami Ayo Baba Boa Chi Chuk Dik Ebe Efo Eke Eko Fala Fash Iba Ige Iji Ike Ima Iwu Kal Kip Lan Maba Mako Masi Mba \
            Mko Moha Muno Nde Ngu Nya Oba Odi Ogu Oje Oke Ola Olu Ona Onye Ore Oso Owo Sala Sem Tala Tem Uba Uche Udo Wam Yeb Zim",
            "bayo beka bisi bola chukwu dare dele diran femi gbemi jide kanmi kunle kwe lade lami lana loye mbe meka mide mola ndu nike nuga nze \
            rinde seyi sola sope tayo tope tunji wale wande wuyi yemi yinka zwe",
        ),
        particles: &["van", "el"],
        double: false,
    },
    Culture {
        first: "Wei Fang Xiu Ming Jing Lei Yan Hui Qiang Ying Jun Xia Yong Ping Chao Lihua Jianguo Xiaoming Meiling Guang Minh Thảo Hùng Lan Tuấn Hương \
            Dũng Ngọc Quân Trang Minjun Seoyeon Jiho Hyejin Donghyun Eunji Sunghoon Jiwoo Kyungsoo Haneul Budi Siti Agus Dewi Joko Sri Bayu Putri \
            Rizal Marisol Jericho Liwayway Niko Sione Anahera Kahu Mere Siarhei Aroha Armen Anahit Giorgos Eleni Nikos Despina Davit Nino",
        last: "Wang Zhang Chen Yang Huang Zhao Zhou Xu Sun Zhu Gao Lin Guo Liang Zheng Nguyễn Trần Lê Phạm Hoàng Võ Đặng Bùi Kim Park Choi Jung Kang \
            Santoso Wijaya Gunawan Suryanto Reyes Bautista Dela-Cruz Papadopoulos Petrosyan Beridze O'Brien O'Neill O'Connor D'Souza",
        parts: (
            "Alex Anag Anton Apos Bab Christ Dem Diam Ely Fil Gal Geor Grig Hak Har Hov Ioan Kal Kara Kar Kost Kyri Lamb Mano Mark Mart Mel Mik \
            Nik Nikol Pap Pav Petr Sar Sav Sim Spyr Stav Step Tad Theo Tig Tser Vard Vas Xen Zak Zoh",
            "akis akos anidis anyan arian aris arkou atos avyan edes elidis enian eridis esyan iadis ianos idakis ides idis idou ikian ikyan ishvili \
            omatis onyan opoulos osyan oudakis oulis ousis yan",
        ),
        particles: &[],
        double: false,
    },
];

/// First names and a short form of each that people use.
pub(super) const NICKNAMES: [(&str, &str); 58] = [
    ("James", "Jim"),
    ("Robert", "Bob"),
    ("Patricia", "Pat"),
    ("Jennifer", "Jenny"),
    ("Michael", "Mike"),
    ("William", "Bill"),
    ("Elizabeth", "Liz"),
    ("David", "Dave"),
    ("Barbara", "Barb"),
    ("Richard", "Rick"),
    ("Susan", "Sue"),
    ("Joseph", "Joe"),
    ("Jessica", "Jess"),
    ("Thomas", "Tom"),
    ("Christopher", "Chris"),
    ("Charles", "Charlie"),
    ("Margaret", "Maggie"),
    ("Daniel", "Dan"),
    ("Matthew", "Matt"),
    ("Anthony", "Tony"),
    ("Andrew", "Andy"),
    ("Sandra", "Sandy"),
    ("Steven", "Steve"),
    ("Joshua", "Josh"),
    ("Kenneth", "Ken"),
    ("Edward", "Ed"),
    ("Michelle", "Shelly"),
    ("Timothy", "Tim"),
    ("Ronald", "Ron"),
    ("Amanda", "Mandy"),
    ("Jeffrey", "Jeff"),
    ("Deborah", "Debbie"),
    ("Jacob", "Jake"),
    ("Rebecca", "Becky"),
    ("Nicholas", "Nick"),
    ("Stephanie", "Steph"),
    ("Jonathan", "Jon"),
    ("Gregory", "Greg"),
    ("Kathleen", "Kathy"),
    ("Frederick", "Fred"),
    ("Victoria", "Vicky"),
    ("Samuel", "Sam"),
    ("Catherine", "Cathy"),
    ("Benjamin", "Ben"),
    ("Abigail", "Abby"),
    ("Alexander", "Alex"),
    ("Judith", "Judy"),
    ("Raymond", "Ray"),
    ("Samantha", "Sam"),
    ("Gerald", "Gerry"),
    ("Penelope", "Penny"),
    ("Leonard", "Len"),
    ("Walter", "Walt"),
    ("Francisco", "Paco"),
    ("José", "Pepe"),
    ("Maximilian", "Max"),
    ("Katharina", "Kathi"),
    ("Giuseppe", "Beppe"),
];

impl FullName {
    /// Common names are common: of two choices, the one nearer to the front of its list is taken.
    pub(super) fn new(random: &mut Random) -> Self {
        let culture = random.pick(&CULTURES);
        let first = common(random, culture.first);
        let mut last = last(random, culture);
        if culture.double && random.once_in(2) {
            let joint = if random.once_in(4) { "-" } else { " " };
            last = format!("{last}{joint}{}", self::last(random, culture));
        }
        if !culture.particles.is_empty() && random.once_in(12) {
            let particle = *random.pick(culture.particles);
            last = if particle.ends_with('\'') {
                format!("{particle}{last}")
            } else {
                format!("{particle} {last}")
            };
        }
        let middle = random.once_in(12).then(|| common(random, culture.first).to_owned());
        let middle = middle.filter(|middle| middle != first);
        Self { first: first.to_owned(), middle, last }
    }
}

fn last(random: &mut Random, culture: &Culture) -> String {
    if random.once_in(3) {
        return common(random, culture.last).to_owned();
    }
    format!("{}{}", random.word(culture.parts.0), random.word(culture.parts.1))
}

fn common(random: &mut Random, words: &'static str) -> &'static str {
    let count = words.split_whitespace().count();
    let place = random.below(count).min(random.below(count));
    words.split_whitespace().nth(place).expect("the text has words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_vary() {
        let names: std::collections::HashSet<String> =
            (0..20_000).map(|number| FullName::new(&mut Random::of(3, "name", number)).ends()).collect();
        assert!(names.len() > 18_000, "{} different ones", names.len());
    }

    #[test]
    fn ends_are_words_that_every_spelling_has() {
        let name = |first: &str, last: &str| FullName {
            first: first.into(),
            middle: Some("Ann".into()),
            last: last.into(),
        };
        assert_eq!(name("Marie-Claire", "O'Brien").ends(), "Marie Brien");
        assert_eq!(name("Eva", "de la Cruz").ends(), "Eva Cruz");
        assert_eq!(name("Eva", "de la Cruz").written(), "Eva Ann de la Cruz");
        assert_eq!(name("Robert", "Lee").nickname(), Some("Bob"));
    }

    #[test]
    fn nicknames_are_of_names_that_occur() {
        for (name, _) in NICKNAMES {
            assert!(
                CULTURES.iter().any(|culture| culture.first.split_whitespace().any(|first| first == name)),
                "{name}"
            );
        }
    }
}
