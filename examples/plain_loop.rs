//! Checks one answer in a plain loop: `cargo run --example plain_loop`.

use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session, Verdict};

fn main() -> Result<(), tightlip::Error> {
    let mut builder = IndexBuilder::new();
    builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
    builder.add(Identifier { owner: "C-1002", kind: Kind::Phone, text: "(415) 555-0104" })?;
    let index = builder.finish_in_memory()?;

    let session = Session::new(&index, &Policy::standard(), Reader::customer("C-1001"));
    let mut checker = session.checker();
    let mut out = String::new();
    for token in ["Your mail is ", "ann@exam", "ple.com, his number is ", "415.555", ".0104", "."] {
        let verdict = checker.push(token, &mut out);
        println!("{token:?} → {out:?}, {} bytes held", checker.held());
        out.clear();
        if verdict == Verdict::Stop {
            break;
        }
    }
    let _ = checker.finish(&mut out);
    println!("end → {out:?}");
    for finding in checker.findings() {
        println!("withheld: {} at {:?}, {}", finding.kind, finding.span, finding.rule);
    }
    Ok(())
}
