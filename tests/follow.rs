//! `index follow`: a table that is written to, transactions that commit late, and either side killed; in the end the index is the table.
//!
//! `TIGHTLIP_FOLLOW="500 120 60"` runs it with so many rows a second, for so many seconds, and with a transaction that is held open for so many.

#[path = "support/database.rs"]
mod database;

#[path = "proxy/mod.rs"]
mod proxy;

mod support;

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use database::{PASSWORD, Server};
use proxy::Proxy;
use support::{Place, Seeded};
use tightlip::{Index, Policy, Reader, Session};

const QUERY: &str = "SELECT id, email, phone, updated_at, deleted FROM customers";

/// A follower in the background.
struct Following(Child);

impl Following {
    fn start(place: &Place, server: &Server, options: &str) -> Self {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tightlip"));
        command.current_dir(place.path("")).args([
            "index",
            "follow",
            "index.tlx",
            "--source",
            &server.url(),
            "--key",
            "updated_at",
        ]);
        command.args(["--every", "200ms", "--query", QUERY]).args(options.split_whitespace());
        let log = std::fs::File::options().create(true).append(true).open(place.path("follow.log")).unwrap();
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the binary runs"))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn table(server: &Server) {
    server
        .client()
        .batch_execute(
            "CREATE TABLE customers (id text PRIMARY KEY, email text, phone text, updated_at timestamptz NOT NULL DEFAULT now(), deleted boolean NOT NULL DEFAULT false);
             CREATE INDEX ON customers (updated_at);
             INSERT INTO customers SELECT 'C-' || n, 'first' || n || '@example.com', '+1415555' || lpad(n::text, 4, '0') FROM generate_series(1, 2000) AS n",
        )
        .unwrap();
}

fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < within, "{what} did not come to be within {within:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed()
}

fn knows(place: &Place, owner: &str) -> bool {
    Index::open(place.path("index.tlx")).is_ok_and(|index| index.knows(owner))
}

/// Which of these values are withheld from a stranger.
fn withheld(index: &Index, values: &[String]) -> Vec<bool> {
    let policy = Policy::standard();
    values
        .iter()
        .map(|value| {
            let session = Session::new(index, &policy, Reader::stranger());
            let mut checker = session.checker();
            let mut out = String::new();
            let _ = checker.push(&format!("it is {value} there"), &mut out);
            let _ = checker.finish(&mut out);
            !out.contains(value)
        })
        .collect()
}

/// Every value of the table is withheld, every earlier one is not, and nobody else is known.
fn is_the_table(place: &Place, server: &Server, earlier: &[String]) -> Result<(), String> {
    let index = Index::open(place.path("index.tlx")).map_err(|error| error.to_string())?;
    let rows = server
        .client()
        .query("SELECT id, email FROM customers WHERE NOT deleted AND email IS NOT NULL", &[])
        .unwrap();
    let owners: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let emails: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
    if let Some(owner) = owners.iter().find(|owner| !index.knows(owner)) {
        return Err(format!("{owner} is not known"));
    }
    if index.info().owners != owners.len() as u64 {
        return Err(format!("{} owners, not {}", index.info().owners, owners.len()));
    }
    if let Some(lost) = withheld(&index, &emails).iter().position(|withheld| !withheld) {
        return Err(format!("{} of {} is not withheld", emails[lost], owners[lost]));
    }
    let gone: Vec<String> = earlier.iter().filter(|value| !emails.contains(value)).cloned().collect();
    match withheld(&index, &gone).iter().position(|withheld| *withheld) {
        Some(kept) => Err(format!("{} is withheld still", gone[kept])),
        None => Ok(()),
    }
}

