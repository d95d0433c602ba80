//! The reverse proxy: takes requests for a provider, gives its answers as far as their reader may see them, promises that it judges them by the
//! very same [`GuardLayer`](crate::http::GuardLayer) that programs use.

mod admin;
mod answer;
mod config;
mod conversations;
mod endpoints;
mod identity;
mod idle;
mod listener;
mod metrics;
mod proxy;
mod reload;
mod reports;
mod said;
mod server;
mod share;
mod socket;
mod tls;
mod token;
mod upstream;

pub use config::{
    Config, ConversationsConfig, JwtConfig, LimitsConfig, Log, ReaderConfig, ReportsConfig, Route, Size,
    Span, StoreUrl, Timeouts, Tls, WhenLost,
};
pub use server::Server;

/// What goes wrong in other people's bodies.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
