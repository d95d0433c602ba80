//! Checks many answers at once, each as a `Stream`: `cargo run --example tokio_stream`.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};

#[tokio::main]
async fn main() -> Result<(), tightlip::Error> {
    let mut builder = IndexBuilder::new();
    for number in 0..100 {
        let (owner, text) = (format!("C-{number}"), format!("customer{number}@example.com"));
        builder.add(Identifier { owner: &owner, kind: Kind::Email, text: &text })?;
    }
    let index = builder.finish_in_memory()?;
    let policy = Policy::standard();

    // Every reader gets the same answer; each sees only their own address.
    let answers = (0..100).map(|number| {
        let session = Session::new(&index, &policy, Reader::customer(format!("C-{number}")));
        tokio::spawn(async move {
            let tokens = ["It is customer7@", "example.com, ", "or customer8@exa", "mple.com", "."];
            let tokens = stream::iter(tokens).then(|token| async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok::<_, std::io::Error>(token)
            });
            let safe: Vec<_> = tightlip::stream::guarded(tokens, session.checker()).collect().await;
            safe.into_iter().map(|piece| piece.expect("the stream has no errors")).collect::<String>()
        })
    });
    for (number, answer) in answers.enumerate() {
        let answer = answer.await.expect("no task panics");
        if (6..10).contains(&number) {
            println!("C-{number}: {answer}");
        }
        assert_eq!(answer.contains("customer7@"), number == 7);
        assert_eq!(answer.contains("customer8@"), number == 8);
    }
    Ok(())
}
