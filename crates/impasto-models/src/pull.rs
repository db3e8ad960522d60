//! Brings a model into the cache.

use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::cache::{cancelled, check, clear, io, paths, role_of};
use crate::download::{self, DownloadOptions, Expected};
use crate::receipt::{Kept, Receipt};
use crate::registry::{Entry, Item, Role};
use crate::{Address, Cache, Cached, Models, Wanted, Watch, archive, hash, names};

/// How to pull a model.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PullOptions {
    /// Whether downloads are forbidden. Then only models in the cache are found.
    pub offline: bool,
    /// Whether the user has accepted licenses that forbid commercial use.
    pub accept_non_commercial: bool,
    /// How downloads behave.
    pub download: DownloadOptions,
}

impl PullOptions {
    /// Sets [`PullOptions::offline`].
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Sets [`PullOptions::accept_non_commercial`].
    #[must_use]
    pub fn accept_non_commercial(mut self, accept: bool) -> Self {
        self.accept_non_commercial = accept;
        self
    }

    /// Sets [`PullOptions::download`].
    #[must_use]
    pub fn download(mut self, download: DownloadOptions) -> Self {
        self.download = download;
        self
    }
}

impl Models {
    /// Downloads a model into the cache, unless it is there already.
    ///
    /// Files are downloaded to a folder beside the cached models, compared with the sizes and hashes in the registry,
    /// unpacked, and opened as a model. Then they are moved into the cache all at once. If no registry lists the
    /// address, opening the model shows what it is used for. After an interruption, the next call continues the
    /// download. If another process pulls the same model, this one waits for it.
    ///
    /// # Errors
    /// One line that names the model. [`ErrorKind::Unsupported`] if it is not in the cache and `offline` is
    /// set, or if its license forbids commercial use and nobody has accepted that; otherwise as
    /// [`download::file`] and [`impasto::Model::open`].
    pub fn pull(&self, wanted: &Wanted, options: &PullOptions, watch: &dyn Watch) -> Result<Cached> {
        let (entry, cache) = (&wanted.entry, self.cache()?);
        if let Some(cached) = self.cached(entry) {
            return Ok(cached);
        }
        let refused = |text: &str| Err(Error::new(ErrorKind::Unsupported, format!("{}: {text}", entry.name)));
        if options.offline {
            return refused("is not in the cache, and downloads are turned off (offline)");
        }
        if entry.non_commercial && !options.accept_non_commercial {
            return refused(&format!("its terms forbid commercial use ({}); accept them to download it", entry.licence));
        }
        let _lock = cache.lock(&entry.name, watch)?;
        // Another process may have pulled it in the meantime.
        if let Some(cached) = self.cached(entry) {
            return Ok(cached);
        }
        let pull = Pull { entry, listed: wanted.listed, cache, options, watch };
        pull.run().map_err(|e| if e.kind() == ErrorKind::Cancelled { e } else { e.context(&entry.name) })
    }
}

struct Pull<'a> {
    entry: &'a Entry,
    /// Whether a registry lists the entry.
    listed: bool,
    cache: &'a Cache,
    options: &'a PullOptions,
    watch: &'a dyn Watch,
}

/// The parts of a model that have arrived.
struct Arrived {
    files: PathBuf,
    addresses: Vec<String>,
    /// Paths whose SHA-256 the registry vouches for, because it knows that of the
    /// file or of the archive that contained it.
    known: Vec<PathBuf>,
}

