//! The configuration of the proxy: takes a TOML file, gives settings, promises that every field has a default and every key a meaning.

mod defaults;
mod keys;
mod quantity;
mod read;
mod settings;

pub use quantity::{Size, Span};
pub(super) use read::is_policy_file;
pub use settings::{
    Config, ConversationsConfig, JwtConfig, LimitsConfig, Log, ReaderConfig, ReportsConfig, Route, StoreUrl,
    Timeouts, Tls, WhenLost,
};
