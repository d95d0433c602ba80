//! Both sides of a proxy: an upstream that streams what it is asked for, and clients that look at what they get.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What is streamed.
#[derive(Clone, Copy)]
pub(super) struct Streams {
    pub(super) at_once: usize,
    pub(super) in_all: usize,
    pub(super) events: usize,
    /// How long the upstream takes before it answers, with the first event.
    pub(super) before: Duration,
    /// How long it takes for each event behind that.
    pub(super) pause: Duration,
    /// They begin one after the other within this time.
    pub(super) within: Duration,
}

/// What came of it.
pub(super) struct Load {
    /// How long each stream waited for its first event, in order.
    pub(super) first: Vec<Duration>,
    pub(super) events: usize,
    pub(super) took: Duration,
    /// How many streams were refused.
    pub(super) refused: usize,
}

/// What answers say.
const PROSE: &str = "Thank you for your patience while we look into the order that you placed with us last week: it has left our warehouse, and \
    should be with you within two days. If it is not there by then, please write to us again, and we will send another one at once.";

/// The word that an event says. Each stream begins elsewhere.
fn word(stream: usize, event: usize) -> &'static str {
    let words = PROSE.split(' ').count();
    PROSE.split(' ').nth((stream * 7 + event) % words).expect("there are so many")
}

fn event(stream: usize, event: usize) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-{stream}\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"model\",\
        \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" {}\"}},\"finish_reason\":null}}]}}\n\n",
        word(stream, event)
    )
}

/// A server that streams what the query of a request says: `/v1/chat/completions?stream&events&before&pause`, times in milliseconds.
pub(super) async fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let mut stream = BufReader::new(stream);
                while answer(&mut stream).await.is_some() {}
            });
        }
    });
    address
}

async fn answer(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    stream.read_exact(&mut [0; 2]).await.ok()?;
    let query = head.split(' ').nth(1)?.split('?').nth(1)?;
    let mut numbers = query.split('&').map_while(|number| number.parse::<usize>().ok());
    let (number, events, before, pause) =
        (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    let wait = async |milliseconds: usize| {
        if milliseconds > 0 {
            tokio::time::sleep(Duration::from_millis(milliseconds as u64)).await;
        }
    };
    wait(before).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    for at in 0..events {
        let event = event(number, at);
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await.ok()?;
        wait(pause).await;
    }
    stream.write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n").await.ok()
}

/// Asks for all streams and looks at each.
pub(super) async fn run(proxy: SocketAddr, streams: Streams) -> Load {
    let places = Arc::new(Semaphore::new(streams.at_once));
    let begin = Instant::now();
    let asked: Vec<_> = (0..streams.in_all)
        .map(|number| {
            let places = Arc::clone(&places);
            tokio::spawn(async move {
                tokio::time::sleep(streams.within * number as u32 / streams.in_all as u32).await;
                let _place = places.acquire_owned().await.unwrap();
                ask(proxy, number, streams).await
            })
        })
        .collect();
    let mut first = Vec::new();
    for stream in asked {
        first.extend(stream.await.expect("no stream is mixed up or cut"));
    }
    let took = begin.elapsed();
    first.sort();
    Load { events: first.len() * streams.events, took, refused: streams.in_all - first.len(), first }
}

/// One stream: how long it waited for its first event; `None` if it was refused.
async fn ask(proxy: SocketAddr, number: usize, streams: Streams) -> Option<Duration> {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (events, before, pause) = (streams.events, streams.before.as_millis(), streams.pause.as_millis());
    let begin = Instant::now();
    let request = format!(
        "POST /v1/chat/completions?{number}&{events}&{before}&{pause} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        x-customer-id: C-{number}\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut came, mut first) = (Vec::new(), None);
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        came.extend_from_slice(&buffer[..read]);
        if first.is_none() && came.windows(6).any(|bytes| bytes == b"data: ") {
            first = Some(begin.elapsed());
        }
    }
    if came.starts_with(b"HTTP/1.1 503 ") {
        return None;
    }
    let text = String::from_utf8(dechunked(&came)).unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"), "stream {number} is cut");
    let mut said = String::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("data: {")) {
        let value = |name: &str| line.split(name).nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(value("\"id\":\"chatcmpl-"), Some(&*number.to_string()), "an event of another stream");
        said += value("\"content\":\"").expect("an event with content");
    }
    let expected: String = (0..events).map(|at| format!(" {}", word(number, at))).collect();
    assert_eq!(said, expected, "stream {number} is mixed up");
    Some(first.expect("a first event"))
}

/// The body of a response, without its head and the lengths of its chunks.
fn dechunked(response: &[u8]) -> Vec<u8> {
    let line = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\r\n").expect("a whole line");
    let head = response.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let (mut rest, mut body) = (&response[head + 4..], Vec::new());
    loop {
        let end = line(rest);
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}
