//! `tremen badge`: verifies any badge file of today, takes a badge out of its picture, puts one into it, and draws
//! pictures. It needs no registry.

mod bake;
mod draw;
mod folder;
mod unbake;
mod verify;

use std::process::ExitCode;

use super::desk::CliError;

/// Verifies, unbakes, bakes and draws badges.
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
    /// Draw the picture of a badge
    Draw(draw::Draw),
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
        What::Draw(it) => draw::run(it),
    }
}
