//! `tightlip bench --quality`: the same figures for the same seed, in a table and as JSON, and floors.

use crate::support::Place;
use serde_json::Value;

const SMALL: &str = "bench --quality --owners 300 --cases 12";

fn json(place: &Place, arguments: &str) -> Value {
    serde_json::from_str(&place.run(&format!("{arguments} --json")).quietly()).expect("one JSON object")
}

#[test]
fn a_seed_gives_the_same_figures_and_another_gives_others() {
    let place = Place::new();
    let arguments = format!("{SMALL} --only plain --only case --only clean");
    let first = place.run(&format!("{arguments} --json")).quietly();
    assert_eq!(first, place.run(&format!("{arguments} --json")).quietly());
    let other = place.run(&format!("{arguments} --json --seed 2")).quietly();
    assert_ne!(first, other);
}

#[test]
fn every_rate_has_n_and_an_interval() {
    let report = json(&Place::new(), SMALL);
    assert_eq!(
        (&report["owners"], &report["identifiers"], &report["policy"]),
        (&300.into(), &1800.into(), &"strict".into())
    );
    let classes = report["classes"].as_array().unwrap();
    assert!(classes.len() >= 25, "{} classes", classes.len());
    for class in classes {
        let name = class["class"].as_str().unwrap();
        for measure in ["caught", "covered", "own", "decoys"] {
            let rate = &class[measure];
            assert_eq!(rate["n"], 12, "{name} {measure}: {rate}");
            let [share, low, high] = ["share", "low", "high"].map(|part| rate[part].as_f64().unwrap());
            assert!(
                (0.0..=1.0).contains(&share) && low <= share && share <= high && high - low > 0.1,
                "{name} {measure}: {rate}"
            );
            let by_kind = class["kinds"].as_object().unwrap().values();
            assert_eq!(
                by_kind.map(|kind| kind[measure]["n"].as_u64().unwrap()).sum::<u64>(),
                12,
                "{name} {measure}"
            );
        }
    }
    let plain = &classes[0];
    assert_eq!((&plain["class"], &plain["covered"]["hits"]), (&"plain".into(), &12.into()));
    assert_eq!(plain["own"]["hits"], 0);
    assert_eq!(report["clean"]["withheld"]["n"], 12);
    assert!(report["clean"]["held"]["pushes"].as_u64().unwrap() > 12 * 60);
    assert_eq!(report["beyond"], Value::Array(vec![]));
}

#[test]
fn the_table_says_the_same() {
    let place = Place::new();
    let table = place.run(&format!("{SMALL} --only plain --only clean")).quietly();
    for part in [
        "300 customers with 1,800 identifiers, policy strict, seed 1",
        "fully covered",
        "n 12)",
        "  username",
        "clean answers with anything withheld",
    ] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    assert!(!table.contains("base64"), "{table}");
}

#[test]
fn what_is_beyond_a_floor_ends_with_4() {
    let place = Place::new();
    place.write(
        "floors.toml",
        "[plain]\ncovered = 0.9\nown = 0.1\n[clean]\nmean_held = 0.001\n[case]\ncovered = 1.0\n",
    );
    let arguments = format!("{SMALL} --only plain --only clean --floors floors.toml");
    let ended = place.run(&arguments);
    assert_eq!((ended.code, ended.err.as_str()), (Some(4), ""));
    let beyond = ended.out.split("beyond floors").nth(1).expect("a table of what is beyond");
    assert!(
        beyond.contains("mean_held") && !beyond.contains("covered") && !beyond.contains("case"),
        "{beyond}"
    );
    let ended = place.run(&format!("{arguments} --json"));
    assert_eq!(ended.code, Some(4));
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&report["beyond"][0]["class"], &report["beyond"][0]["floor"]),
        (&"clean".into(), &0.001.into())
    );
    assert_eq!(report["beyond"].as_array().unwrap().len(), 1);

    place.write("floors.toml", "[plain]\ncaught = 0.9\n[all]\ndecoys = 0.5\n");
    assert_eq!(place.run(&arguments).code, Some(0));
}

#[test]
fn a_policy_that_withholds_nothing_covers_nothing() {
    let report = json(&Place::new(), &format!("{SMALL} --only phone-formats --only plain --policy observe"));
    let plain = &report["classes"][0];
    assert_eq!((&plain["covered"]["hits"], &plain["own"]["hits"]), (&0.into(), &0.into()));
    assert_eq!(plain["caught"]["hits"], plain["caught"]["n"], "findings are still made");
}

#[test]
fn examples_are_of_what_went_wrong() {
    let place = Place::new();
    let out = place.run(&format!("{SMALL} --only plain --policy observe --examples 2")).quietly();
    assert_eq!(
        out.lines().filter(|line| line.contains("plain: ") && line.contains("not covered")).count(),
        2,
        "{out}"
    );
}

#[test]
fn mistakes_are_said_in_one_line() {
    let place = Place::new();
    place.run("bench --quality --only phone-format").refused_at_once(2, &["did you mean `phone-formats`?"]);
    place.run("bench --quality --owners 3").refused_at_once(2, &["--owners"]);
    place.run("bench --quality --policy strikt").refused_at_once(2, &["strict"]);
    place.run("bench --quality --floors no.toml").refused_at_once(1, &["no.toml"]);
    place.write("floors.toml", "[plian]\ncaught = 1.0");
    place
        .run("bench --quality --floors floors.toml")
        .refused_at_once(2, &["floors.toml", "did you mean `plain`?"]);
}
