//! `impasto models pull`, `rm` and `verify`: models in the cache.

use std::fmt::Write;
use std::path::Path;

use impasto_models::{Cached, Meaning, Models, Wanted};

use crate::cli::downloads::{Pull, Remove, Verify};
use crate::failure::{FAILED, Failure, Result};
use crate::fetching::{self, Transfer};
use crate::{interrupt, memory, talk};

/// Downloads models, and says where they are from.
pub(crate) fn pull(args: &Pull) -> Result {
    let loudness = args.loudness.loudness();
    let models = fetching::models()?;
    for word in &args.models {
        let wanted = wanted(&models, word)?;
        let before = models.cached(&wanted.entry);
        let cached = match &before {
            Some(cached) => cached.clone(),
            None => {
                if !fetching::chosen().0.offline {
                    fetching::agree_to_terms(&wanted)?;
                }
                fetching::pull(&models, &wanted)?
            }
        };
        let state = if before.is_some() { "is already downloaded" } else { "downloaded" };
        let receipt = &cached.receipt;
        let bytes = memory::human(receipt.bytes());
        loudness.say(&format!("{}: {state}: {bytes}, license {}. {}", cached.name(), receipt.licence, receipt.trust()));
        loudness.detail(&format!("{}: {}", cached.name(), cached.folder().display()));
        if !wanted.listed && before.is_none() {
            let flag = receipt.role.flag();
            loudness.say(&format!("{0}: not in the registry. Use it by its address, or as {flag} {0}", cached.name()));
        }
    }
    Ok(())
}

/// Returns the model to download for a word. Paths are refused.
fn wanted(models: &Models, word: &Path) -> Result<Wanted> {
    let text = word.to_str().unwrap_or_default();
    if let Some(entry) = models.registry.find(text) {
        return Ok(Wanted::listed(entry.clone()));
    }
    if !impasto_models::address::is_like_one(text) {
        return Err(unknown(models, text));
    }
    match models.find(word).map_err(Failure::usage)? {
        Meaning::Absent(wanted) => Ok(*wanted),
        Meaning::Here(_) => Wanted::of_address(text).map_err(Failure::usage),
    }
}

fn unknown(models: &Models, name: &str) -> Failure {
    let names = || models.registry.entries().iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
    let hint = models
        .registry
        .suggest(name)
        .map_or_else(|| format!("the registry has {}", names()), |near| format!("did you mean {near}?"));
    Failure::failed(format!("{name}: there is no model of this name; {hint}"))
}

/// Returns the name of a model in the cache, given its name or address.
fn cached_name(models: &Models, word: &Path) -> Result<String> {
    let text = word.to_str().unwrap_or_default();
    if impasto_models::address::is_like_one(text) {
        return Ok(wanted(models, word)?.entry.name);
    }
    Ok(text.to_owned())
}

/// Removes models.
pub(crate) fn remove(args: &Remove) -> Result {
    let loudness = args.loudness.loudness();
    let models = fetching::models()?;
    let watch = Transfer::new(loudness);
    for word in &args.models {
        let name = cached_name(&models, word)?;
        let cache = models.cache()?;
        if !interrupt::while_running(|| cache.remove(&name, &watch))? {
            return Err(Failure::failed(format!("{name}: there is no downloaded model of this name; see `impasto models list`")));
        }
        loudness.say(&format!("{name}: removed"));
    }
    Ok(())
}

/// Checks models. If one is damaged, the others are still checked.
pub(crate) fn verify(args: &Verify) -> Result {
    let loudness = args.loudness.loudness();
    let models = fetching::models()?;
    let cache = models.cache()?;
    let chosen: Vec<Cached> = if args.models.is_empty() {
        cache.all()
    } else {
        let find = |word: &std::path::PathBuf| {
            let name = cached_name(&models, word)?;
            let none =
                || Failure::failed(format!("{name}: there is no downloaded model of this name; see `impasto models list`"));
            cache.get(&name).ok_or_else(none)
        };
        args.models.iter().map(find).collect::<Result<_>>()?
    };
    let watch = Transfer::new(loudness);
    let (mut text, mut damaged) = (String::new(), false);
    for cached in &chosen {
        match interrupt::while_running(|| cached.verify(&watch)) {
            Ok(()) => {
                let _ = writeln!(text, "{}: intact. {}", cached.name(), cached.receipt.trust());
            }
            Err(error) if error.kind() == impasto::ErrorKind::Cancelled => return Err(error.into()),
            Err(error) => {
                damaged = true;
                talk::line(&error.to_string());
            }
        }
    }
    talk::data(text.as_bytes())?;
    if damaged { Err(Failure::Told(FAILED)) } else { Ok(()) }
}
