//! The report as one page that needs nothing else: no network, no script, no text of the response.

use std::fmt::Write;

use super::plot::{Axis, Plot, bars};
use super::quantity::{Unit, rounded};
use super::report::{Report, StreamsReport};
use super::sections::{Section, sections};
use super::spread::Spread;

pub(super) fn page(report: &Report) -> String {
    let (mut over, mut tables) = (String::new(), String::new());
    for section in sections(report) {
        match section.title == "over budget" {
            true => over = table(&section, "over"),
            false => tables += &table(&section, ""),
        }
    }
    let title = format!("tightlip {} bench", report.version);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{}</style>\n</head>\n\
        <body>\n<main>\n<h1>{title}</h1>\n<p>{}</p>\n{over}\n<div class=\"tiles\">{}</div>\n<div class=\"cards\">{}</div>\n\
        <div class=\"tables\">{tables}</div>\n</main>\n</body>\n</html>\n",
        include_str!("page.css"),
        subtitle(report),
        tiles(report),
        plots(report),
    )
}

fn subtitle(report: &Report) -> String {
    let identifiers = crate::cli::grouped(report.index.identifiers);
    let machine = &report.machine;
    escaped(&format!(
        "Policy {}, {identifiers} identifiers, on {}, {}.",
        report.policy, machine.cpu, machine.os
    ))
}

fn tiles(report: &Report) -> String {
    let mut tiles = vec![
        ("a push, mean".to_owned(), Unit::Time.say(report.push.mean_ns)),
        ("a push, 99 % at most".to_owned(), Unit::Time.say(report.push.ns.p99())),
        ("bytes held, mean".to_owned(), Unit::Bytes.say(report.held_bytes.mean())),
        ("of tokens delayed".to_owned(), Unit::Share.say(report.delay.delayed)),
        ("added to the first token".to_owned(), Unit::Time.say(report.first_token.added_ns)),
    ];
    if let Some(streams) = &report.streams {
        tiles.push((format!("cores for {} streams", streams.once.streams), rounded(streams.once.cores)));
        tiles.push((
            format!("added at {} streams, 99 % at most", streams.once.streams),
            Unit::Time.say(streams.once.added_ns.p99()),
        ));
    }
    tiles
        .iter()
        .map(|(name, figure)| format!("<div class=\"tile\"><b>{figure}</b><span>{name}</span></div>"))
        .collect()
}

fn plots(report: &Report) -> String {
    let clock = &report.machine.clock.empty_ns;
    let pushes =
        spreads("time of a push", &[("push", "a push", &report.push.ns), ("empty", "the empty loop", clock)]);
    let pushes = card(
        "How long a push takes",
        "Time that so many pushes in a hundred do not exceed. The empty loop is what the clock and the machine add.",
        &pushes,
    );
    let held = card(
        "What is held over the response",
        "Bytes held after each token, as the response goes on.",
        &held(report),
    );
    let delay = card(
        &format!("How late tokens leave at {} a second", report.delay.tokens_per_second),
        "Share of all tokens; a token that is held leaves with a later one.",
        &delays(report),
    );
    pushes + &held + &delay + &report.streams.as_ref().map(load).unwrap_or_default()
}

fn load(streams: &StreamsReport) -> String {
    let name = |streams: u32| format!("{streams} streams");
    let (once, twice) = (name(streams.once.streams), name(streams.twice.streams));
    let drawn = spreads(
        "added delay",
        &[
            ("push", &once, &streams.once.added_ns),
            ("twice", &twice, &streams.twice.added_ns),
            ("empty", "nothing checked", &streams.idle.added_ns),
        ],
    );
    let says = format!(
        "Added delay that so many tokens in a hundred do not exceed, at {} a second in each stream.",
        streams.rate
    );
    card("How late tokens are under load", &says, &drawn)
}

/// What values do not exceed in how many cases, one line for each spread.
fn spreads(what: &str, lines: &[(&str, &str, &Spread)]) -> String {
    let most = lines.iter().map(|(_, _, spread)| spread.n()).max().unwrap_or(0);
    let (low, high) = lines.iter().fold((f64::MAX, 0f64), |(low, high), (_, _, spread)| {
        (low.min(spread.at(0.0).max(1.0)), high.max(spread.max()))
    });
    let x = Axis::shares("% of all, the rare ones stretched", most);
    let end = x.high();
    let mut plot = Plot::new(x, Axis::powers("", low, high, |value| Unit::Time.say(value)));
    let mut key = String::from("<div class=\"key\">");
    for (class, name, spread) in lines {
        let end = end.min((spread.n().max(1) as f64).log10());
        let at = |step: u32| end * f64::from(step) / 240.0;
        plot.line(
            class,
            (0..=240).map(|step| (at(step), spread.at(1.0 - 10f64.powf(-at(step))).max(1.0).log10())),
        );
        let _ = write!(
            key,
            "<span><svg viewBox=\"0 0 34 10\" aria-hidden=\"true\"><path class=\"line {class}\" d=\"M0 5H34\"/></svg>{name}</span>"
        );
    }
    let said = lines
        .iter()
        .map(|(_, name, spread)| format!("{name}: 99 % at most {}", Unit::Time.say(spread.p99())));
    let says = format!("{what}; {}", said.collect::<Vec<_>>().join(", "));
    plot.svg(&says) + &key + "</div>"
}

