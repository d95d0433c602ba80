//! Echoes: what the readers have said themselves may be repeated to them.

use std::sync::Arc;

use super::Session;
use crate::policy::Action;
use crate::scan::{Means, Scanner};

impl Session {
    /// Takes in what the readers have said in this turn: other people's values in it may be repeated to them, as many as the policy allows, first come first.
    ///
    /// An echo confirms nothing: it counts as a fact about whoever has the value, and beside another fact about the same person it is withheld. A
    /// stranger has no echo.
    ///
    /// ```
    /// # use tightlip::{Identifier, IndexBuilder, Kind, Policy, Reader, Session};
    /// # let mut builder = IndexBuilder::new();
    /// # builder.add(Identifier { owner: "C-1001", kind: Kind::Email, text: "ann@example.com" })?;
    /// # builder.add(Identifier { owner: "C-1001", kind: Kind::Name, text: "Ann Lee" })?;
    /// # builder.add(Identifier { owner: "C-1002", kind: Kind::Email, text: "bob@example.com" })?;
    /// # let index = builder.finish_in_memory()?;
    /// let session = Session::new(&index, &Policy::standard(), Reader::customer("C-1002"));
    /// session.said("Did you write to ann@example.com?");
    /// let (mut checker, mut out) = (session.checker(), String::new());
    /// checker.push("I wrote to ann@example.com. That is Ann Lee.", &mut out);
    /// checker.finish(&mut out);
    /// assert_eq!(out, "I wrote to ann@example.com. That is [NAME].");
    /// # Ok::<(), tightlip::Error>(())
    /// ```
    pub fn said(&self, text: &str) {
        let inner = &*self.inner;
        if inner.rules.echoes == 0 || inner.rules.reader_hashes().is_empty() {
            return;
        }
        let mut scanner = Scanner::new(Arc::clone(&inner.plan));
        let (mut matches, mut new, mut at) = (Vec::new(), Vec::new(), 0);
        while at < text.len() {
            // The scanner goes on when what it has found is taken.
            at += scanner.advance(&text[at..], &mut new);
            matches.append(&mut new);
        }
        scanner.finish(&mut matches);
        let mut shared = inner.shared();
        for found in matches.iter().filter(|found| !found.means.intersects(super::channel::UNSURE)) {
            let value = inner.generation.value(found.key);
            let alone = inner.rules.alone(found.kind, found.key, Means::EXACT);
            if alone.is_some_and(|judgement| judgement.action == Action::Redact)
                && shared.echoes.len() < inner.rules.echoes
                && !shared.echoes.contains(&value)
            {
                shared.echoes.push(value);
            }
        }
    }
}
