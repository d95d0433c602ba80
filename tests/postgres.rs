//! Dictionaries in PostgreSQL, from a server that a test starts: the same index as from CSV, clear messages, and no password anywhere.

#[path = "support/database.rs"]
mod database;

mod support;

use database::{PASSWORD, Server};
use support::{Ended, Place, VALUES};

const QUERY: &str = "SELECT customer_id, name, email, phone, username, booking, date_of_birth, postcode FROM people -- all of them";

fn people(server: &Server) {
    server
        .client()
        .batch_execute(
            "CREATE TABLE people (customer_id text, name text, email text[], phone text, username text, booking text, date_of_birth date, postcode bigint);
             INSERT INTO people VALUES
                ('C-1001', 'Ann Lee', '{ann@example.com}', '+1 415 555 0104', 'ann_lee_77', 'XK42TQ', '1990-04-05', 94105),
                ('C-1002', 'Bob Ray', '{bob@example.com,bob.ray@example.org}', '+1 415 555 0177', 'bobray_08', 'PP81ZD', '1985-11-30', 10001);
             ALTER DATABASE postgres SET datestyle = 'German'",
        )
        .unwrap();
}

fn asked(place: &Place, url: &str, query: &str, options: &str) -> Ended {
    let mut command = place.command("index build -o table.tlx");
    command.arg(url).args(["--query", query]).args(options.split_whitespace());
    let ended: Ended = command.output().unwrap().into();
    assert!(!ended.err.contains(PASSWORD) && !ended.out.contains(PASSWORD), "{ended:?}");
    assert!(VALUES.iter().all(|value| !ended.err.contains(value)), "{ended:?}");
    ended
}

#[test]
fn a_query_makes_the_index_of_the_csv() {
    let Some(server) = Server::start() else { return };
    people(&server);
    let place = Place::with_index();
    let said = asked(&place, &server.url(), QUERY, "").quietly();
    assert!(said.starts_with("table.tlx: 15 identifiers of 2 owners, "), "{said}");
    for file in [".strong", ".weak", ".postings", ".owners", ".openings"] {
        assert_eq!(place.file("index.tlx", file), place.file("table.tlx", file), "{file}");
    }

    // The password from the environment, a file beside the database, and an update.
    let mut command = place.command("index build more.csv -o both.tlx");
    place.write("more.csv", "id,email\nC-1003,eve@example.com\n");
    command.arg(server.bare()).args(["--query", QUERY]).env("PGPASSWORD", PASSWORD);
    let ended: Ended = command.output().unwrap().into();
    assert!(ended.quietly().starts_with("both.tlx: 16 identifiers of 3 owners, "));
    let mut command = place.command("index update table.tlx");
    command.arg(server.url()).args(["--query", "SELECT 'C-1001' AS id, 'ann.lee@example.net' AS email"]);
    let ended: Ended = command.output().unwrap().into();
    assert!(ended.quietly().contains("generation 2"));
    let said = place
        .fed("filter --index table.tlx", "ann@example.com ann.lee@example.net bob@example.com")
        .quietly();
    assert_eq!(said, "ann@example.com [EMAIL] [EMAIL]");
}

