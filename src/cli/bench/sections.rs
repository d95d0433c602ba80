//! The report in rows, for the table and for the page.

use super::load::Loaded;
use super::quantity::{Unit, rounded};
use super::report::{Report, StreamsReport};
use crate::cli::grouped;

/// Rows with a title, and sentences below them.
#[derive(Default)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    pub(super) below: Vec<String>,
}

/// A name, figures, and what is to be known about them.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) cells: Vec<String>,
    pub(super) note: String,
}

impl Section {
    fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    fn row(&mut self, name: &str, cell: String, note: impl Into<String>) {
        self.cells(name, vec![cell], note);
    }

    fn said(&mut self, name: &str, said: impl Into<String>) {
        self.cells(name, Vec::new(), said);
    }

    fn cells(&mut self, name: &str, cells: Vec<String>, note: impl Into<String>) {
        self.rows.push(Row { name: name.to_owned(), cells, note: note.into() });
    }
}

pub(super) fn sections(report: &Report) -> Vec<Section> {
    let mut sections = vec![subject(report), push(report), holding(report), memory(report)];
    sections.extend(report.streams.as_ref().map(streams));
    sections.push(machine(report));
    sections.extend(over(report));
    sections
}

fn subject(report: &Report) -> Section {
    let (index, response) = (&report.index, &report.response);
    let of = |is_demo, whose: &str| if is_demo { "of the demo" } else { whose }.to_owned();
    let mut section = Section::new(format!("measured by tightlip {}", report.version));
    let identifiers =
        format!("{} identifiers of {} owners, ", grouped(index.identifiers), grouped(index.owners));
    section.said("index", identifiers + &of(index.demo, "yours"));
    section.said("policy", report.policy.clone());
    let streamed = format!(
        "{}, {} in {} pushes, ",
        response.format,
        Unit::Bytes.say(response.bytes as f64),
        grouped(response.pushes as u64)
    );
    section.said("response", streamed + &of(response.demo, "yours"));
    section.said("findings", grouped(response.findings as u64));
    if response.stopped {
        section.below.push("The policy stopped the response; what comes behind is not measured.".into());
    }
    if response.bytes < SHORT {
        section.below.push(format!(
            "A response this short is learned by heart by the processor: give {} or more of your own.",
            Unit::Bytes.say(SHORT as f64)
        ));
    }
    section
}

/// What a branch predictor may remember, with room to spare.
const SHORT: usize = 100_000;

fn push(report: &Report) -> Section {
    let (push, empty) = (&report.push.ns, &report.machine.clock.empty_ns);
    let mut section = Section::new("time of a push");
    section.cells("", vec!["push".into(), "empty loop".into()], "");
    section.cells("mean", vec![Unit::Time.say(report.push.mean_ns), Unit::Time.say(empty.mean())], "");
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        section.cells(name, vec![Unit::Time.say(push.at(share)), Unit::Time.say(empty.at(share))], "");
    }
    section.row("throughput", Unit::Speed.say(report.push.bytes_per_second), "one stream, one core");
    let streams = report.interval() / report.push.mean_ns.max(1.0);
    let at = format!("at {} tokens a second, if it did nothing else", report.delay.tokens_per_second);
    section.row("streams of a core", rounded(streams), at);
    section.below.push(format!(
        "{} pushes timed one by one, each from its own beginning and with a reading of the clock; mean and throughput are of others, in time of the processor.",
        grouped(push.n())
    ));
    section.below.push(
        "The empty loop reads the clock with nothing between: times as long as its own are the machine's, not the check's.".into(),
    );
    section
}

fn holding(report: &Report) -> Section {
    let (held, delay, first) = (&report.held_bytes, &report.delay, &report.first_token);
    let at_rate = |tokens: f64| format!("{} tokens", rounded(tokens)) + &time_of(tokens, report);
    let mut section = Section::new(format!("held back, at {} tokens a second", delay.tokens_per_second));
    section.row("bytes held", Unit::Bytes.say(held.mean()), "on average, after a push");
    section.row("", Unit::Bytes.say(held.p99()), "at most, after 99 % of the pushes");
    section.row("", Unit::Bytes.say(held.max()), "at most");
    section.row(
        "tokens delayed",
        Unit::Share.say(delay.delayed),
        format!("by {} on average", at_rate(delay.mean_of_delayed)),
    );
    section.row(
        "delay of a token",
        Unit::Tokens.say(delay.tokens.p99()),
        format!("at most, for 99 % of all tokens{}", time_of(delay.tokens.p99(), report)),
    );
    section.row(
        "",
        Unit::Tokens.say(delay.tokens.max()),
        format!("at most{}", time_of(delay.tokens.max(), report)),
    );
    section.row(
        "start of a response",
        Unit::Time.say(first.start_ns.p50()),
        format!("99 % at most {}", Unit::Time.say(first.start_ns.p99())),
    );
    section.row(
        "added to first token",
        Unit::Time.say(first.added_ns),
        format!("of which it is held for {}", Unit::Tokens.say(first.held_tokens as f64)),
    );
    section
}

