//! What a benchmark prints, and keeps when it is asked to: tables for people, raw numbers and plots for whoever doubts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::plot::Plot;
use crate::samples::Samples;

/// What a benchmark was asked: `cargo bench -p tremen-benches --bench tap -- [--save] [NUMBER ...]`.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// Whether the results replace those in `docs/`.
    pub save: bool,
    /// Numbers, such as how many people.
    pub numbers: Vec<u32>,
}

impl Arguments {
    /// The arguments of this program; none when a test runner looks in, since nothing is measured inside a test.
    #[must_use]
    pub fn of_bench() -> Option<Self> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let said = |word: &str| words.iter().any(|it| it == word);
        let numbers = words.iter().filter_map(|it| it.parse().ok()).collect();
        said("--bench").then(|| Self { save: said("--save"), numbers })
    }

    /// The numbers that were given, or these.
    #[must_use]
    pub fn numbers_or(&self, usual: &[u32]) -> Vec<u32> {
        if self.numbers.is_empty() { usual.to_vec() } else { self.numbers.clone() }
    }
}

/// The results of one benchmark.
#[derive(Debug)]
pub struct Report {
    name: String,
    text: String,
    raw: String,
    plots: Vec<(String, String)>,
}

impl Report {
    /// An empty report. `name` is that of its files: `docs/benchmarks/NAME.csv`, and of its place in `docs/benchmarks.md`.
    #[must_use]
    pub fn new(name: &str, title: &str) -> Self {
        let text = format!("{title}\n");
        Self { name: name.to_owned(), text, raw: String::new(), plots: Vec::new() }
    }

    /// Adds a table.
    pub fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let header: Vec<String> = header.iter().map(|&it| it.to_owned()).collect();
        self.text.push('\n');
        self.text.push_str(&line(&header));
        self.text.push_str(&format!("|{}\n", "---|".repeat(header.len())));
        self.text.extend(rows.iter().map(|row| line(row)));
    }

    /// Adds a sentence, such as a ratio and what it is compared to.
    pub fn say(&mut self, sentence: &str) {
        let _ = write!(self.text, "\n{sentence}\n"); // a String takes all
    }

    /// Adds a row of raw numbers; the first is the header.
    pub fn raw(&mut self, cells: &[&dyn std::fmt::Display]) {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell.to_string())).collect();
        self.raw.push_str(&cells.join(","));
        self.raw.push('\n');
    }

    /// Adds every sample as raw numbers, `what,run,µs`, what they are in the first column.
    pub fn raw_samples(&mut self, of: &[(&str, &Samples)]) {
        if self.raw.is_empty() {
            self.raw(&[&"what", &"run", &"us"]);
        }
        for (what, samples) in of {
            for (run, one) in samples.all().iter().enumerate() {
                self.raw(&[what, &run, &format_args!("{:.2}", one.as_secs_f64() * 1e6)]);
            }
        }
    }

    /// Adds a plot, kept as `docs/benchmarks/NAME-WHICH.svg`.
    pub fn plot(&mut self, which: &str, plot: &Plot) {
        let file = format!("{}-{which}.svg", self.name);
        let _ = write!(self.text, "\n![{}](benchmarks/{file})\n", plot.title); // a String takes all
        self.plots.push((file, plot.to_svg()));
    }

    /// Prints the report; with `--save` its tables, raw numbers and plots replace the former ones in `docs/`.
    #[expect(clippy::print_stdout, clippy::panic, reason = "a measurement prints, and one that cannot be kept says so")]
    pub fn finish(mut self, arguments: &Arguments) {
        self.say(&circumstances());
        println!("{}", self.text);
        if arguments.save {
            self.save(&docs()).unwrap_or_else(|error| panic!("{}: {error}", docs().display()));
        }
    }

    fn save(&self, docs: &Path) -> std::io::Result<()> {
        let folder = docs.join("benchmarks");
        std::fs::create_dir_all(&folder)?;
        if !self.raw.is_empty() {
            std::fs::write(folder.join(format!("{}.csv", self.name)), &self.raw)?;
        }
        for (file, svg) in &self.plots {
            std::fs::write(folder.join(file), svg)?;
        }
        let page = docs.join("benchmarks.md");
        let before = std::fs::read_to_string(&page)?;
        let after = replace_part(&before, &self.name, &self.text).ok_or_else(|| {
            let mark = begin_mark(&self.name);
            std::io::Error::other(format!("`{mark}` and its end are not in {}", page.display()))
        })?;
        std::fs::write(page, after)
    }
}

/// A cell of a CSV row (RFC 4180).
fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn begin_mark(name: &str) -> String {
    format!("<!-- results of {name} -->\n")
}

/// The page with what stands between a report's marks replaced; none when it has no such marks.
fn replace_part(page: &str, name: &str, text: &str) -> Option<String> {
    let begin = begin_mark(name);
    let (head, rest) = page.split_once(&begin)?;
    let (_, tail) = rest.split_once("<!-- end of results -->")?;
    Some(format!("{head}{begin}{text}<!-- end of results -->{tail}"))
}

/// What else was true: the day, the processors, and how busy they were.
fn circumstances() -> String {
    let day = std::process::Command::new("date").args(["-u", "+%F %H:%M UTC"]).output();
    let day = day.map_or_else(|_| String::new(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(2).collect();
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("?").trim_matches('"');
    format!("{day}; {cores} cores; load average at the end {} (1 and 5 minutes); {system}.", load.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_replaces_its_own_part_of_the_page_alone() {
        let page = "# Page\n<!-- results of a -->\nold\n<!-- end of results -->\n<!-- results of b -->\nb\n<!-- end of results -->\n";
        let after = replace_part(page, "a", "new\n").unwrap_or_default();
        assert_eq!(after, page.replace("old", "new"));
        assert_eq!(replace_part(page, "c", "new"), None);
    }

    #[test]
    fn a_table_is_markdown_and_samples_are_rows() {
        let mut report = Report::new("x", "X");
        report.table(&["a", "b"], vec![vec!["1".to_owned(), "2".to_owned()]]);
        assert_eq!(report.text, "X\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
        let mut samples = Samples::default();
        samples.push(std::time::Duration::from_micros(1500));
        report.raw_samples(&[("tap", &samples), ("tap, \"refused\"", &samples)]);
        assert_eq!(report.raw, "what,run,us\ntap,0,1500.00\n\"tap, \"\"refused\"\"\",0,1500.00\n");
    }
}
