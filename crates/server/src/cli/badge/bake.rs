//! `tremen badge bake`: puts a badge into a picture.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_badges::bake::{Form, bake_png, bake_svg};
use tremen_badges::verify::to_bake;

use crate::cli::desk::{CliError, say, wrong};
use crate::cli::file::read_file;

/// Puts a badge into a picture; a badge that was in it is replaced.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen badge bake picture.png --badge badge.json --out badge.png\n\n\
    The picture is PNG or SVG; the version of the norm is told from the badge. An SVG that could do more than be looked at is\n\
    refused. The badge is not verified.")]
pub struct Bake {
    /// The picture, PNG or SVG; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The badge: JSON, or a signed token
    #[arg(long, value_name = "FILE")]
    badge: PathBuf,
    /// The picture to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError::Failed`] where the picture or the badge can't be baked; [`CliError::Wrong`] for files that can't be read.
pub(super) fn run(this: &Bake) -> Result<ExitCode, CliError> {
    let picture = read_file(&this.file)?;
    let badge = read_file(&this.badge)?;
    let no_badge = || CliError::Failed(format!("{}: no badge of version 2.0 or 3.0", this.badge.display()));
    let text = str::from_utf8(&badge).map_err(|_| no_badge())?.trim_start_matches('\u{feff}').trim();
    let (form, id) = to_bake(text).ok_or_else(no_badge)?;
    let told = |error| CliError::Failed(format!("{}: {error}", this.file.display()));
    let baked = match str::from_utf8(&picture) {
        Ok(svg) => bake_svg(svg, form, text, &id.unwrap_or_default()).map_err(told)?.into_bytes(),
        Err(_) => bake_png(&picture, form, text).map_err(told)?,
    };
    std::fs::write(&this.out, &baked).map_err(|error| wrong(format!("{}: {error}", this.out.display())))?;
    let version = match form {
        Form::V3 => "3.0",
        Form::V2 => "2.0",
    };
    let (out, bytes) = (this.out.display().to_string(), baked.len());
    if this.json {
        say(&json!({ "out": out, "version": version, "bytes": bytes }).to_string());
    } else {
        say(&format!("{out}: {bytes} bytes, with a badge of version {version} in it"));
    }
    Ok(ExitCode::SUCCESS)
}