/// How long the model takes for so many tokens.
fn time_of(tokens: f64, report: &Report) -> String {
    if tokens == 0.0 { String::new() } else { format!(" ({})", Unit::Time.say(tokens * report.interval())) }
}

fn memory(report: &Report) -> Section {
    let said =
        |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), |bytes| Unit::Bytes.say(bytes as f64));
    let mut section = Section::new("memory");
    section.row("a stream", said(report.memory.stream_bytes), "");
    section.row("index", said(Some(report.index.bytes)), "mapped or in memory, shared by all streams");
    section.row("process", said(report.memory.process_bytes), "what of the index was touched included");
    match report.allocations {
        Some(counted) => {
            section.row(
                "allocations",
                rounded(counted.per_push),
                format!("a push; {} to begin a response", grouped(counted.start)),
            );
        }
        None => section.row("allocations", "–".into(), "not counted; build with --features allocations"),
    }
    section
}

fn streams(streams: &StreamsReport) -> Section {
    let loads = [&streams.idle, &streams.once, &streams.twice];
    let of = |figure: &dyn Fn(&Loaded) -> String| loads.map(figure).to_vec();
    let mut section = Section::new(format!(
        "{} streams at {} tokens a second each, and twice as many, for {} s",
        grouped(u64::from(streams.once.streams)),
        streams.rate,
        rounded(streams.seconds)
    ));
    let head = |load: &Loaded| format!("{} streams", grouped(u64::from(load.streams)));
    section.cells("", vec!["no checks".into(), head(&streams.once), head(&streams.twice)], "");
    section.cells("cores in use", of(&|load| rounded(load.cores)), "");
    for (name, share) in [("added delay, p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        section.cells(name, of(&|load| Unit::Time.say(load.added_ns.at(share))), "");
    }
    section.cells("tokens due", of(&|load| grouped(load.due)), "");
    section.cells("tokens checked", of(&|load| grouped(load.checked)), "");
    let memory = |load: &Loaded| {
        load.process_bytes.map_or_else(|| "–".to_owned(), |bytes| Unit::Bytes.say(bytes as f64))
    };
    section.cells("memory", of(&memory), "");
    section.below.push("Tokens are due at times of their own and late from then on, so that a halt counts for all that wait. The column without checks is the lateness of this machine's timer.".into());
    section.below.push(overload(streams));
    section
}

/// What happens when twice as many come.
fn overload(streams: &StreamsReport) -> String {
    let (n, twice) = (grouped(u64::from(streams.once.streams)), &streams.twice);
    let outcome = match twice.waiting {
        0 => format!(
            "all {} tokens were checked, 99 % of them within {}",
            grouped(twice.checked),
            Unit::Time.say(twice.added_ns.p99())
        ),
        waiting => format!(
            "{} tokens were checked and {} were still waiting when the run was given up",
            grouped(twice.checked),
            grouped(waiting)
        ),
    };
    format!(
        "With [limits] streams = {} the proxy answers the {n} streams too many with 503 and retry-after, and the others have the figures of {n}. \
        Without it twice as many run: {outcome}. No check is ever skipped: what is not checked waits.",
        streams.once.streams
    )
}

fn machine(report: &Report) -> Section {
    let machine = &report.machine;
    let mut section = Section::new("machine");
    section.said(
        "processor",
        format!("{}, {} cores for this process, {}", machine.cpu, machine.cores, machine.architecture),
    );
    section.said("memory", Unit::Bytes.say(machine.memory_bytes as f64));
    section.said("system", machine.os.clone());
    section.said("build", machine.build);
    section.said("load before", format!("{} of {} cores wanted", rounded(machine.load), machine.cores));
    section.said(
        "clock",
        format!(
            "resolution {}, a reading {}",
            Unit::Time.say(machine.clock.resolution_ns as f64),
            Unit::Time.say(machine.clock.empty_ns.p50())
        ),
    );
    if machine.build == "debug" {
        section.below.push(
            "A debug build is many times slower: build with --release before believing a figure.".into(),
        );
    }
    if machine.load > machine.cores as f64 * 0.5 {
        section
            .below
            .push("The machine was busy with other things: expect other figures on an idle one.".into());
    }
    section
}

fn over(report: &Report) -> Option<Section> {
    let mut section = Section::new("over budget");
    section.cells("", vec!["budget".into(), "measured".into()], "");
    for over in &report.over {
        section.cells(over.limit, vec![over.budget.clone(), over.measured.clone()], "");
    }
    (!report.over.is_empty()).then_some(section)
}
