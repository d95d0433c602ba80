//! `index push | pull` through a folder.

use crate::support::{Place, VALUES};

#[test]
fn a_store_in_a_folder() {
    let place = Place::with_index();
    place.run("index pull shop b.tlx").refused_at_once(2, &["nothing is published in shop", "push"]);
    let said = place.run("index push index.tlx shop").quietly();
    assert!(said.starts_with("index.tlx: published as number 1, 7 new files of "), "{said}");
    let said = place.run("index push index.tlx shop").quietly();
    assert_eq!(said, "index.tlx: it is published already, as number 1\n");
    let said = place.run("index pull shop b.tlx").quietly();
    assert!(said.starts_with("b.tlx: number 1, generation 1, 7 files of "), "{said}");
    place.run("index verify b.tlx").quietly();
    let info = |index: &str| place.run(&format!("index info {index} --json")).quietly();
    assert_eq!(info("index.tlx"), info("b.tlx"));

    // Who is erased is gone from the store when the last generation that had them is.
    place.run("index erase index.tlx --owner C-1002").well();
    place.run("index compact index.tlx").well();
    place.run("index push index.tlx shop --keep 1").quietly();
    place.run("index pull shop b.tlx").quietly();
    assert_eq!(place.files("shop/manifests").len(), 1);
    for file in place.files("shop/files").into_iter().chain(place.files("b.tlx")) {
        let content = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains("C-1002"), "{}", file.display());
    }
    let said = place.fed("filter --index b.tlx", "ann@example.com bob@example.com").quietly();
    assert_eq!(said, "[EMAIL] bob@example.com");

    // What is damaged on the way changes nothing.
    place.run("index update index.tlx people.csv").well();
    place.run("index push index.tlx shop").quietly();
    let before = info("b.tlx");
    for file in place.files("shop/files") {
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, [&whole[..], b"x"].concat()).unwrap();
    }
    place.run("index pull shop b.tlx").refused_at_once(2, &["arrived damaged"]);
    assert_eq!(info("b.tlx"), before);
    assert!(place.run("index push nowhere.tlx shop").err.contains("no index"));
    place.run("index push index.tlx s4://bucket").refused_at_once(2, &["s4://bucket", "expected s3://"]);
    let refused = place.run("index push index.tlx https://ann:hunter2@example.com/x");
    assert!(refused.code == Some(2) && !refused.err.contains("hunter2"), "{refused:?}");
    assert!(VALUES.iter().all(|value| !refused.err.contains(value)));
}