#[test]
fn what_is_wrong_is_said_without_values() {
    let Some(server) = Server::start() else { return };
    people(&server);
    let place = Place::new();
    let url = server.url();
    for (query, code, parts) in [
        ("SELECT customer_id, emial FROM people", 2, &["column \"emial\" does not exist"][..]),
        ("SELECT customer_id, postcode AS plz FROM people", 2, &["`plz`"]),
        ("SELECT name FROM people", 2, &["is the owner", "customer_id"]),
        ("DELETE FROM people RETURNING customer_id", 2, &["--query"]),
        ("SELECT customer_id, email FROM people; DROP TABLE people", 2, &["--query"]),
        // The server's message has the value.
        ("SELECT customer_id, name::int AS postcode FROM people", 1, &["SQLSTATE 22P02"]),
        ("SELECT customer_id, email FROM people WHERE false", 2, &["no rows"]),
    ] {
        asked(&place, &url, query, "").refused_at_once(code, parts);
    }
    assert_eq!(server.client().query("SELECT FROM people", &[]).unwrap().len(), 2);

    asked(&place, &url.replace(PASSWORD, "wrong-one"), QUERY, "")
        .refused_at_once(2, &["password authentication failed"]);
    asked(&place, &url.replace("/postgres", "/shop"), QUERY, "")
        .refused_at_once(2, &["\"shop\" does not exist"]);
    asked(&place, &url.replace("127.0.0.1:", "127.0.0.1:port"), QUERY, "").refused_at_once(2, &["URL"]);
    server.stop();
    asked(&place, &url, QUERY, "").refused_at_once(1, &["cannot connect"]);
    // A URL in the wrong place is not repeated with its password.
    for arguments in [
        vec!["index", "build", &url, "-o", "x.tlx"],
        vec!["index", "info", "x.tlx", &url],
        vec!["filter", &url],
    ] {
        let mut command = place.command("");
        let ended: Ended = command.args(arguments).output().unwrap().into();
        assert!(ended.code == Some(2) && !ended.err.contains(PASSWORD), "{ended:?}");
    }
    place
        .run("index build people.csv -o x.tlx --query SELECT")
        .refused_at_once(2, &["--query is for databases"]);
}

#[test]
fn bad_rows_are_told_by_their_number() {
    let Some(server) = Server::start() else { return };
    let place = Place::new();
    let query = "SELECT * FROM (VALUES ('C-1', 'ann@example.com'), ('C-2', E'bob\\nat home'), (NULL, 'eve@example.com'), ('C-4', NULL)) AS v (id, email)";
    let ended = asked(&place, &server.url(), query, "--max-bad 2").well();
    let name = server.bare().replace("tester@", "");
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(lines[0], format!("{name}:2: email: not an email address (expected name@domain.example)"));
    assert_eq!(lines[1], format!("{name}:3: id: the owner is missing, or there are several"));
    assert_eq!(lines[2], "tightlip: 2 of 4 rows had values that cannot be used; their other values are in");
    asked(&place, &server.url(), query, "--max-bad 1").refused(2, &["2 of 4 rows"]);
}

#[test]
fn tls_is_verified_where_it_is_asked_for() {
    let Some(server) = Server::start() else { return };
    people(&server);
    let place = Place::new();
    asked(&place, &format!("{}?sslmode=require", server.url()), QUERY, "")
        .refused_at_once(1, &["cannot connect", "TLS"]);

    let authority = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = parameters.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(server.path("data/server.crt"), certificate.pem()).unwrap();
    std::fs::write(server.path("data/server.key"), key.serialize_pem()).unwrap();
    std::fs::write(server.path("root.crt"), root.pem()).unwrap();
    let owner = std::fs::metadata(server.path("data")).unwrap();
    std::os::unix::fs::chown(
        server.path("data/server.key"),
        Some(std::os::unix::fs::MetadataExt::uid(&owner)),
        None,
    )
    .unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(server.path("data/server.key"), private).unwrap();
    server.stop();
    server.go_on(&["ssl=on"]);

    let with = |options: &str| asked(&place, &format!("{}?{options}", server.url()), QUERY, "");
    with("sslmode=require").refused_at_once(1, &["cannot connect", "certificate"]);
    let root = server.path("root.crt");
    let said = with(&format!("sslmode=verify-full&sslrootcert={}", root.display())).quietly();
    assert!(said.starts_with("table.tlx: 15 identifiers of 2 owners, "), "{said}");
    with("sslmode=require&sslrootcert=/nowhere.crt").refused_at_once(2, &["sslrootcert", "/nowhere.crt"]);
}

#[test]
fn many_rows_come_as_a_stream() {
    let Some(server) = Server::start() else { return };
    let place = Place::new();
    let query = "SELECT 'C-' || n AS id, 'person' || n || '@example.com' AS email FROM generate_series(1, 50000) AS n";
    let said = asked(&place, &server.url(), query, "--memory 1MiB").quietly();
    assert!(said.starts_with("table.tlx: 50,000 identifiers of 50,000 owners, "), "{said}");
}
