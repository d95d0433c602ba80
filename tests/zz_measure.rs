mod support;
use support::Seeded;
use tightlip::*;
const FIRST: &str = "Aaron Ada Alice Amir Anna Arthur Beatrice Bela Ben Carla Carlos Chen Clara Daniel Diana Dora Edith Elena Emil Emma Erik Esther Eva Fatima Felix Finn Flora Frank Gabriel George Greta Hanna Hector Helen Hugo Ida Igor Ines Iris Ivan Jack Jana Jasmin Joan Jonas Julia Karim Karl Kate Kenji Lara Laura Lea Leo Lina Lucas Maja Marco Maria Mark Martha Max May Mei Mia Milan Mina Mohamed Nadia Nina Noah Nora Olga Oliver Omar Oscar Paul Petra Pia Priya Rafael Raj Rita Rosa Ruth Sam Sara Selma Sofia Stella Sven Tara Theo Thomas Tim Tom Uma Vera Victor Walter Will Yara Yusuf Zoe";
const LAST: &str = "Abbott Acosta Adler Ahmed Alvarez Andersen Bailey Baker Barnes Bauer Becker Bell Berg Bianchi Brandt Brooks Brown Burke Carter Castro Chang Clark Cohen Costa Cruz Dahl Davis Diaz Dixon Dubois Duncan Engel Evans Ferrari Fischer Fleming Ford Fox Garcia Gray Green Gupta Haas Hall Hansen Harper Hayes Hill Hoffman Hughes Ito Ivanov Jansen Jensen Kaiser Kaya Keller Khan Kim King Klein Kovacs Lang Larsen Lee Lehmann Lopez Marino Martin Mason Mendez Meyer Miller Moore Morales Mueller Murphy Nakamura Nelson Nguyen Novak Olsen Ortiz Owens Palmer Park Patel Perez Petrov Price Quinn Ramos Reed Reyes Rice Rossi Ruiz Russo Santos Sato Schmidt Schulz Silva Singh Smith Stein Stone Suzuki Tanaka Taylor Torres Turner Vargas Vogel Wagner Walsh Ward Weber West White Wolf Wong Wood Wright Yamada Yang Young Zimmer";
const STREETS: &str = "Oak Maple Cedar Pine Elm Lake Hill River Park Sunset Highland Meadow Forest Spring Church Mill Garden Valley Orchard Bridge";
const TYPES: &str = "Street Avenue Road Lane Drive Court";
const CITIES: &str = "Springfield Riverton Lakewood Oslo Turin Brookside Fairview Kingston Ashford Milton Clayton Dover Salem Georgetown Franklin";
const SYL: [&str; 24] = ["ba","le","ri","mo","tan","ker","sen","vi","do","lu","na","gar","hol","per","sti","wen","ja","qui","tro","ze","fal","min","bur","cho"];

