//! Plans the jobs: which picture is painted to which file. Everything is checked before any work.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use impasto::picture::Format;
use impasto::request::Manifest;

use super::inputs::{self, Input};
use super::template::{Template, Values, is_template};
use crate::cli::Stylize;
use crate::commands::stylize::destination;
use crate::failure::{Failure, Result};
use crate::files;
use crate::talk::Loudness;

/// One picture to paint.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    /// Index of its style.
    pub(super) style: usize,
    pub(super) output: PathBuf,
    pub(super) format: Format,
}

/// Returns how results are named: by the output if it is a template, else by
/// the content's name if it is a folder, else exactly as the output.
///
/// # Errors
/// Wrong usage if the template names an unknown field.
pub(super) fn template(args: &Stylize) -> Result<Template> {
    let output = &args.output;
    if is_template(output) {
        return Template::parse(output);
    }
    let names_file = !is_folder(output) && (args.paint.options.format.is_some() || Format::from_path(output).is_ok());
    let several = args.contents.len() > 1 || args.contents.iter().any(|content| inputs::is_several(content));
    // Without an extension, it may be a file or a folder. For several contents, it can only be a folder.
    let plain = names_file && !(several && output.extension().is_none());
    Ok(if plain { Template::file(output) } else { Template::folder(output, args.batch.each_style && args.styles.len() > 1) })
}

/// Returns whether a path means a folder: it ends in a separator, or
/// it is an existing folder without the extension of a format.
pub(super) fn is_folder(path: &Path) -> bool {
    let written = path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(char::from(last)));
    written || (path.is_dir() && Format::from_path(path).is_err())
}

/// Returns all jobs: every input in every style.
///
/// # Errors
/// Wrong usage if two results would be the same file, or if a result would replace one of
/// its inputs; if nothing is left to paint; and those of [`Format::from_path`].
pub(super) fn jobs(
    args: &Stylize,
    (template, styles): (&Template, &[String]),
    mut inputs: Vec<Input>,
    manifest: &Manifest,
    loudness: Loudness,
) -> Result<Vec<Job>> {
    // Otherwise, results that are in a folder of contents would be painted again in every run.
    let one = inputs.len() == 1;
    inputs.retain(|input| {
        let left_out = !(one && input.named) && manifest.owns(&input.path);
        if left_out && input.named {
            // The shell may have expanded a pattern to these names.
            let path = input.path.display();
            loudness.warn(&format!("{path}: left out, since it is an earlier result; name another --manifest to paint it"));
        }
        !left_out
    });
    let mut jobs = expand(args, (template, styles), &inputs)?;
    let by_output = distinct(&jobs)?;
    let before = inputs.len();
    let mut wrong = None;
    // An output that is a hard link to a content would also replace it.
    let numbers: HashMap<_, _> = jobs.iter().filter_map(|job| Some((files::identity(&job.output)?, job))).collect();
    if let Some((input, job)) = inputs.iter().find_map(|input| {
        let job = numbers.get(&files::identity(&input.path)?)?;
        (files::place(&job.output) != files::place(&input.path)).then_some((input, job))
    }) {
        let text =
            format!("{}: is the same file as {}; name another folder or template", job.output.display(), input.path.display());
        return Err(Failure::usage(text));
    }
    inputs.retain(|input| {
        let Some(&index) = by_output.get(&files::place(&input.path)) else { return true };
        let of = &jobs[index].input;
        if *of == input.path {
            wrong = Some(of.clone());
            return false;
        }
        loudness.warn(&format!("{}: left out, since the painting of {} goes there", input.path.display(), of.display()));
        false
    });
    if let Some(path) = wrong {
        let text = format!("{}: would be replaced by its own painting; name another folder or template", path.display());
        return Err(Failure::usage(text));
    }
    if inputs.len() < before {
        jobs = expand(args, (template, styles), &inputs)?;
        distinct(&jobs)?;
    }
    if jobs.is_empty() {
        return Err(Failure::failed(
            "there is nothing to paint except earlier results; name other pictures, or another --manifest",
        ));
    }
    Ok(jobs)
}

fn expand(args: &Stylize, (template, styles): (&Template, &[String]), inputs: &[Input]) -> Result<Vec<Job>> {
    let count = inputs.len() * styles.len();
    let mut jobs = Vec::with_capacity(count);
    for input in inputs {
        let ext = Format::result_extension(&input.path, args.paint.options.format);
        for (index, style) in styles.iter().enumerate() {
            let (content, dir, number) = (&input.path, &input.dir, jobs.len() + 1);
            let output = template.expand(&Values { content, dir, ext: &ext, style, number, count });
            let format = match args.paint.options.format {
                Some(format) => format,
                None => destination::by_extension(&output)?,
            };
            jobs.push(Job { input: input.path.clone(), style: index, output, format });
        }
    }
    Ok(jobs)
}

/// Returns the index of each job by the place of its result. Two results in one place are wrong usage.
fn distinct(jobs: &[Job]) -> Result<HashMap<PathBuf, usize>> {
    let (mut by_output, mut by_name) = (HashMap::new(), HashMap::new());
    for (i, job) in jobs.iter().enumerate() {
        let place = files::place(&job.output);
        let name = files::name(&place);
        by_output.insert(place, i);
        if let Some(first) = by_name.insert(name, i) {
            let first: &Job = &jobs[first];
            return Err(Failure::usage(format!(
                "{}: the paintings of {} and {} would both be this file; tell them apart with {{dir}}, {{name}}, {{style}} or {{number}}, for \
                 example -o 'out/{{stem}}-{{number}}.{{ext}}'",
                job.output.display(),
                first.input.display(),
                job.input.display(),
            )));
        }
    }
    Ok(by_output)
}
