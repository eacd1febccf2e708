//! `tremen badge`: verifies any badge file of today, takes a badge out of its picture, and puts one into it. It needs no
//! registry.

mod bake;
mod folder;
mod unbake;
mod verify;

use std::process::ExitCode;

use super::desk::CliError;

/// Verifies, unbakes and bakes badges.
#[derive(Debug, Clone, clap::Args)]
pub struct Badge {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Check a badge: a PNG or SVG picture, JSON, a signed token, or the address of one
    Verify(verify::Verify),
    /// Write what a picture holds
    Unbake(unbake::Unbake),
    /// Put a badge into a picture
    Bake(bake::Bake),
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Badge) -> Result<ExitCode, CliError> {
    match &this.what {
        What::Verify(it) => verify::run(it).await,
        What::Unbake(it) => unbake::run(it),
        What::Bake(it) => bake::run(it),
    }
}