struct Person { name: String, email: String, address: String, city: String, dob: String }
fn pick<'a>(r: &mut Seeded, list: &'a [String]) -> &'a str { &list[r.below(list.len())] }
fn person(r: &mut Seeded, first: &[String], last: &[String]) -> Person {
    let (f, l) = (pick(r, first).to_owned(), pick(r, last).to_owned());
    let w = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (streets, types, cities) = (w(STREETS), w(TYPES), w(CITIES));
    let domain = ["example.com", "example.org", "mail.example.net"][r.below(3)];
    let number = r.below(100);
    Person {
        email: format!("{}.{}{number}@{domain}", f.to_lowercase(), l.to_lowercase()),
        address: format!("{} {} {}, Apt {}", 1 + r.below(9999), pick(r, &streets), pick(r, &types), 1 + r.below(99)),
        city: pick(r, &cities).to_owned(),
        dob: format!("{}-{:02}-{:02}", 1950 + r.below(55), 1 + r.below(12), 1 + r.below(28)),
        name: format!("{f} {l}"),
    }
}
fn slip(r: &mut Seeded, v: &str) -> String {
    let mut c: Vec<char> = v.chars().collect();
    loop {
        let at = r.below(c.len());
        if !c[at].is_alphanumeric() { continue; }
        let x = (b'a' + r.below(26) as u8) as char;
        match r.below(4) {
            0 if c[at] != x => c[at] = x,
            1 => { c.remove(at); }
            2 => c.insert(at, x),
            3 if at + 1 < c.len() && c[at] != c[at + 1] && c[at+1].is_alphanumeric() => c.swap(at, at + 1),
            _ => continue,
        }
        return c.into_iter().collect();
    }
}
fn run(index: &Index, policy: &Policy, reader: Reader, text: &str) -> String {
    let mut c = Session::new(index, policy, reader).checker();
    let mut out = String::new();
    let _ = c.push(text, &mut out);
    let _ = c.finish(&mut out);
    out
}
#[test]
fn measure() {
    for owners in std::env::var("OWNERS").unwrap_or("100000".into()).split(',') { measure_with(owners.parse().unwrap()); }
}
fn measure_with(owners: usize) {
    let mut r = Seeded(std::env::var("SEED").map_or(7, |s| s.parse().unwrap()));
    let w = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (mut first, mut last) = (w(FIRST), w(LAST));
    let cap = |s: String| s[..1].to_uppercase() + &s[1..];
    while first.len() < 500 { let n = 2 + r.below(2); let s: String = (0..n).map(|_| SYL[r.below(24)]).collect(); first.push(cap(s)); }
    while last.len() < 3000 { let n = 2 + r.below(3); let s: String = (0..n).map(|_| SYL[r.below(24)]).collect(); last.push(cap(s)); }
    let people: Vec<Person> = (0..owners).map(|_| person(&mut r, &first, &last)).collect();
    let folder = format!("/tmp/similar_index_{owners}");
    let index = match Index::open(&folder) { Ok(i) => i, Err(_) => {
    let mut b = IndexBuilder::new();
    for (n, p) in people.iter().enumerate() {
        let owner = format!("C-{n}");
        for (kind, text) in [(Kind::Name, &p.name), (Kind::Email, &p.email), (Kind::Address, &p.address), (Kind::City, &p.city), (Kind::DateOfBirth, &p.dob)] {
            b.add(Identifier { owner: &owner, kind, text }).unwrap();
        }
    }
    b.finish(&folder).unwrap() }};
    let t = std::time::Instant::now();
    drop(Session::new(&index, &Policy::strict(), Reader::stranger()).checker());
    println!("{owners} owners; first strict session {:?}", t.elapsed());
    let known: std::collections::HashSet<String> = people.iter().flat_map(|p| [p.name.to_lowercase(), p.email.clone(), p.address.to_lowercase()]).collect();
    let strict = Policy::strict();
    let n = 2000;
    type Get = fn(&Person) -> String;
    let kinds: [(&str, Get, Get); 3] = [
        ("email", |p| p.email.clone(), |_| "You can reach them at ".into()),
        ("address", |p| p.address.clone(), |_| "It was sent to ".into()),
        ("name", |p| p.name.clone(), |p| format!("Born on {} is ", p.dob)),
    ];
    for (kind, get, before) in kinds {
        let mut missed = Vec::new();
        let (mut covered, mut exact, mut own, mut own_exact, mut decoys, mut plain, mut tried) = (0, 0, 0, 0, 0, 0, 0);
        for _ in 0..n {
            let at = r.below(people.len());
            let p = &people[at];
            let (v, b) = (get(p), before(p));
            let s = slip(&mut r, &v);
            let out = run(&index, &strict, Reader::stranger(), &format!("{b}{s}, as we know."));
            if out.starts_with(&format!("{b}[")) && out.ends_with("], as we know.") { covered += 1 } else if missed.len() < 25 { missed.push(format!("{v} > {s}")) }
            let out = run(&index, &strict, Reader::stranger(), &format!("{b}{v}, as we know."));
            exact += usize::from(out.contains('['));
            let me = || Reader::customer(format!("C-{at}"));
            let text = format!("{b}{s}, as we know.");
            own += usize::from(run(&index, &strict, me(), &text) != text);
            let text = format!("{b}{v}, as we know.");
            own_exact += usize::from(run(&index, &strict, me(), &text) != text);
            let q = person(&mut r, &first, &last);
            let d = get(&q);
            if known.contains(&d.to_lowercase()) { continue; }
            tried += 1;
            let text = format!("{b}{d}, as we know.");
            let alone = format!("{b}, as we know.");
            let base = run(&index, &strict, Reader::stranger(), &alone) != alone;
            plain += usize::from(!base && run(&index, &strict, Reader::stranger(), &text) != text);
            let ds = slip(&mut r, &d);
            let text = format!("{b}{ds}, as we know.");
            decoys += usize::from(!base && run(&index, &strict, Reader::stranger(), &text) != text);
        }
        let pc = |x: usize, n: usize| 100.0 * x as f64 / n as f64;
        println!("{kind}: exact {:.1}% slip covered {:.1}%; own slip withheld {:.2}%, own exact withheld {:.2}%; decoys plain {:.2}% slipped {:.2}% of {tried}", pc(exact, n), pc(covered, n), pc(own, n), pc(own_exact, n), pc(plain, tried), pc(decoys, tried));
        if std::env::var("MISSED").is_ok() { println!("   missed: {missed:#?}"); }
    }
    let prose = include_str!("../benches/checker/prose.txt");
    let text = &prose.repeat(200_000 / prose.len() + 1)[..];
    let text: String = { // shuffle sentences
        let parts: Vec<&str> = prose.split_inclusive(". ").collect();
        let mut s = String::new(); while s.len() < 200_000 { s.push_str(parts[r.below(parts.len())]); } let _ = text; s };
    let pieces: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
    let mut times = vec![];
    for round in 0..9 { for policy in [Policy::standard(), Policy::strict(), Policy::from_toml("extends='strict'\n[similar]\nkinds=[]").unwrap()].iter().enumerate() {
        let mut c = Session::new(&index, policy.1, Reader::stranger()).checker();
        let mut out = String::new(); let mut held = 0u64;
        let t = std::time::Instant::now();
        for p in &pieces { let _ = c.push(p, &mut out); held += c.held() as u64; out.clear(); }
        let e = t.elapsed().as_nanos() as f64 / pieces.len() as f64;
        let _ = c.finish(&mut out);
        times.push((policy.0, e));
        if round == 0 { println!("held {:.3} findings {}", held as f64 / pieces.len() as f64, c.found()); }
    }}
    for k in 0..3 { let mut v: Vec<f64> = times.iter().filter(|t| t.0 == k).map(|t| t.1).collect(); v.sort_by(f64::total_cmp); println!("{} ns/push median {:.1} min {:.1}", ["standard","strict","strict without similar"][k], v[v.len()/2], v[0]); }
}
