//! `tremen badge unbake`: writes what a picture holds.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_badges::bake::{Form, unbake};

use crate::cli::desk::{CliError, say};
use crate::cli::file::read_file;

/// Takes a badge out of its picture.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen badge unbake badge.png > badge.json\n\n\
    The text is written as it stands in the picture: JSON, a signed token, or an address. It is not verified.")]
pub struct Unbake {
    /// The picture, PNG or SVG; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the version and the text as JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError::Failed`] where the picture is broken or holds no badge.
pub(super) fn run(this: &Unbake) -> Result<ExitCode, CliError> {
    let picture = read_file(&this.file)?;
    let baked = unbake(&picture).map_err(|error| CliError::Failed(format!("{}: {error}", this.file.display())))?;
    if this.json {
        let version = match baked.form {
            Form::V3 => "3.0",
            Form::V2 => "2.0",
        };
        say(&json!({ "version": version, "text": baked.text }).to_string());
    } else {
        say(&baked.text);
    }
    Ok(ExitCode::SUCCESS)
}
