//! How fast the engine is, on texts of a file: `throughput RULES_DIR MODEL|- TEXTS [SECONDS [DENSE]]`.
//!
//! With the file of a dense model, that model reads every text.
//! TEXTS holds one text a line, `\n` and `\\` escaped. Prints one JSON object: texts a second on one
//! thread, and quantiles of single calls in nanoseconds. The bench runner in `bench/` calls this.
#![allow(clippy::print_stdout, reason = "a command line program talks on standard output")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use aidefence_engine::dense::{Dense, Terms};
use aidefence_engine::{Action, Context, Engine, Scratch, Setup, Thresholds};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, rules_dir, model, texts, rest @ ..] = arguments.as_slice() else {
        return Err("usage: throughput RULES_DIR MODEL|- TEXTS [SECONDS [DENSE]]".into());
    };
    let seconds: f64 = rest.first().map_or(Ok(2.0), |given| given.parse())?;
    let rules = read_rules(Path::new(rules_dir))?;
    let model = if model == "-" {
        None
    } else {
        Some(std::fs::read(model)?)
    };
    let thresholds = Thresholds {
        flag: [0.8; 19],
        block: [0.95; 19],
    };
    let started = Instant::now();
    let setup = Setup {
        rules: &rules,
        user_rules: &[],
        model: model.as_deref(),
        thresholds,
        paranoia: 1,
        exclude: &[],
    };
    let mut engine = Engine::new(&setup)?;
    if let Some(path) = rest.get(1) {
        let dense = Dense::parse(&std::fs::read(path)?)?;
        engine = engine.with_dense(Arc::new(dense), every_text()?);
    }
    let build_ms = started.elapsed().as_secs_f64() * 1e3;
    let texts: Vec<String> = std::fs::read_to_string(texts)?.lines().map(unescape).collect();
    if texts.is_empty() {
        return Err("no texts".into());
    }
    report(&engine, &texts, seconds, build_ms);
    Ok(())
}

/// Terms under which the dense model is asked about every text.
fn every_text() -> Result<Terms, Failure> {
    let weights = [("tier1".to_owned(), 0.5), ("attack".to_owned(), 0.5)];
    let curve = vec![(-6.0, 0.0), (6.0, 1.0)];
    Ok(Terms::new(
        (0.0, 1.0),
        0.0,
        &weights,
        curve,
        vec![(0.0, 0.0), (1.0, 1.0)],
        None,
    )?)
}

fn report(engine: &Engine, texts: &[String], seconds: f64, build_ms: f64) {
    let mut scratch = Scratch::default();
    let context = Context {
        origin: 1,
        direction: 0,
    };
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut flagged = 0_usize;
    for text in texts {
        flagged += usize::from(engine.inspect(text, context, &mut scratch).action > Action::Allow);
    }
    let (mut best, mut rounds) = (f64::INFINITY, 0_u32);
    let started = Instant::now();
    while rounds < 3 || started.elapsed().as_secs_f64() < seconds {
        let round = Instant::now();
        for text in texts {
            std::hint::black_box(engine.inspect(std::hint::black_box(text), context, &mut scratch));
        }
        best = best.min(round.elapsed().as_secs_f64());
        rounds += 1;
    }
    let mean = started.elapsed().as_secs_f64() / f64::from(rounds);
    let mut single: Vec<u128> = Vec::new();
    while single.len() < 200_000 && started.elapsed().as_secs_f64() < seconds * 2.0 {
        for text in texts {
            let call = Instant::now();
            std::hint::black_box(engine.inspect(std::hint::black_box(text), context, &mut scratch));
            single.push(call.elapsed().as_nanos());
        }
    }
    single.sort_unstable();
    let quantile = |share: f64| {
        single
            .get((single.len() as f64 * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    let count = texts.len() as f64;
    println!(
        "{{\"texts\":{},\"bytes_mean\":{:.1},\"flagged\":{flagged},\"build_ms\":{build_ms:.1},\"rounds\":{rounds},\
         \"per_second_mean\":{:.0},\"per_second_best\":{:.0},\"ns_mean\":{:.1},\"mb_per_second\":{:.1},\
         \"single_p50_ns\":{},\"single_p99_ns\":{}}}",
        texts.len(),
        bytes as f64 / count,
        count / mean,
        count / best,
        mean / count * 1e9,
        bytes as f64 / mean / 1e6,
        quantile(0.5),
        quantile(0.99),
    );
}

fn read_rules(dir: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yml") {
                files.push((path.display().to_string(), std::fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn unescape(line: &str) -> String {
    line.replace("\\\\", "\u{1}")
        .replace("\\n", "\n")
        .replace('\u{1}', "\\")
}
