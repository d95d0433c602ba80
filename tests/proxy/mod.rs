//! A proxy as a user runs it, an upstream that does what a test says, and a client that sees every byte.

#![allow(dead_code, unreachable_pub)] // every test file uses some of it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Place;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// `tightlip serve`, running.
pub struct Proxy {
    child: Child,
    pub clients: SocketAddr,
    pub admin: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Proxy {
    /// A proxy in this place, with more lines of configuration.
    pub fn start(place: &Place, upstream: &str, more: &str) -> Self {
        Self::start_as(place, "serve.toml", upstream, more)
    }

    pub fn start_as(place: &Place, file: &str, upstream: &str, more: &str) -> Self {
        let config = format!(
            "index = 'index.tlx'\nupstream = '{upstream}'\nlisten = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n{more}\n"
        );
        place.write(file, config);
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tightlip"))
            .current_dir(place.path(""))
            .args(["serve", "--config", file])
            .env("TIGHTLIP_LOG", "trace")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (writes, stderr) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                *writes.lock().unwrap() += &(line + "\n");
            }
        });
        let line = until("it listens", || {
            let log = log.lock().unwrap();
            log.lines().find(|line| line.starts_with("tightlip: ")).map(str::to_owned)
        });
        let mut addresses = line.split("://").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(rest.len());
            rest[..end].parse().unwrap_or_else(|_| panic!("no address in {line}"))
        });
        let (clients, admin) = (addresses.next().unwrap(), addresses.next().unwrap());
        Self { child, clients, admin, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn ask(&self, head: &str, body: &str) -> Answer {
        ask(self.clients, head, body)
    }

    pub fn metrics(&self) -> String {
        ask(self.admin, "GET /metrics", "").text()
    }

    /// The value of a metric, named with its labels; 0 if it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    #[track_caller]
    pub fn waits_for_metric(&self, name: &str, value: f64) {
        until(&format!("{name} is {value}, not {}", self.metric(name)), || {
            (self.metric(name) == value).then_some(())
        });
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// How it ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        until("it ends", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the proxy's log:\n{}", self.log());
        }
    }
}

/// Waits until there is something.
#[track_caller]
pub fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited for this in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A server that does with each request what a test says, and then closes the connection.
#[derive(Clone)]
pub struct Upstream {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<String>>>,
    /// How many connections the other side has closed early.
    gone: Arc<Mutex<usize>>,
}

/// The connection of one request.
pub struct Asked {
    pub head: String,
    stream: TcpStream,
}

impl Asked {
    /// Whether the other side still takes it.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// A head whose body goes on until the connection ends, in chunks.
    pub fn begin(&mut self, content_type: &str) {
        self.write(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        ));
    }

    pub fn chunk(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        let head = format!("{:x}\r\n", bytes.len());
        self.write([head.as_bytes(), bytes, b"\r\n"].concat())
    }

    pub fn end(&mut self) {
        self.write("0\r\n\r\n");
    }

    /// A whole answer.
    pub fn answer(&mut self, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 200 OK\r\n{headers}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.write([head.as_bytes(), body].concat());
    }

    /// Waits until the other side has gone.
    pub fn waits_for_the_end(&mut self) {
        let _ = self.stream.set_read_timeout(Some(PATIENCE));
        let _ = self.stream.read(&mut [0; 1]);
    }
}

impl Upstream {
    pub fn start(serve: impl Fn(&mut Asked) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            heads: Arc::default(),
            bodies: Arc::default(),
            gone: Arc::default(),
        };
        let (serve, shared) = (Arc::new(serve), upstream.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serve, shared) = (Arc::clone(&serve), shared.clone());
                thread::spawn(move || shared.serve(stream, &*serve));
            }
        });
        upstream
    }

    fn serve(&self, mut stream: TcpStream, serve: &dyn Fn(&mut Asked)) {
        stream.set_nodelay(true).unwrap();
        let Some((head, body)) = request(&mut stream) else { return };
        self.heads.lock().unwrap().push(head.clone());
        self.bodies.lock().unwrap().push(body);
        let mut asked = Asked { head, stream };
        serve(&mut asked);
        if !asked.write("") || asked.stream.peer_addr().is_err() {
            *self.gone.lock().unwrap() += 1;
        }
        let _ = asked.stream.shutdown(Shutdown::Both);
    }

    /// The heads of the requests that came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }
}

/// The head and the body of a request.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let mut body = Vec::new();
    if let Some((_, rest)) = lower.split_once("content-length: ") {
        body.resize(rest.lines().next()?.trim().parse().ok()?, 0);
        reader.read_exact(&mut body).ok()?;
    } else if lower.contains("transfer-encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).ok()?;
            if length == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
    Some((head, String::from_utf8(body).ok()?))
}

/// What a client was given.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The body did not end as it should.
    pub is_cut: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of text")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// It says no, in the words of a provider's error, and that there is no use in asking again.
    #[track_caller]
    pub fn is_refused(&self, status: u16, why: &str) {
        assert_eq!((self.status, self.header("x-should-retry")), (status, Some("false")), "{self:?}");
        let error: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(error["error"]["type"], "tightlip_refused");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "no {why:?} in {message:?}");
    }
}

/// Connects.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Asks with the first line and the headers of `head`, line by line.
pub fn ask(address: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = connect(address);
    send(&mut stream, head, body);
    read(&mut stream)
}

pub fn send(stream: &mut TcpStream, head: &str, body: &str) {
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let mut request = format!("{line} HTTP/1.1\r\nhost: proxy.test\r\nconnection: close\r\n");
    headers.lines().for_each(|header| request += &format!("{header}\r\n"));
    if !body.is_empty() {
        request += &format!("content-length: {}\r\n", body.len());
    }
    request += "\r\n";
    request += body;
    stream.write_all(request.as_bytes()).unwrap();
}

/// Reads an answer to its end.
pub fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let failed = stream.read_to_end(&mut bytes).is_err();
    let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let Some(end) = end else {
        return Answer { status: 0, head: String::new(), body: bytes, is_cut: true };
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let rest = &bytes[end + 4..];
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body: rest.to_vec(), is_cut: failed };
    if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.is_cut) = dechunked(rest);
    } else if let Some(length) = answer.header("content-length") {
        answer.is_cut = length.parse() != Ok(rest.len());
    }
    answer
}

/// The content of chunks, and whether the last one is missing.
fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|bytes| bytes == b"\r\n") else { return (body, true) };
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        if length == 0 {
            return (body, false);
        }
        let have = length.min(rest.len());
        body.extend_from_slice(&rest[..have]);
        if rest.len() < length + 2 {
            return (body, true);
        }
        rest = &rest[length + 2..];
    }
}
