//! Writes the results of `make bench` as a table into benches/README.md, and as a plot into warm.svg.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zoho_token_store_benches::results;

const CONTESTANTS: [&str; 7] = [
    "by id",
    "by user",
    "access token by user",
    "by refresh token",
    "moka",
    "HashMap behind a lock",
    "aws_secretsmanager_caching",
];
/// The first of them are the store's.
const OWN: usize = 4;
const TOKENS: [usize; 3] = [1, 1_000, 100_000];
/// What shows how much two threads can do that share nothing.
const CONTROL: &str = "arithmetic alone";

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

fn main() {
    let measured = Measured::read();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = folder.join("README.md");
    let text = fs::read_to_string(&readme).expect("there is a README");
    let (before, rest) = text.split_once(BEGIN).expect("the README has the marker");
    let (_, after) = rest.split_once(END).expect("the README has both markers");
    let text = format!("{before}{BEGIN}\n{}{END}{after}", measured.table());
    fs::write(&readme, text).expect("the README can be written");
    fs::write(folder.join("warm.svg"), measured.plot()).expect("the plot can be written");
}

/// The results of the programs that measure.
struct Measured {
    criterion: PathBuf,
    two_threads: Value,
    memory: Value,
}

impl Measured {
    fn read() -> Self {
        Measured {
            criterion: results().with_file_name("criterion").join("warm"),
            two_threads: json(&results().join("two_threads.json")),
            memory: json(&results().join("memory.json")),
        }
    }

    /// Nanoseconds of a hit.
    fn time(&self, contestant: &str, tokens: usize) -> f64 {
        let file = self.criterion.join(contestant).join(tokens.to_string());
        let estimates = json(&file.join("new/estimates.json"));
        estimates["median"]["point_estimate"]
            .as_f64()
            .expect("criterion has measured it")
    }

    /// How many hits two threads make for each that one makes.
    fn ratio(&self, contestant: &str, tokens: usize) -> f64 {
        let results = self.two_threads.as_array().into_iter().flatten();
        let mut results = results
            .filter(|result| result["contestant"] == contestant && result["tokens"] == tokens);
        let result = results.next().and_then(|result| result["ratio"].as_f64());
        result.expect("it was measured with two threads")
    }

    fn table(&self) -> String {
        let mut table = String::from(
            "| nanoseconds per hit of one thread (hits of two threads for each hit of one) | 1 token | 1,000 | 100,000 |\n\
             |---|---:|---:|---:|\n",
        );
        for contestant in CONTESTANTS {
            let cell = |tokens| {
                let (time, ratio) = (
                    self.time(contestant, tokens),
                    self.ratio(contestant, tokens),
                );
                format!("{time:.0} ({ratio:.1})")
            };
            let [one, thousand, many] = TOKENS.map(cell);
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {contestant} | {one} | {thousand} | {many} |");
        }
        let [one, thousand, many] = TOKENS.map(|tokens| self.ratio(CONTROL, tokens));
        let _ = writeln!(
            table,
            "| {CONTROL} | ({one:.1}) | ({thousand:.1}) | ({many:.1}) |"
        );
        let bytes = |name: &str| self.memory[name].as_i64().expect("the memory was measured");
        let _ = writeln!(
            table,
            "\nA cached token takes {} bytes, and {} more when it has been found by its user and by its refresh token.",
            bytes("by_id"),
            bytes("by_keys")
        );
        table
    }

    /// A bar for each contestant, below a heading for each number of tokens.
    fn plot(&self) -> String {
        const ROW: usize = 24;
        const PANEL: usize = ROW * (CONTESTANTS.len() + 2);
        let mut bars = String::new();
        for (panel, tokens) in TOKENS.into_iter().enumerate() {
            let times = CONTESTANTS.map(|contestant| self.time(contestant, tokens));
            let longest = times.into_iter().fold(1.0, f64::max);
            let top = panel * PANEL + ROW;
            let heading = format!(
                "{tokens} cached token{}",
                if tokens == 1 { "" } else { "s" }
            );
            let _ = writeln!(
                bars,
                r#"<text class="heading" x="8" y="{top}">{heading}</text>"#
            );
            for (row, (contestant, time)) in CONTESTANTS.into_iter().zip(times).enumerate() {
                let (y, width) = (top + 8 + row * ROW, 380.0 * time / longest);
                let class = if row < OWN { "own" } else { "other" };
                let (base, end) = (y + 15, 216.0 + width);
                let _ = writeln!(
                    bars,
                    r#"<text x="200" y="{base}" text-anchor="end">{contestant}</text><rect class="{class}" x="208" y="{y}" width="{width:.1}" height="18"/><text x="{end:.1}" y="{base}">{time:.0} ns</text>"#
                );
            }
        }
        let height = PANEL * TOKENS.len();
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" role="img" aria-label="Time of a hit in the cache">
<style>
text {{ font: 13px sans-serif; fill: #1f2328 }}
.heading {{ font-weight: bold }}
.own {{ fill: #0969da }}
.other {{ fill: #818b98 }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #f0f6fc }} .own {{ fill: #4493f8 }} }}
</style>
{bars}</svg>
"#
        )
    }
}

fn json(file: &Path) -> Value {
    let text = fs::read_to_string(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).expect("it is JSON")
}
