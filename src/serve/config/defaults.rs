//! What holds where nothing is said.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::quantity::{Size, Span};
use super::settings::{
    Config, ConversationsConfig, LimitsConfig, Log, ReaderConfig, ReportsConfig, Timeouts, WhenLost,
};
use crate::Load;

impl Default for Config {
    fn default() -> Self {
        Self {
            index: PathBuf::new(),
            max_lag: None,
            key_file: None,
            load: Load::default(),
            upstream: String::new(),
            upstream_ca: None,
            upstream_http2: false,
            policy: "standard".into(),
            shadow_policy: None,
            enforce_share: 1.0,
            grants: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin: SocketAddr::from(([127, 0, 0, 1], 9090)),
            log: Log::Text,
            reader: ReaderConfig::default(),
            routes: Vec::new(),
            limits: LimitsConfig::default(),
            timeouts: Timeouts::default(),
            conversations: ConversationsConfig::default(),
            reports: ReportsConfig::default(),
            tls: None,
        }
    }
}

impl Default for ReaderConfig {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network"));
        Self {
            header: "x-customer-id".into(),
            conversation: "x-conversation-id".into(),
            purpose: "x-purpose".into(),
            trusted: loopback.to_vec(),
            jwt: None,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let event_bytes = crate::wire::Limits::default().event_bytes;
        Self {
            streams: 4096,
            connections: 8192,
            header_bytes: Size(64 << 10),
            event_bytes: Size(event_bytes),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Span::seconds(10),
            answer: Span::seconds(600),
            idle: Span::seconds(300),
            client: Span::seconds(30),
            response: None,
            drain: Span::seconds(30),
        }
    }
}

impl Default for ConversationsConfig {
    fn default() -> Self {
        Self {
            keep: Span::seconds(24 * 3_600),
            most: 100_000,
            store: None,
            store_ca: None,
            prefix: "tightlip:".into(),
            patience: Span(std::time::Duration::from_millis(20)),
            when_lost: WhenLost::Strict,
        }
    }
}

impl Default for ReportsConfig {
    fn default() -> Self {
        Self { last: 100, file: None, file_bytes: Size(64 << 20), files: 16 }
    }
}

pub(super) fn authorization() -> String {
    "authorization".into()
}

pub(super) fn sub() -> String {
    "sub".into()
}