/// As many columns as can be told apart: the most of each, and the mean where a column holds several tokens.
fn held(report: &Report) -> String {
    let held = &report.response.held;
    let width = held.len().div_ceil(430).max(1);
    let (mut most, mut mean) = (Vec::new(), Vec::new());
    for (at, column) in held.chunks(width).enumerate() {
        let (begin, end) = ((at * width) as f64, (at * width + column.len()) as f64);
        let highest = f64::from(column.iter().copied().max().unwrap_or(0));
        most.extend([(begin, highest), (end, highest)]);
        let sum: f64 = column.iter().map(|held| f64::from(*held)).sum();
        mean.push(((begin + end) / 2.0, sum / column.len() as f64));
    }
    let high = most.iter().map(|(_, held)| *held).fold(0.0, f64::max);
    let x = Axis::linear("token of the response", held.len() as f64, |at| crate::cli::grouped(at as u64));
    let mut plot = Plot::new(x, Axis::linear("", high, |held| Unit::Bytes.say(held)));
    plot.area("push", &most);
    plot.line("push", if width == 1 { most } else { mean });
    let bytes = &report.held_bytes;
    let key = match width {
        1 => String::new(),
        width => format!(
            "<div class=\"key\"><span>line: mean of {width} tokens; area: the most of them</span></div>"
        ),
    };
    plot.svg(&format!(
        "bytes held: {} on average, at most {}",
        Unit::Bytes.say(bytes.mean()),
        Unit::Bytes.say(bytes.max())
    )) + &key
}

/// Delays in tokens that are shown together.
const DELAYS: [(u64, u64); 13] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 6),
    (7, 8),
    (9, 12),
    (13, 16),
    (17, 32),
    (33, 64),
    (65, 256),
    (257, u64::MAX),
];

fn delays(report: &Report) -> String {
    let tokens = &report.delay.tokens;
    let time = |tokens: u64| rounded(tokens as f64 * report.interval() / 1e6);
    let rows = DELAYS.iter().filter(|(low, _)| *low as f64 <= tokens.max()).map(|(low, high)| {
        let name = match (*low, *high) {
            (0, _) => "at once".to_owned(),
            (1, _) => format!("1 token, {} ms", time(1)),
            (low, u64::MAX) => format!("{low} and more"),
            (low, high) if low == high => format!("{low} tokens, {} ms", time(low)),
            (low, high) => format!("{low}–{high}, to {} ms", time(high)),
        };
        let share = tokens.between(*low, *high) as f64 / tokens.n().max(1) as f64;
        (name, share, Unit::Share.say(share))
    });
    bars(
        &rows.collect::<Vec<_>>(),
        &format!("{} of the tokens are delayed", Unit::Share.say(report.delay.delayed)),
    )
}

fn card(title: &str, says: &str, drawn: &str) -> String {
    format!("<section><h2>{title}</h2><p>{says}</p>{drawn}</section>\n")
}

fn table(section: &Section, class: &str) -> String {
    let mut table =
        format!("<section class=\"{class}\"><h2>{}</h2><div class=\"rows\"><table>", escaped(&section.title));
    for row in &section.rows {
        let _ = write!(table, "<tr><th scope=\"row\">{}</th>", escaped(&row.name));
        for cell in row.cells.iter().filter(|cell| !cell.is_empty()) {
            let _ = write!(table, "<td class=\"figure\">{}</td>", escaped(cell));
        }
        let note = if row.note.is_empty() {
            String::new()
        } else {
            format!("<td class=\"note\">{}</td>", escaped(&row.note))
        };
        table += &format!("{note}</tr>");
    }
    table += "</table></div>";
    section.below.iter().for_each(|sentence| table += &format!("<p>{}</p>", escaped(sentence)));
    table + "</section>\n"
}

/// Names of policies are those of files, and processors call themselves what they like.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
