//! `tremen badge draw`: draws the picture of a badge.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_badges::art::{BadgeArt, Colour};
use tremen_rules::Level;
use tremen_rules::network::Hazard;

use crate::cli::desk::{CliError, say, wrong};

/// Draws the picture of a badge: the hazard by shape and bars, the level, the venue's colour, a short code.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen badge draw --hazard red --level 2 --code LASER --out laser.png\n\n\
    The end of the file's name tells the form: .png or .svg.")]
pub struct Draw {
    /// The hazard class: red, amber, green
    #[arg(long)]
    hazard: String,
    /// The level, 1 to 3; absent: the picture of the class as a whole
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    level: Option<u8>,
    /// The venue's colour
    #[arg(long, value_name = "#RRGGBB", default_value = "#0e5a63")]
    colour: String,
    /// A short code of the reference
    #[arg(long, value_name = "TEXT")]
    code: Option<String>,
    /// How wide a PNG is, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 512)]
    size: u32,
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
/// [`CliError::Wrong`] for arguments that make no picture and a file that can't be written.
pub(super) fn run(this: &Draw) -> Result<ExitCode, CliError> {
    let hazard = match this.hazard.as_str() {
        "red" => Hazard::Red,
        "amber" => Hazard::Amber,
        "green" => Hazard::Green,
        other => return Err(wrong(format!("--hazard: `{other}` is none of red, amber, green"))),
    };
    let level = this.level.map(|level| match level {
        1 => Level::Discovery,
        2 => Level::Autonomous,
        _ => Level::Trainer,
    });
    let told = |error| wrong(format!("{error}"));
    let colour = Colour::parse(&this.colour).map_err(told)?;
    let drawing = BadgeArt { hazard, level, colour, code: this.code.clone() }.drawing().map_err(told)?;
    let bytes = match this.out.extension().and_then(|end| end.to_str()) {
        Some("png") => drawing.png(this.size).map_err(told)?,
        Some("svg") => drawing.svg().into_bytes(),
        _ => return Err(wrong(format!("--out: {} ends in neither .png nor .svg", this.out.display()))),
    };
    std::fs::write(&this.out, &bytes).map_err(|error| wrong(format!("{}: {error}", this.out.display())))?;
    let (out, bytes) = (this.out.display().to_string(), bytes.len());
    if this.json {
        say(&json!({ "out": out, "bytes": bytes }).to_string());
    } else {
        say(&format!("{out}: {bytes} bytes"));
    }
    Ok(ExitCode::SUCCESS)
}
