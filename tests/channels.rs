//! Several channels of one session.

use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

fn session(policy: &str) -> Session {
    let mut builder = IndexBuilder::new();
    builder.add(Identifier { owner: "C-1", kind: Kind::Card, text: "4111 1111 1111 1111" }).unwrap();
    builder.add(Identifier { owner: "C-1", kind: Kind::Email, text: "ann@example.com" }).unwrap();
    let index = builder.finish_in_memory().unwrap();
    Session::new(&index, &Policy::from_toml(policy).unwrap(), Reader::stranger())
}

#[test]
fn a_stop_ends_every_channel_and_is_said_once() {
    let session = session("stop_message = 'No.'\n[kinds]\ncard = 'stop'");
    let (mut first, mut second) = (session.channel("first"), session.channel("second"));
    let (mut one, mut two) = (String::new(), String::new());
    let mut third = session.channel("third");
    let mut three = String::new();
    assert_eq!(second.push("It is ann@exam", &mut two), Verdict::Continue);
    assert_eq!(third.push("Nothing is held. ", &mut three), Verdict::Continue);
    assert_eq!(first.push("Card 4111111111111111 ", &mut one), Verdict::Stop);
    assert_eq!(second.push("ple.org, and more", &mut two), Verdict::Stop);
    for _ in 0..3 {
        assert_eq!(third.push("and more ", &mut three), Verdict::Stop, "also when the channel already knows");
    }
    assert_eq!(three, "Nothing is held. ");
    assert_eq!(second.finish(&mut two), Verdict::Stop);
    assert_eq!(first.finish(&mut one), Verdict::Stop);
    assert_eq!((one.as_str(), two.as_str()), ("Card No.", "It is "));
    assert_eq!((first.held(), second.held()), (0, 0));
}

#[test]
fn pseudonyms_are_numbered_over_channels() {
    let session = session("[redact]\nstyle = 'pseudonym'");
    let (mut first, mut second) = (session.channel("first"), session.channel("second"));
    let (mut one, mut two) = (String::new(), String::new());
    let _ = first.push("ann@example.com ", &mut one);
    let _ = second.push("4111 1111 1111 1111 ANN@example.com ", &mut two);
    assert_eq!((one.as_str(), two.as_str()), ("[EMAIL 1] ", "[CARD 1] [EMAIL 1] "));
}
