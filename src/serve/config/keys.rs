//! The keys of a configuration file; a key without a meaning is an error that names the nearest.

use crate::error::{Error, Result, did_you_mean};

/// The sections and their keys.
const SECTIONS: [(&str, &[&str]); 9] = [
    (
        "",
        &[
            "index",
            "max_lag",
            "key_file",
            "load",
            "upstream",
            "upstream_ca",
            "upstream_http2",
            "policy",
            "shadow_policy",
            "enforce_share",
            "grants",
            "listen",
            "admin",
            "log",
            "reader",
            "routes",
            "limits",
            "timeouts",
            "conversations",
            "reports",
            "tls",
        ],
    ),
    ("reader", &["header", "conversation", "purpose", "trusted", "jwt"]),
    ("reader.jwt", &["header", "issuer", "audience", "claim", "acting_for", "keys"]),
    ("routes", &["path", "format"]),
    ("limits", &["streams", "connections", "header_bytes", "event_bytes"]),
    ("timeouts", &["connect", "answer", "idle", "client", "response", "drain"]),
    ("conversations", &["keep", "most", "store", "store_ca", "prefix", "patience", "when_lost"]),
    ("reports", &["last", "file", "file_bytes", "files"]),
    ("tls", &["cert", "key"]),
];

/// # Errors
/// A key has no meaning.
pub(super) fn check(section: &str, table: &toml::Table) -> Result<()> {
    let found = SECTIONS.iter().find(|(name, _)| *name == section);
    let keys = found.map_or(&[][..], |(_, keys)| keys);
    for (key, value) in table {
        let at = if section.is_empty() { "configuration" } else { section };
        if !keys.contains(&key.as_str()) {
            let near = did_you_mean(key, keys.iter().copied());
            return Err(Error::config(format!("unknown key `{key}`{near}")).about(at));
        }
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        match value {
            toml::Value::Table(table) => check(&path, table)?,
            toml::Value::Array(values) => {
                values.iter().filter_map(toml::Value::as_table).try_for_each(|table| check(&path, table))?;
            }
            _ => {}
        }
    }
    Ok(())
}
