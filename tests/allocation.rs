//! `push` allocates nothing on clean text, once its buffers have grown.

#![allow(unsafe_code)] // a global allocator is an unsafe trait; this one only counts

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

/// Ordinary prose with what begins like a value and is none: names, numbers, codes, addresses.
const CLEAN: &str = "Thank you, Anna. Your order (3 of 4) left on 12/03 and may arrive by Friday; \
    call 415-555-9 or write to help@exam ple.com. Ben Ma was here, no1-x2 was not. 1,204.50 paid. \
    It weighs 4 kg — “as usual”, José said. 请稍候。 +1 (2) 3\n\n";

#[test]
fn nothing_on_clean_text() {
    assert_nothing(&Policy::standard(), 8);
}

#[test]
fn nothing_on_clean_text_by_its_looks() {
    let readings = ["escapes", "markup", "words", "letters", "encodings", "ciphers"];
    let off: String = readings.iter().map(|reading| format!("{reading} = false\n")).collect();
    let policy = Policy::from_toml(&format!("extends = 'closed'\n[readings]\n{off}")).unwrap();
    assert_nothing(&policy, 20);
}

fn assert_nothing(policy: &Policy, most_held: usize) {
    let mut builder = IndexBuilder::new();
    for n in 0..4_000 {
        let owner = format!("C-{n}");
        for (kind, text) in [
            (Kind::Email, format!("ann{n}@example.com")),
            (Kind::Phone, format!("+1 415 555 {n:04}")),
            (Kind::Name, format!("Ann{} Maier{}", letters(n % 37), letters(n))),
            (Kind::Reference, format!("NO{n:05}-X")),
            (Kind::City, format!("Thank{}", letters(n))),
        ] {
            builder.add(Identifier { owner: &owner, kind, text: &text }).unwrap();
        }
    }
    let index = builder.finish_in_memory().unwrap();
    let session = Session::new(&index, policy, Reader::customer("C-7"));
    let mut checker = session.checker();
    let mut out = String::with_capacity(4 * CLEAN.len());
    let pieces = pieces(CLEAN, 4);
    let mut counted = Vec::new();
    for _ in 0..100 {
        out.clear();
        let before = ALLOCATIONS.get();
        for piece in &pieces {
            assert_eq!(checker.push(piece, &mut out), Verdict::Continue);
        }
        counted.push(ALLOCATIONS.get() - before);
    }
    assert!(checker.findings().is_empty(), "the text is clean");
    assert!(checker.held() < most_held);
    // The first rounds fold characters for the first time and let buffers grow.
    assert_eq!(counted[50..].iter().sum::<u64>(), 0, "{counted:?}");
}

fn letters(n: usize) -> String {
    format!("{n:05}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

fn pieces(text: &str, bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (bytes.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap();
        let (piece, behind) = rest.split_at(end);
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
