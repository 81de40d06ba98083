//! How a hunt scales: with the number of rules and of threads, and its memory with the size of what it reads.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Bench;
use super::chunks::Chunks;
use super::plot::{Panel, Series};
use super::table::{Report, pace};

/// How many rules, besides all.
const RULES: &[usize] = &[1, 10, 100];
const THREADS: &[usize] = &[1, 2, 4, 8];
/// Megabytes of events.
const SIZES: &[usize] = &[10, 100, 500, 2000];
/// What memory is to stay under, in megabytes.
const MEMORY_GOAL: f64 = 300.0;

/// All of them, `file` having so many events.
pub(crate) fn all(
    bench: &Bench,
    chunks: &Chunks,
    file: (&Path, usize),
    lines: &Path,
    report: &mut Report,
) -> io::Result<Vec<Panel>> {
    Ok(vec![
        rules(bench, file, report)?,
        threads(bench, file, report)?,
        memory(bench, chunks, lines, report)?,
    ])
}

/// CPU time against the number of rules, on one thread, without start-up.
fn rules(bench: &Bench, (file, events): (&Path, usize), report: &mut Report) -> io::Result<Panel> {
    let files = &bench.rules.files;
    // Spread over all folders.
    let some = |count: usize| -> Vec<_> {
        files.iter().step_by((files.len() / count).max(1)).take(count).cloned().collect()
    };
    let mut sets: Vec<_> = RULES.iter().map(|count| (*count, some(*count))).collect();
    sets.push((files.len(), bench.rules.all.clone()));
    report.line("\n| rules | start-up CPU s | hunt CPU s | net | × one rule | events/CPU-s, net |");
    report.line("|--:|--:|--:|--:|--:|--:|");
    let mut first = None;
    let mut points = Vec::new();
    for (count, rules) in &sets {
        let mut pair =
            [bench.hunt("start-up", rules, &bench.empty, 1), bench.hunt("hunt", rules, file, 1)];
        bench.measure(&mut pair)?;
        let [before, all] = pair.map(|contender| contender.cpu());
        let net = (all - before).max(0.01);
        let one = *first.get_or_insert(net);
        let speed = events as f64 / net;
        points.push((*count as f64, speed));
        let ratio = net / one;
        report.line(&format!(
            "| {count} | {before:.2} | {all:.2} | {net:.2} | {ratio:.2} | {} |",
            pace(speed)
        ));
    }
    Ok(Panel {
        title: "Events per CPU-second by number of rules".to_owned(),
        x: "rules",
        y: "events per CPU-second, net of start-up",
        series: vec![Series { name: "hunt".to_owned(), points }],
        goal: None,
    })
}

/// Time against the number of threads, beside that of the measure on as many.
fn threads(
    bench: &Bench,
    (file, events): (&Path, usize),
    report: &mut Report,
) -> io::Result<Panel> {
    report.line(
        "\n| threads | evtx_dump s | start-up s | hunt, all rules s | × evtx_dump | × net | × one thread | peak MB |",
    );
    report.line("|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut first = None;
    let (mut hunting, mut printing) = (Vec::new(), Vec::new());
    for &threads in THREADS {
        let mut three = [
            bench.printing(file, threads),
            bench.hunt("start-up", &bench.rules.all, &bench.empty, threads),
            bench.hunt("hunt", &bench.rules.all, file, threads),
        ];
        bench.measure(&mut three)?;
        let peak = three[2].peak_mb();
        let [print, start, hunt] = three.map(|contender| contender.seconds());
        let one = *first.get_or_insert(hunt);
        hunting.push((threads as f64, events as f64 / hunt));
        printing.push((threads as f64, events as f64 / print));
        report.line(&format!(
            "| {threads} | {print:.3} | {start:.3} | {hunt:.3} | {:.2} | {:.2} | {:.2} | {peak:.0} |",
            hunt / print,
            (hunt - start) / print,
            hunt / one
        ));
    }
    Ok(Panel {
        title: "Events per second by number of threads".to_owned(),
        x: "threads",
        y: "events per second, start-up included",
        series: vec![
            Series { name: "hunt, all rules".to_owned(), points: hunting },
            Series { name: "evtx_dump -o jsonl".to_owned(), points: printing },
        ],
        goal: None,
    })
}

/// Peak memory against size, with all rules and two threads. Each is run once: what is asked for is how memory
/// grows.
fn memory(bench: &Bench, chunks: &Chunks, lines: &Path, report: &mut Report) -> io::Result<Panel> {
    report.line("\n| file | MB | peak MB | × the smallest | s | CPU s | CPU s for 100 MB |");
    report.line("|---|--:|--:|--:|--:|--:|--:|");
    let lines = fs::read(lines)?;
    let mut series = Vec::new();
    for form in ["EVTX", "NXLog lines"] {
        let mut first = None;
        let mut points = Vec::new();
        let file = bench.folder.join("sized");
        for &size in SIZES {
            match form {
                "EVTX" => chunks.glue(Chunks::count_for(size << 20), &file)?,
                _ => repeat(&lines, size << 20, &file)?,
            }
            let mut hunt = bench.hunt("hunt", &bench.rules.all, &file, 2);
            hunt.run()?;
            let (time, cpu, peak) = (hunt.seconds(), hunt.cpu(), hunt.peak_mb());
            points.push((size as f64, peak));
            let least = *first.get_or_insert(peak);
            report.line(&format!(
                "| {form} | {size} | {peak:.0} | {:.2} | {time:.2} | {cpu:.2} | {:.2} |",
                peak / least,
                cpu * 100.0 / size as f64
            ));
        }
        fs::remove_file(&file)?;
        series.push(Series { name: form.to_owned(), points });
    }
    Ok(Panel {
        title: "Peak memory by size of the file".to_owned(),
        x: "MB read",
        y: "peak MB, all rules, two threads",
        series,
        goal: Some(MEMORY_GOAL),
    })
}

/// Writes whole lines up to a size, from the first again after the last.
fn repeat(lines: &[u8], bytes: usize, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut left = bytes;
    while left > 0 && !lines.is_empty() {
        let about = left.min(lines.len());
        let end = lines[..about].iter().rposition(|byte| *byte == b'\n').map_or(about, |at| at + 1);
        file.write_all(&lines[..end])?;
        left = if about < lines.len() { 0 } else { left - about };
    }
    file.flush()
}
