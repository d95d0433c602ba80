//! PostgreSQL: the rows of one query, as they come.

use std::fmt::Write;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::types::{Kind, Type};
use postgres::{Client, Config, IsolationLevel, NoTls, Transaction};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Into, Rows, csv};
use crate::error::{Error, Result};

/// A database, by its URL.
pub(crate) struct Database {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
    /// `postgres://host:port/name`: what messages say. No password, and no user.
    name: String,
}

impl Database {
    /// Reads a URL as other programs take it; a password may stand in `PGPASSWORD` instead.
    ///
    /// TLS, with a certificate that is verified, where `sslmode` is `require`, `verify-ca` or `verify-full`, and wherever the server is not on this
    /// machine unless `sslmode=disable`; `sslrootcert` names a file of authorities of one's own.
    ///
    /// # Errors
    /// It is no such URL, or its file of authorities cannot be read. The message does not repeat it.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let wrong = || {
            Error::config(
                "this is not the URL of a database; expected postgres://user@host:port/name?sslmode=require",
            )
        };
        let (base, options) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut others) = (None, None, Vec::new());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(value),
                _ => others.push(option),
            }
        }
        let mut config = Config::from_str(&format!("{base}?{}", others.join("&"))).map_err(|_| wrong())?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong());
        }
        let is_here = config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        }) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        let is_encrypted = match mode {
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some("allow" | "prefer") | None => !is_here,
            Some(_) => {
                return Err(Error::config(
                    "sslmode: expected disable, prefer, require, verify-ca or verify-full",
                ));
            }
        };
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        config.keepalives_idle(Duration::from_secs(30)).application_name("tightlip");
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        let tls = is_encrypted.then(|| tls(authorities)).transpose()?;
        Ok(Self { name: name(&config), config, tls })
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn connect(&self) -> Result<Client> {
        let connected = match &self.tls {
            Some(tls) => self.config.connect(MakeRustlsConnect::new(rustls::ClientConfig::clone(tls))),
            None => self.config.connect(NoTls),
        };
        let mut client = connected.map_err(|error| self.failed("cannot connect", &error))?;
        // Days as year-month-day, whatever the server's habit.
        client
            .batch_execute("SET datestyle = 'ISO, YMD'")
            .map_err(|error| self.failed("cannot connect", &error))?;
        Ok(client)
    }

    /// An error without what it says of values.
    pub(crate) fn failed(&self, doing: &str, error: &postgres::Error) -> Error {
        let is_ours = error.as_db_error().is_some_and(|error| speaks_of_the_query(error.code().code()));
        let message = format!("{}: {doing}: {}", self.name, reason(error));
        if is_ours {
            Error::config(message)
        } else {
            Error::io(message, &io::Error::other("the database refused"))
        }
    }
}

/// What a query gives: the names of its columns, and how each is asked for so that it comes as a dictionary writes it.
pub(crate) struct Asked {
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<Type>,
    /// The query in parentheses, with a name.
    pub(crate) from: String,
}

impl Asked {
    /// Asks the database what a query would give.
    pub(crate) fn of(query: &str, database: &Database, transaction: &mut Transaction) -> Result<Self> {
        let query = query.trim().trim_end_matches(';');
        let failed = |error| database.failed("--query", &error);
        let statement = transaction.prepare(query).map_err(failed)?;
        let column = |column: &postgres::Column| (column.name().to_owned(), column.type_().clone());
        let (names, types): (Vec<_>, Vec<_>) = statement.columns().iter().map(column).unzip();
        if names.is_empty() {
            return Err(Error::config(
                "--query gives no columns; expected a SELECT of the owner and of identifiers",
            ));
        }
        // A comment may end the query.
        Ok(Self { names, types, from: format!("(\n{query}\n) AS q") })
    }

    /// What is selected of some of the columns.
    pub(crate) fn select(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut select = String::new();
        for (name, kind) in self.names.iter().zip(&self.types).filter(|(name, _)| wanted(name)) {
            let column = format!("q.{}", quoted(name));
            let column = match kind.kind() {
                // Elements as a dictionary separates them.
                Kind::Array(_) => format!("array_to_string({column}, ';')"),
                // A day of birth that stands in a column for moments.
                _ if [Type::TIMESTAMP, Type::TIMESTAMPTZ].contains(kind) => format!("{column}::date"),
                _ => column,
            };
            let separator = if select.is_empty() { "" } else { ", " };
            let _ = write!(select, "{separator}{column} AS {}", quoted(name));
        }
        select
    }
}

