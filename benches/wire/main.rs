//! Events through the wire layer: `cargo bench --bench wire`.
//!
//! `openai-chat` events of one token each, which name nobody, against 20,000 customers: time per event on one core, JSON included, beside a loop that only
//! frames and copies. With `-- --test` everything is small.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tightlip::wire::{Format, Framing, Guard, Progress};
use tightlip::{Identifier, Index, IndexBuilder, Kind, Policy, Reader, Session};

const WORDS: &str = "Thank you for your patience while we look into the order you placed with us last week , it has left our warehouse \
    and should be with you within two days ; if it is not there by then please write to us again and we will send another one at once .";

fn index(people: usize) -> Index {
    let mut builder = IndexBuilder::new();
    for number in 0..people {
        let owner = format!("C-{number}");
        let (email, name) =
            (format!("person{number}@example.com"), format!("Givenname{number} Family{number}"));
        let phone = format!("+1 415 {:03} {:04}", 200 + number / 10_000, number % 10_000);
        for (kind, text) in [(Kind::Email, &email), (Kind::Name, &name), (Kind::Phone, &phone)] {
            builder.add(Identifier { owner: &owner, kind, text }).expect("a value that can be used");
        }
    }
    builder.finish_in_memory().expect("an index")
}

/// Events of one word each, and the body that they make.
fn events(count: usize) -> Vec<String> {
    let event = |word: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-9xK2\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"model-1\",\
            \"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" {word}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n\n"
        )
    };
    WORDS.split_whitespace().cycle().take(count).map(event).collect()
}

/// The best of some runs of this.
fn best(runs: usize, mut run: impl FnMut()) -> Duration {
    let times = (0..runs).map(|_| {
        let begin = Instant::now();
        run();
        begin.elapsed()
    });
    times.min().expect("at least one run")
}

fn main() {
    let small = std::env::args().any(|argument| argument == "--test");
    let (people, count, runs) = if small { (100, 200, 2) } else { (20_000, 20_000, 9) };
    let (index, events) = (index(people), events(count));
    let body: String = events.concat();
    for (name, policy) in [("standard", Policy::standard()), ("strict", Policy::strict())] {
        let mut out = Vec::with_capacity(body.len() + 1024);
        let checked = best(runs, || {
            out.clear();
            let session = Session::new(&index, &policy, Reader::customer("C-1"));
            let mut guard = Guard::new(&session, Format::OpenAiChat, Framing::Sse);
            for event in &events {
                assert_eq!(guard.push(event.as_bytes(), &mut out), Progress::Continue);
            }
            assert_eq!(guard.finish(&mut out), Progress::Continue);
        });
        let said = |body: &str| -> String {
            body.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
        };
        assert_eq!(said(std::str::from_utf8(&out).expect("text")), said(&body), "nothing is withheld");
        let (mut held, mut copy) = (Vec::new(), Vec::with_capacity(body.len()));
        let copied = best(runs, || {
            copy.clear();
            for event in &events {
                held.extend_from_slice(event.as_bytes());
                while let Some(end) = memchr::memmem::find(&held, b"\n\n") {
                    copy.extend_from_slice(&held[..end + 2]);
                    held.drain(..end + 2);
                }
                black_box(&copy);
            }
        });
        assert_eq!(copy, body.as_bytes());
        let each = |time: Duration| time.as_secs_f64() * 1e9 / count as f64;
        println!(
            "{name:<9} {:.0} ns per event, {:.1} times a loop that frames and copies ({:.0} ns)",
            each(checked),
            each(checked) / each(copied),
            each(copied)
        );
    }
}
