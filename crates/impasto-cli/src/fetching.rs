//! The flags about downloads, which every command has, and the questions to the user before a download.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use clap::{Args, ValueHint};
use impasto_models::registry::Role;
use impasto_models::{Cached, Entry, Meaning, Models, Registry, Wanted};

use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use crate::{interrupt, memory, progress};

/// What may be downloaded, and how.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Downloads")]
pub(crate) struct Fetching {
    /// Download models without asking, including those whose terms forbid commercial use
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) yes: bool,

    /// Download nothing: use only what is on this machine. Also set by the environment variable IMPASTO_OFFLINE
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) offline: bool,

    /// File that names more models, in addition to the built-in registry; may be repeated. Default: IMPASTO_REGISTRY
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) registry: Vec<PathBuf>,

    /// Allow http addresses, where others on the network could change what is downloaded
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) allow_http: bool,
}

/// The flags of this command line.
static CHOSEN: OnceLock<(Fetching, Loudness)> = OnceLock::new();

/// Stores the flags of this command line for everything that downloads. Call it once.
pub(crate) fn install(mut fetching: Fetching, loudness: Loudness) {
    let set = std::env::var_os("IMPASTO_OFFLINE").unwrap_or_default();
    fetching.offline |= !set.is_empty() && set != "0";
    // Setting it only fails at a second call.
    let _ = CHOSEN.set((fetching, loudness));
}

pub(crate) fn chosen() -> (&'static Fetching, Loudness) {
    static NONE: OnceLock<Fetching> = OnceLock::new();
    match CHOSEN.get() {
        Some((fetching, loudness)) => (fetching, *loudness),
        None => (NONE.get_or_init(Fetching::default), Loudness::Normal),
    }
}

/// Returns the models that this user has or can get.
pub(crate) fn models() -> Result<Models> {
    let mut models = Models::from_environment()?;
    for path in &chosen().0.registry {
        models.registry.extend(Registry::open(path)?);
    }
    Ok(models)
}

/// Returns the files and folders of the models that these words mean. A model that is not on this machine is downloaded
/// if the user agrees. If there is a `role`, models that are known to have another role are refused.
pub(crate) fn resolve(words: &[PathBuf], role: Option<Role>) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    // Usually, all words are paths. Then no registry needs to be read.
    if words.iter().all(|word| word.exists()) {
        return Ok(words.to_vec());
    }
    let models = models()?;
    let fits = |word: &Path| role.map_or(Ok(()), |role| check_role(&models, word, role));
    for word in words {
        let meaning = models.find(word).map_err(Failure::usage)?;
        // Checked before anything is downloaded.
        fits(word)?;
        match meaning {
            Meaning::Here(paths) if is_unknown_name(word, &paths) => return Err(unknown(&models, word)),
            Meaning::Here(paths) => found.extend(paths),
            Meaning::Absent(wanted) => {
                agree(word, &wanted)?;
                found.extend(pull(&models, &wanted)?.paths());
                // If no registry knows the model, its role is only known now.
                fits(word)?;
            }
        }
    }
    Ok(found)
}

/// Returns whether this is a single word for a model that is known to be a perceptual network.
pub(crate) fn is_perceptual(words: &[PathBuf]) -> Result<bool> {
    match words {
        [word] if !word.exists() => Ok(models()?.role(word) == Some(Role::Perceptual)),
        _ => Ok(false),
    }
}

/// Refuses a model that is known to have another role.
fn check_role(models: &Models, word: &Path, role: Role) -> Result {
    match models.role(word) {
        Some(found) if found != role => {
            let names = models.registry.names(role).into_iter().take(3).collect::<Vec<_>>().join(", ");
            let text = format!(
                "{}: this is {}; give it with {}. {} takes {}, for example {names}",
                word.display(),
                found.described(),
                found.flag(),
                role.flag(),
                role.described(),
            );
            Err(Failure::usage(text))
        }
        _ => Ok(()),
    }
}

fn unknown(models: &Models, word: &Path) -> Failure {
    let near = word.to_str().and_then(|text| models.registry.suggest(text));
    let hint = near.map_or_else(|| "see `impasto models list`".to_owned(), |near| format!("did you mean {near}?"));
    Failure::failed(format!("{}: No such file, and no model of this name; {hint}", word.display()))
}

/// Returns whether a word was taken for a path, but looks like a name, and nothing exists there.
fn is_unknown_name(word: &Path, paths: &[PathBuf]) -> bool {
    let like_a_name = word.to_str().is_some_and(|text| !text.contains(['.', '/', '\\']));
    like_a_name && paths == [word] && !word.exists()
}