impl Pull<'_> {
    fn run(&self) -> Result<Cached> {
        let work = self.cache.partial(&self.entry.name);
        let downloads = work.join("downloads");
        std::fs::create_dir_all(&downloads).map_err(|e| io(&downloads, e))?;
        let mut arrived = Arrived { files: work.join("files"), addresses: Vec::new(), known: Vec::new() };
        clear(&arrived.files)?;
        std::fs::create_dir_all(&arrived.files).map_err(|e| io(&arrived.files, e))?;
        // Download everything first, so that complete files are kept if a later download breaks off.
        let mut items = Vec::new();
        for (i, item) in self.entry.files.iter().enumerate() {
            let path = downloads.join(format!("{i}-{}", names::plain(&item.name)));
            arrived.addresses.push(self.download(item, &path)?);
            items.push((item, path));
        }
        for (i, (item, path)) in items.iter().enumerate() {
            self.take(item, path, &mut arrived).map_err(|e| match e.kind() {
                ErrorKind::Cancelled => e,
                _ => e.context(&arrived.addresses[i]),
            })?;
        }
        let mut receipt = self.receipt(&arrived).inspect_err(|_| self.forget(&work))?;
        receipt.role = self.check(&arrived).inspect_err(|_| self.forget(&work))?;
        self.cache.place(receipt, &arrived.files)
    }

    /// Downloads a file from the first mirror that has it, unless it is there
    /// already. Returns the address that it came from.
    fn download(&self, item: &Item, path: &Path) -> Result<String> {
        let noted = path.with_extension("from");
        if let (true, Ok(from)) = (path.is_file(), std::fs::read_to_string(&noted)) {
            return Ok(from);
        }
        let expected = Expected::new(item.bytes, item.sha256.clone());
        let mut first = None;
        for (i, mirror) in item.mirrors.iter().enumerate() {
            let address = Address::parse(mirror)?;
            match download::file(&address, path, &expected, &self.options.download, self.watch) {
                Ok(()) => {
                    std::fs::write(&noted, mirror).map_err(|e| io(&noted, e))?;
                    return Ok(mirror.clone());
                }
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => {
                    if i + 1 < item.mirrors.len() {
                        self.watch.note(&format!("{error}; trying {}", item.mirrors[i + 1]));
                    }
                    first.get_or_insert(error);
                }
            }
        }
        let more = item.mirrors.len().saturating_sub(1);
        let error = first.unwrap_or_else(|| Error::new(ErrorKind::Io, "has no mirrors"));
        Err(if more == 0 { error } else { error.context(format!("none of its {} addresses work; the first", more + 1)) })
    }

    /// Moves a downloaded file into the model, or unpacks it there.
    fn take(&self, item: &Item, path: &Path, arrived: &mut Arrived) -> Result<()> {
        let Some(packing) = item.unpack else {
            let inside =
                names::inside(&item.name).ok_or_else(|| Error::new(ErrorKind::Malformed, "a file leaves the model's folder"))?;
            let place = arrived.files.join(&inside);
            let parent = place.parent().unwrap_or(&arrived.files);
            std::fs::create_dir_all(parent).map_err(|e| io(parent, e))?;
            // Use a link, so that the download stays if a later step fails.
            if std::fs::hard_link(path, &place).is_err() {
                std::fs::copy(path, &place).map_err(|e| io(&place, e))?;
            }
            if item.sha256.is_some() {
                arrived.known.push(inside);
            }
            return Ok(());
        };
        let before = files_in(&arrived.files)?;
        let limits = archive::Limits::default();
        archive::unpack(path, packing, &arrived.files, &item.only, limits, self.watch).map_err(|e| {
            if e.kind() == ErrorKind::Cancelled {
                return e;
            }
            let error = if is_page(path) { page() } else { e };
            // Otherwise the next call would find the complete but broken file again.
            let _ = clear(path);
            error
        })?;
        if item.sha256.is_some() {
            arrived.known.extend(files_in(&arrived.files)?.into_iter().filter(|file| !before.contains(file)));
        }
        Ok(())
    }

    /// Hashes all files and compares them with the registry.
    fn receipt(&self, arrived: &Arrived) -> Result<Receipt> {
        let entry = self.entry;
        let mut files = Vec::new();
        for inside in files_in(&arrived.files)? {
            if self.watch.cancelled() {
                return Err(cancelled());
            }
            let path = arrived.files.join(&inside);
            let bytes = std::fs::metadata(&path).map_err(|e| io(&path, e))?.len();
            let sha256 = hash::of_file(&path).map_err(|e| io(&path, e))?;
            let expected = entry.contains.iter().find(|known| names::inside(&known.path).as_ref() == Some(&inside));
            if let Some(expected) = expected.filter(|expected| expected.sha256 != sha256) {
                let text = format!(
                    "{}: is not the expected file: its SHA-256 is {sha256} instead of {}",
                    expected.path, expected.sha256
                );
                return Err(Error::new(ErrorKind::Malformed, text));
            }
            let known = expected.is_some() || arrived.known.contains(&inside);
            let path = inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            files.push(Kept { path, bytes, sha256, known });
        }
        if let Some(absent) = entry.contains.iter().find(|known| files.iter().all(|file| file.path != known.path)) {
            return Err(Error::new(ErrorKind::Malformed, format!("the download lacks {}", absent.path)));
        }
        Ok(Receipt {
            version: 1,
            name: entry.name.clone(),
            title: entry.title.clone(),
            role: entry.role,
            addresses: arrived.addresses.clone(),
            licence: entry.licence.clone(),
            non_commercial: entry.non_commercial,
            source: entry.source.clone(),
            checksums: entry.checksums.clone(),
            files,
            open: entry.open.clone(),
        })
    }

    /// Opens the model, which verifies the checksums of its format, and returns what it is used for.
    fn check(&self, arrived: &Arrived) -> Result<Role> {
        let paths = paths(&arrived.files, &self.entry.open);
        let role = if self.listed { check(self.entry.role, &paths).map(|()| self.entry.role) } else { role_of(&paths) };
        role.map_err(|e| {
            // Errors name a path that will not exist for long.
            let folder = arrived.files.display().to_string();
            let text =
                e.to_string().replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "").replace(&folder, "the download");
            Error::new(e.kind(), format!("the downloaded files are not usable: {text}"))
        })
    }

    /// Removes downloads that turned out to be wrong, so that the next call starts over.
    fn forget(&self, work: &Path) {
        if !self.watch.cancelled() {
            // If this fails, too, the next call finds the same error.
            let _ = clear(work);
        }
    }
}

/// Paths of all files in a folder and its subfolders, relative to it and sorted.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(|e| io(&next, e))? {
            let path = entry.map_err(|e| io(&next, e))?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap_or(&path).to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a web page.
fn is_page(path: &Path) -> bool {
    let mut head = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, 512), &mut head));
    let text = String::from_utf8_lossy(&head).trim_start().to_ascii_lowercase();
    read.is_ok() && (text.starts_with("<!doctype html") || text.starts_with("<html"))
}

fn page() -> Error {
    Error::new(ErrorKind::Malformed, "is a web page, not a model; give the address of the file itself")
}
