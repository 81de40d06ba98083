//! The project's chores: `cargo xtask test` is everything that must hold before a change goes in.
#![expect(clippy::print_stdout, reason = "a command line talks")]

mod allocations;
mod arrows;
mod attack;
mod bench;
mod ecs_fields;
mod instructions;
mod made;
mod steps;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

chores:
  test     format, tidy, crate arrows, lints, tests, the examples' rule tests, doc tests, docs: all of it, then what failed
  tidy     sizes of files and functions, and what must not be in the sources
  arrows   which crate uses which
  bench    hunting beside printing or parsing;
           [--corpora DIR] [--megabytes N] [--runs N] [--curves yes] [--python yes] [--out FILE]
  instructions [--write yes]
           what a hunt through made events costs, counted by callgrind, beside the figures that are kept
  allocations
           how often hunting asks for memory, per event and form
  ecs-fields ECS_FLAT_YML [VERSION]
           the table of ECS fields, from the schema's published file; of the version it was, if none is given
  parse-json value|members THREADS FILE
           what the benchmark measures JSON lines against
  attack VERSION STIX_JSON…
           the table of ATT&CK tactics and techniques, from MITRE's STIX bundle or extracts of it
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((chore, rest)) = arguments.split_first()
        && chore == "bench"
    {
        return bench::bench(root(), rest);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["test"] => steps::test(root()),
        ["tidy"] => steps::show(&tidy::check(root())),
        ["ecs-fields", schema] => ecs_fields::run(root(), Path::new(schema), None),
        ["ecs-fields", schema, version] => {
            ecs_fields::run(root(), Path::new(schema), Some(version))
        }
        ["allocations"] => allocations::run(root()),
        ["instructions", ref more @ ..] => instructions::run(root(), more),
        ["parse-json", how, threads, file] => {
            bench::json_lines::parse(how, threads, Path::new(file))
        }
        ["attack", version, ref files @ ..] if !files.is_empty() => {
            attack::run(root(), version, files)
        }
        ["arrows"] => steps::show(&arrows::check(root())),
        _ => {
            print!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The workspace's directory.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
