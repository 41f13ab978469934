//! `cargo xtask fuzz`: searches for bytes that break a promise of what reads them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use fuzzed::{CHECKS, root, seeds};

/// So many inputs of a target are kept. A search finds the others again within minutes.
const N_KEPT: usize = 100;

/// Search for inputs that break a promise: of calls, manifests, imports, composing, libraries
///
/// Needs a nightly toolchain, a C++ compiler and cargo-fuzz (cargo install --locked cargo-fuzz). An input that breaks a
/// promise ends the search; its file is named. Mend the fault and move the file to fuzz/regressions/TARGET.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to search; all without a name
    #[arg(value_name = "TARGET", value_parser = CHECKS.map(|(name, _)| name))]
    targets: Vec<String>,

    /// How many inputs to try of each
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    runs: u64,

    /// Keep the smallest inputs that reach the most code, in fuzz/corpus/TARGET
    #[arg(long)]
    keep: bool,
}

/// Where the inputs of one target lie.
struct Folders {
    /// What this machine has found, below the target folder.
    found: PathBuf,
    /// What the project keeps.
    kept: PathBuf,
    seeds: PathBuf,
    regressions: PathBuf,
}

/// Searches every target in turn.
///
/// # Errors
///
/// A tool is missing, or an input breaks a promise.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let all = CHECKS.map(|(name, _)| name.to_owned());
    let targets: &[String] = match arguments.targets.as_slice() {
        [] => &all,
        named => named,
    };
    for target in targets {
        let folders = Folders::new(target)?;
        let n_tried = search(target, &folders, arguments.runs)?;
        ensure!(
            n_tried >= arguments.runs,
            "{target}: only {n_tried} inputs were tried"
        );
        if arguments.keep {
            keep(target, &folders)?;
        }
        writeln!(
            io::stdout(),
            "{target:10}{n_tried} inputs tried, no promise broken"
        )?;
    }
    Ok(())
}

impl Folders {
    fn new(target: &str) -> Result<Self> {
        let build = target_folder()?.join("fuzz");
        let fuzz = root().join("fuzz");
        let folders = Self {
            found: build.join("found").join(target),
            kept: fuzz.join("corpus").join(target),
            seeds: build.join("seeds").join(target),
            regressions: fuzz.join("regressions").join(target),
        };
        for folder in folders.all() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        for (index, seed) in seeds(target)?.into_iter().enumerate() {
            fs::write(folders.seeds.join(index.to_string()), seed)?;
        }
        Ok(folders)
    }

    /// The first is written to.
    fn all(&self) -> [&Path; 4] {
        [&self.found, &self.kept, &self.seeds, &self.regressions].map(PathBuf::as_path)
    }
}

/// Tries inputs and returns how many.
fn search(target: &str, folders: &Folders, n_runs: u64) -> Result<u64> {
    let mut command = fuzzer(target);
    command.args(folders.all());
    command.args([
        "--",
        "-print_final_stats=1",
        "-timeout=10",
        // Longer inputs take longer and reach no other code.
        "-max_len=8192",
        &format!("-runs={n_runs}"),
    ]);
    let output = command.stderr(Stdio::piped()).output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let Some(n_tried) = stat(&log, "stat::number_of_executed_units:") else {
        bail!("the search for {target} did not run to its end:\n{log}");
    };
    ensure!(
        output.status.success(),
        "an input of {target} breaks a promise:\n{log}"
    );
    Ok(n_tried)
}

/// Keeps the smallest of the inputs that together reach all the code which any input reaches.
fn keep(target: &str, folders: &Folders) -> Result<()> {
    let fewest = tempfile::tempdir_in(target_folder()?)?;
    let mut command = fuzzer(target);
    command.arg(fewest.path()).args(folders.all());
    let merged = command.args(["--", "-set_cover_merge=1"]).status()?;
    ensure!(merged.success(), "cannot choose what to keep of {target}");
    let mut inputs = fuzzed::list(fewest.path())?;
    inputs.sort_by_cached_key(|path| fs::metadata(path).map_or(u64::MAX, |file| file.len()));
    fs::remove_dir_all(&folders.kept)?;
    fs::create_dir_all(&folders.kept)?;
    for path in inputs.iter().take(N_KEPT) {
        let name = path.file_name().context("a listed file has a name")?;
        fs::copy(path, folders.kept.join(name))?;
    }
    Ok(())
}

/// The toolchain of this program must not be that of the search.
fn fuzzer(target: &str) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "fuzz", "run"])
        // Nothing of this is unsafe: a broken promise is a panic, and without a sanitizer twice as many are tried.
        .args(["--sanitizer", "none", target])
        .current_dir(root())
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS");
    command
}

/// Returns the folder that cargo builds into, which may be set from outside.
fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = program.ancestors().nth(2);
    Ok(folder
        .context("this program is not in a target folder")?
        .to_owned())
}

/// Returns the number that follows a name in the fuzzer's log.
fn stat(log: &str, name: &str) -> Option<u64> {
    let line = log.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_the_fuzzers_log() {
        let log = "Done 10 runs\nstat::number_of_executed_units: 100001\nstat::peak_rss_mb: 43\n";
        assert_eq!(stat(log, "stat::number_of_executed_units:"), Some(100_001));
        assert_eq!(stat(log, "stat::average_exec_per_sec:"), None);
    }
}