/// Asks before it downloads a model that a command needs.
fn agree(word: &Path, wanted: &Wanted) -> Result {
    let (fetching, _) = chosen();
    let name = word.display();
    if fetching.offline {
        return Err(Failure::failed(format!(
            "{name}: this model is not on this machine, and downloads are turned off (--offline)"
        )));
    }
    if !impasto_models::CAN_DOWNLOAD {
        return Err(cannot_download(&wanted.entry));
    }
    if fetching.yes {
        return Ok(());
    }
    let about = about(&wanted.entry);
    if !can_ask() {
        return Err(Failure::failed(format!("{name}: this model is not on this machine. Add --yes to download it: {about}")));
    }
    if ask(&format!("{name} is not on this machine. {about} Download it?"))? {
        return Ok(());
    }
    Err(Failure::failed(format!("{name}: not downloaded")))
}

/// Asks before it downloads a model whose terms forbid commercial use. The user has asked for the download itself.
pub(crate) fn agree_to_terms(wanted: &Wanted) -> Result {
    let entry = &wanted.entry;
    if !impasto_models::CAN_DOWNLOAD {
        return Err(cannot_download(entry));
    }
    if !entry.non_commercial || chosen().0.yes {
        return Ok(());
    }
    if !can_ask() {
        let text = format!("{}: its terms forbid commercial use ({}). Add --yes to accept them", entry.name, entry.licence);
        return Err(Failure::failed(text));
    }
    if ask(&format!("The terms of {} forbid commercial use ({}). Accept them and download it?", entry.name, entry.licence))? {
        return Ok(());
    }
    Err(Failure::failed(format!("{}: not downloaded", entry.name)))
}

fn cannot_download(entry: &Entry) -> Failure {
    let addresses: Vec<_> = entry.files.iter().filter_map(|item| item.mirrors.last()).map(String::as_str).collect();
    let text = format!(
        "{}: this build of Impasto cannot download (it lacks the feature `download`). Download it yourself and give its path: {}",
        entry.name,
        addresses.join(" and ")
    );
    Failure::failed(text)
}

/// Describes a model for the question before a download.
pub(crate) fn about(entry: &Entry) -> String {
    let size = entry.bytes().map_or_else(|| "size not known".to_owned(), memory::human);
    let terms = if entry.non_commercial { ", no commercial use" } else { "" };
    let from = entry.files.first().and_then(|item| item.mirrors.first()).map_or("", String::as_str);
    format!("{} (license: {}{terms}; {size}; from {from}). {}", entry.title, entry.licence, entry.trust())
}

fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn ask(question: &str) -> Result<bool> {
    let clean: String = question.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let mut stderr = io::stderr().lock();
    // If the question cannot be written, the answer is empty, which means no.
    let _ = write!(stderr, "impasto: {clean} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|e| Failure::failed(format!("cannot read your answer: {e}")))?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Downloads a model into the cache.
#[cfg(feature = "download")]
pub(crate) fn pull(models: &Models, wanted: &Wanted) -> Result<Cached> {
    let (fetching, loudness) = chosen();
    let options = impasto_models::PullOptions::default()
        .offline(fetching.offline)
        // The user has already been asked.
        .accept_non_commercial(true)
        .download(download_options());
    let transfer = Transfer::new(loudness);
    Ok(interrupt::while_running(|| models.pull(wanted, &options, &transfer))?)
}

/// Fails: this build cannot download.
#[cfg(not(feature = "download"))]
pub(crate) fn pull(_models: &Models, wanted: &Wanted) -> Result<Cached> {
    Err(cannot_download(&wanted.entry))
}

/// Returns the settings for downloads.
#[cfg(feature = "download")]
pub(crate) fn download_options() -> impasto_models::download::DownloadOptions {
    let options = impasto_models::download::DownloadOptions::default();
    options.allow_http(chosen().0.allow_http).how_to_allow_http(", or add --allow-http")
}

/// Shows the progress of a download, and cancels it on Ctrl-C.
pub(crate) struct Transfer {
    loudness: Loudness,
    /// The bar, and the file that it is for.
    bar: Mutex<Option<(String, progress::Bytes)>>,
}

impl Transfer {
    pub(crate) fn new(loudness: Loudness) -> Self {
        Transfer { loudness, bar: Mutex::default() }
    }
}

impl impasto_models::Watch for Transfer {
    fn progress(&self, file: &str, done: u64, total: Option<u64>) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if bar.as_ref().is_none_or(|(shown, _)| shown != file) {
            // The old bar must go first.
            *bar = None;
            *bar = Some((file.to_owned(), progress::Bytes::new(file, self.loudness)));
        }
        if let Some((_, bar)) = &*bar {
            bar.show(done, total);
        }
    }

    fn note(&self, text: &str) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.loudness.warn(text);
    }

    fn cancelled(&self) -> bool {
        interrupt::asked()
    }
}