/// Reads the rows of a query.
pub(crate) fn read(database: &Database, query: &str, into: &mut Into) -> Result<Rows> {
    let mut client = database.connect()?;
    let mut transaction = snapshot(&mut client, database)?;
    let asked = Asked::of(query, database, &mut transaction)?;
    let copy = format!(
        "COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER true)",
        asked.select(|_| true),
        asked.from
    );
    let rows = copied(&mut transaction, database, &copy)?;
    let schema = into.schema;
    let name = database.name();
    into.sink(name, false, |sink| csv::read(rows, schema, sink).map_err(|error| error.about(name)))
}

/// One state of the database, only to be read.
pub(crate) fn snapshot<'a>(client: &'a mut Client, database: &Database) -> Result<Transaction<'a>> {
    let transaction =
        client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
    transaction.start().map_err(|error| database.failed("cannot begin to read", &error))
}

/// The rows that a COPY gives.
pub(crate) fn copied<'a>(
    transaction: &'a mut Transaction,
    database: &Database,
    copy: &str,
) -> Result<impl Read + 'a> {
    transaction.copy_out(copy).map(Copied).map_err(|error| database.failed("--query", &error))
}

/// What a query gives, with errors that say no values.
struct Copied<R>(R);

impl<R: Read> Read for Copied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let said = error.get_ref().and_then(|error| error.downcast_ref::<postgres::Error>()).map(reason);
            io::Error::other(said.unwrap_or_else(|| "the connection broke".into()))
        })
    }
}

/// A name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether errors of this code speak of the query, the login or the name of the database: what the user can mend, and no values.
fn speaks_of_the_query(code: &str) -> bool {
    ["42", "28", "3D", "3F", "0A", "25"].iter().any(|class| code.starts_with(class))
}

fn reason(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) if speaks_of_the_query(said.code().code()) => said.message().to_owned(),
        // Other messages quote the value that could not be converted.
        Some(said) => format!("the database reports SQLSTATE {}", said.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) if source.is::<io::Error>() => format!("{error}: {source}"),
            _ => error.to_string(),
        },
    }
}

fn name(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}/{}", config.get_dbname().unwrap_or_default())
}

fn tls(authorities: Option<&str>) -> Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    match authorities {
        Some(path) => {
            let unusable = || {
                Error::config(format!(
                    "sslrootcert: {path} has no certificate that can be read (expected PEM)"
                ))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unusable())? {
                roots.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
            }
            if roots.is_empty() {
                return Err(unusable());
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::config("TLS cannot be set up"))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_called_by_its_place() {
        let name = |url: &str| Database::new(url).map(|database| database.name);
        assert_eq!(
            name("postgres://ann:hunter2@localhost:5433/shop").unwrap(),
            "postgres://localhost:5433/shop"
        );
        assert_eq!(
            name("postgresql:///shop?host=/run/postgresql&user=ann").unwrap(),
            "postgres:///run/postgresql/shop"
        );
        for url in [
            "postgres://ann:hunter2@localhost:port/shop",
            "postgres://ann:hunter2@",
            "postgres://ann:hunter2@localhost/shop?sslmode=maybe",
            "postgres://ann:hunter2@localhost/shop?hunter2=1",
        ] {
            let error = name(url).unwrap_err();
            assert!(error.is_config() && !error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        let is_encrypted = |url: &str| Database::new(url).unwrap().tls.is_some();
        assert!(!is_encrypted("postgres://localhost/shop"));
        assert!(!is_encrypted("postgres://127.0.0.1/shop?sslmode=prefer"));
        assert!(is_encrypted("postgres://localhost/shop?sslmode=verify-full"));
        assert!(is_encrypted("postgres://db.example.com/shop"));
        assert!(is_encrypted("postgres://db.example.com,localhost/shop"));
        assert!(!is_encrypted("postgres://db.example.com/shop?sslmode=disable"));
    }
}
