//! `tightlip demo`.

use super::{Ending, PolicyOption};
use crate::error::{Error, Result};
use clap::Args;
#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    policy: PolicyOption,
}
impl Demo { pub(super) fn run(&self) -> Result<Ending> { let _ = self.policy.read()?; Err(Error::config("x")) } }
