//! `impasto bench`: how fast networks run on this machine, and how close that is to the limit of its arithmetic units.

mod measure;
mod report;
mod subject;

use impasto::engine::{Engine, EngineOptions};

use crate::cli::Bench;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::talk::{self, Loudness};
use crate::{interrupt, memory, model};
use impasto::Size;
use report::{Entry, Peak};

pub(crate) fn run(args: &Bench) -> Result {
    let isa = model::isa()?;
    let recipes = subject::recipes(args)?;
    let mut counts = args.threads.clone();
    if counts.is_empty() {
        counts.push(Engine::new(EngineOptions::default())?.threads());
    }
    let mut machines = Vec::new();
    for threads in counts {
        let engine = Engine::new(EngineOptions::default().threads(threads).isa(isa))?;
        let per_second = interrupt::while_running(|| measure::product_peak(&engine))?;
        engine.release_memory();
        machines.push((engine, Peak { threads, per_second }));
    }
    let mut entries = Vec::new();
    for recipe in recipes {
        // One network at a time, so that the process's memory is that network's.
        let subject = recipe.compile(isa)?;
        for size in subject.sizes(&args.sizes) {
            for (engine, peak) in &machines {
                let planned = subject.program.peak_memory(size, peak.threads)?;
                check_memory(&subject.name, size, planned)?;
                memory::forget_peak();
                let progress = Progress::new(format!("{} {size}", subject.name), Loudness::Normal);
                let runs = usize::from(args.runs);
                let timing = interrupt::while_running(|| measure::time(engine, &subject.program, size, runs, &progress))?;
                drop(progress);
                let resident = memory::peak();
                engine.release_memory();
                let (threads, peak) = (peak.threads, peak.per_second);
                entries.push(Entry { network: subject.name.clone(), size, threads, timing, peak, planned, resident });
            }
        }
    }
    let peaks: Vec<Peak> = machines.into_iter().map(|(_, peak)| peak).collect();
    if args.json {
        return talk::json(&report::json(isa, &peaks, &entries, args.layers));
    }
    talk::data(report::text(isa, &peaks, &entries, args.layers).as_bytes())
}

/// Refuses a size that would not fit in memory, before anything is allocated.
fn check_memory(network: &str, size: Size, planned: u64) -> Result {
    let pixels = (size.width as u64).saturating_mul(size.height as u64);
    let needed = planned.saturating_add(pixels.saturating_mul(3 * size_of::<f32>() as u64));
    match memory::available() {
        Some(free) if needed > free => Err(Failure::failed(format!(
            "{network} at {size} takes {} of memory, more than the {} that this machine has free; time it at a smaller --size",
            memory::human(needed),
            memory::human(free),
        ))),
        _ => Ok(()),
    }
}