#[test]
fn no_row_is_lost() {
    let Some(server) = Server::start() else { return };
    let said = std::env::var("TIGHTLIP_FOLLOW").unwrap_or_else(|_| "100 14 5".into());
    let [rate, seconds, held]: [u64; 3] = said
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .expect("three numbers");
    table(&server);
    let place = Place::new();
    let options = "--deleted deleted --compare-every 3s --overlap 2s";
    let mut following = Following::start(&place, &server, options);
    until("the first index", Duration::from_secs(30), || knows(&place, "C-2000"));

    let (written, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let earlier = std::sync::Mutex::new(Vec::new());
    let worst = std::sync::Mutex::new((Duration::ZERO, Vec::new()));
    println!("seed 5");
    std::thread::scope(|scope| {
        // Writes until time is over; a server that is away for a moment is asked again.
        scope.spawn(|| {
            let (mut random, mut number, begun) = (Seeded(5), 10_000_u64, Instant::now());
            let mut client = server.client();
            while begun.elapsed() < Duration::from_secs(seconds) {
                let due = begun + Duration::from_secs_f64(written.load(Ordering::Relaxed) as f64 / rate as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                number += 1;
                let old = 1 + random.below(1_900);
                let statement = match random.below(10) {
                    0..5 => format!("INSERT INTO customers (id, email) VALUES ('C-{number}', 'new{number}@example.com')"),
                    5..8 => format!("UPDATE customers SET email = 'changed{number}@example.com', updated_at = now() WHERE id = 'C-{old}' AND NOT deleted"),
                    8 => format!("UPDATE customers SET deleted = true, updated_at = now() WHERE id = 'C-{old}'"),
                    _ => format!("DELETE FROM customers WHERE id = 'C-{old}'"),
                };
                let before = client.query(&format!("SELECT email FROM customers WHERE id = 'C-{old}'"), &[]);
                match client.batch_execute(&statement) {
                    Ok(()) => {
                        written.fetch_add(1, Ordering::Relaxed);
                        earlier.lock().unwrap().extend(before.into_iter().flatten().map(|row| row.get::<_, String>(0)));
                    }
                    Err(_) => {
                        std::thread::sleep(Duration::from_millis(100));
                        if let Ok(again) = postgres::Client::connect(&server.url(), postgres::NoTls) {
                            client = again;
                        }
                    }
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        // Is held open from its first write on, while others commit.
        scope.spawn(|| {
            let mut client = server.client();
            let mut transaction = client.transaction().unwrap();
            transaction.batch_execute("INSERT INTO customers (id, email) VALUES ('C-late', 'late@example.com'); UPDATE customers SET email = 'late1950@example.com', updated_at = now() WHERE id = 'C-1950'").unwrap();
            std::thread::sleep(Duration::from_secs(held));
            transaction.commit().unwrap();
        });
        // Reads for a while before it writes: `now()` is the time of its beginning.
        scope.spawn(|| {
            let mut client = server.client();
            let mut transaction = client.transaction().unwrap();
            transaction.query("SELECT count(*) FROM customers", &[]).unwrap();
            std::thread::sleep(Duration::from_secs(held - 1));
            transaction.batch_execute("UPDATE customers SET email = 'late1951@example.com', updated_at = now() WHERE id = 'C-1951'").unwrap();
            transaction.commit().unwrap();
        });
        // How long it takes from a commit to the index.
        scope.spawn(|| {
            let mut client = server.client();
            let mut probe = 0;
            while !is_over.load(Ordering::Relaxed) {
                probe += 1;
                let owner = format!("P-{probe}");
                let insert = format!(
                    "INSERT INTO customers (id, email) VALUES ('{owner}', 'probe{probe}@example.com')"
                );
                if client.execute(&insert, &[]).is_err() {
                    // The server was stopped.
                    std::thread::sleep(Duration::from_millis(100));
                    if let Ok(again) = postgres::Client::connect(&server.url(), postgres::NoTls) {
                        client = again;
                    }
                    continue;
                }
                let lag = until("a probe in the index", Duration::from_secs(60), || knows(&place, &owner));
                let mut worst = worst.lock().unwrap();
                worst.0 = worst.0.max(lag);
                worst.1.push(lag);
            }
        });
        // Half way the follower is killed, and later the server.
        std::thread::sleep(Duration::from_secs(held + 1).max(Duration::from_secs(seconds / 2)));
        following.0.kill().unwrap();
        following.0.wait().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        following = Following::start(&place, &server, options);
        std::thread::sleep(Duration::from_secs(2));
        server.stop();
        std::thread::sleep(Duration::from_secs(1));
        server.go_on(&[]);
    });

    let earlier = earlier.into_inner().unwrap();
    let mut last = Ok(());
    let caught = until("the index is the table", Duration::from_secs(60), || {
        last = is_the_table(&place, &server, &earlier);
        if let Err(why) = &last {
            println!("not yet: {why}");
        }
        last.is_ok()
    });
    let (worst, mut lags) = worst.into_inner().unwrap();
    lags.sort_unstable();
    println!(
        "{} rows written, {} probes: median {:?}, 90 % within {:?}, worst {worst:?}; caught up {caught:?} after the last",
        written.into_inner(),
        lags.len(),
        lags[lags.len() / 2],
        lags[lags.len() * 9 / 10]
    );
    // Each of the two sides was down for a second or two, and the database is asked again after one, two and four.
    assert!(worst < Duration::from_secs(10), "{worst:?}");
    let usual = lags[lags.len() * 9 / 10];
    assert!(usual < Duration::from_secs(5), "nine of ten within {usual:?}");
    let log = std::fs::read_to_string(place.path("follow.log")).unwrap();
    assert!(
        !log.contains(PASSWORD) && !log.contains("@example.com") && log.contains("trying again"),
        "{log}"
    );
    assert!(following.0.try_wait().unwrap().is_none(), "it follows still: {log}");
}

#[test]
fn what_cannot_be_followed_is_said() {
    let Some(server) = Server::start() else { return };
    table(&server);
    let place = Place::new();
    let follow = |options: &[&str]| {
        let mut command = place.command("index follow index.tlx --once");
        let ended: support::Ended =
            command.args(["--source", &server.url()]).args(options).output().unwrap().into();
        assert!(!ended.err.contains(PASSWORD), "{ended:?}");
        ended
    };
    follow(&["--query", QUERY, "--key", "changed_at"])
        .refused_at_once(2, &["--key changed_at", "no such column", "updated_at"]);
    follow(&["--query", QUERY, "--key", "email"])
        .refused_at_once(2, &["--key email", "type text", "timestamp"]);
    follow(&["--query", QUERY, "--key", "updated_at", "--deleted", "gone"])
        .refused_at_once(2, &["--deleted gone"]);
    follow(&["--query", QUERY, "--key", "updated_at"]).refused_at_once(2, &["`deleted`"]);
    follow(&["--query", QUERY, "--key", "updated_at", "--compare-every", "never"])
        .refused_at_once(2, &["--deleted", "--compare-every"]);
    follow(&["--query", "SELECT nothing", "--key", "updated_at"]).refused_at_once(2, &["does not exist"]);
    assert!(!place.path("index.tlx").exists());

    // Bad values are told by whose they are, as a keyed hash; rows of one owner add up; who is there no more is forgotten.
    let mut client = server.client();
    client.batch_execute("DELETE FROM customers; INSERT INTO customers (id, email) VALUES ('C-1', 'ann@example.com'), ('C-2', 'bob@example.com')").unwrap();
    let twice = "SELECT id, unnest(ARRAY[email, 'also.' || email]) AS email, updated_at FROM customers";
    follow(&["--query", twice, "--key", "updated_at"]).well();
    assert!(place.run("index info index.tlx").quietly().contains("email"));
    client.batch_execute("UPDATE customers SET email = 'carl at home', updated_at = now() WHERE id = 'C-1'; DELETE FROM customers WHERE id = 'C-2'").unwrap();
    let ended = follow(&["--query", twice, "--key", "updated_at"]).well();
    let index = Index::open(place.path("index.tlx")).unwrap();
    assert!(
        ended.err.contains(&format!("{}: email: not an email address", index.subject("C-1"))),
        "{ended:?}"
    );
    assert!(!ended.err.contains("carl"));
    assert!(!index.knows("C-1") && !index.knows("C-2"));
    client.batch_execute("UPDATE customers SET email = 'carl@example.com', updated_at = now()").unwrap();
    follow(&["--query", twice, "--key", "updated_at"]).well();
    let said = place
        .fed("filter --index index.tlx", "carl@example.com also.carl@example.com ann@example.com")
        .quietly();
    assert_eq!(said, "[EMAIL] [EMAIL] ann@example.com");

    // One at a time.
    let _following = Following::start(&place, &server, "--deleted deleted");
    let log = || std::fs::read_to_string(place.path("follow.log")).unwrap();
    until("it follows", Duration::from_secs(20), || log().contains("index.tlx follows "));
    follow(&["--query", QUERY, "--key", "updated_at", "--deleted", "deleted"])
        .refused_at_once(2, &["followed by another process"]);
}

#[test]
fn a_number_of_the_transaction_is_a_key_too() {
    let Some(server) = Server::start() else { return };
    let mut client = server.client();
    client
        .batch_execute(
            "CREATE TABLE people (id int, email text, changed xid8 DEFAULT pg_current_xact_id());
             INSERT INTO people VALUES (1, 'ann@example.com'), (2, 'bob@example.com')",
        )
        .unwrap();
    let place = Place::new();
    let follow = || {
        let mut command = place.command("index follow index.tlx --once --key changed --query");
        let ended: support::Ended =
            command.args(["SELECT * FROM people", "--source", &server.url()]).output().unwrap().into();
        ended.well();
    };
    follow();
    let mut late = server.client();
    let mut held = late.transaction().unwrap();
    let change = |id: u32, email: &str| {
        format!("UPDATE people SET email = '{email}', changed = pg_current_xact_id() WHERE id = {id}")
    };
    held.batch_execute(&change(1, "ann.lee@example.com")).unwrap();
    client.batch_execute(&change(2, "bob.ray@example.com")).unwrap();
    follow();
    follow();
    held.commit().unwrap();
    follow();
    let said = place
        .fed(
            "filter --index index.tlx",
            "ann@example.com ann.lee@example.com bob@example.com bob.ray@example.com",
        )
        .quietly();
    assert_eq!(said, "ann@example.com [EMAIL] bob@example.com [EMAIL]");
}

#[test]
fn a_proxy_says_how_far_its_index_is_behind() {
    let Some(server) = Server::start() else { return };
    table(&server);
    let place = Place::with_index();
    let lag = "tightlip_index_lag_seconds";
    let ready = |proxy: &Proxy| proxy::ask(proxy.admin, "GET /readyz", "").status;
    let upstream = "http://127.0.0.1:9";
    {
        // Nobody follows this index.
        let calm = Proxy::start(&place, upstream, "");
        assert!(calm.metric(lag).is_nan() && ready(&calm) == 200);
        let strict = Proxy::start_as(&place, "strict.toml", upstream, "max_lag = '2s'");
        assert_eq!(ready(&strict), 503);
    }
    let options = "--deleted deleted --compare-every never";
    let following = Following::start(&place, &server, options);
    until("the first index", Duration::from_secs(30), || {
        knows(&place, "C-2000") && place.path("index.tlx/follow.json").exists()
    });
    // Only the table counts, not what the index said before.
    let said = place.fed("filter --index index.tlx", "ann@example.com first1001@example.com").quietly();
    assert_eq!(said, "ann@example.com [EMAIL]");
    let calm = Proxy::start(&place, upstream, "");
    let strict = Proxy::start_as(&place, "strict.toml", upstream, "max_lag = '2s'");
    until("both are ready", Duration::from_secs(10), || ready(&calm) == 200 && ready(&strict) == 200);
    assert!(strict.metric(lag) < 2.0);

    // A source that is away alarms by the metric, and makes unready only where that is asked for.
    server.stop();
    until("the lag grows", Duration::from_secs(10), || calm.metric(lag) > 2.5);
    assert_eq!((ready(&calm), ready(&strict)), (200, 503));
    let answer = proxy::ask(strict.admin, "GET /readyz", "").text();
    assert!(answer.contains("behind its database"), "{answer}");
    server.go_on(&[]);
    until("it is ready again", Duration::from_secs(20), || ready(&strict) == 200);
    drop(following);
    until("nobody follows", Duration::from_secs(10), || ready(&strict) == 503);
}
